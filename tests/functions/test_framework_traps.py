"""What functions-framework and cloudevents do that one would not expect, and that this code stays clear of.

Each trap is shown to be there, so that a release which closes it is noticed, and then shown to be avoided.
"""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from cloudevents.conversion import to_binary
from cloudevents.http import CloudEvent, from_http
from functions_framework.aio import create_asgi_app

from functions.orders import contract
from functions.orders.service import Service
from tests.functions.conftest import MAIN, StartFunctionOn, free_port
from tests.functions.local_invoker import LocalInvoker
from tests.functions.process import ROOT, answers, environment, procfile_command, running_function
from tests.scripts.waiting import is_alive, wait_until

EVENT = contract.Event(
    id="11111111-1111-4111-8111-111111111111",
    type=contract.LIST,
    source="/tests",
    time=datetime(2026, 1, 1, tzinfo=UTC),
    data=b"{}",
)


async def test_the_cloudevent_signature_throws_the_reply_away_so_the_http_one_is_used(tmp_path: Path) -> None:
    source = tmp_path / "main.py"
    source.write_text("async def orders(event):\n    return 'a reply'\n")
    app = create_asgi_app("orders", str(source), "cloudevent")  # type: ignore[no-untyped-call]
    assert (await LocalInvoker(app).post(*contract.encode_event(EVENT))).body == b"OK"
    assert "--signature-type=http" in procfile_command("orders")


async def test_from_http_raises_on_what_is_no_event_and_the_function_answers_400(lonely_function: LocalInvoker) -> None:
    with pytest.raises(Exception, match="specversion"):
        from_http({}, b"{}")
    assert (await lonely_function.post({}, b"{}")).problem["status"] == 400


def test_from_http_passes_malformed_json_on_and_the_contract_refuses_it() -> None:
    headers, _ = contract.encode_event(msgspec.structs.replace(EVENT, type=contract.LOOKUP))
    broken = b'{"order_id": '
    assert from_http(headers, broken).get_data() == broken
    with pytest.raises(contract.NotAnEvent, match="data is not JSON"):
        contract.decode_command(contract.decode_event(headers, broken))


def test_to_binary_gives_a_python_object_or_no_content_type_so_bytes_and_type_are_always_set() -> None:
    headers, body = to_binary(CloudEvent({"type": "t", "source": "s"}, {"at": EVENT.time}))
    assert type(body) is not bytes, "what json can't encode comes back as it was, in place of the body's bytes"
    assert "content-type" not in headers
    assert contract.encode_event(EVENT)[0]["content-type"] == "application/json"
    assert contract.encode_event(EVENT)[1] == EVENT.data


def test_the_console_script_does_not_find_the_package_so_the_procfile_runs_the_module() -> None:
    script = str(Path(sys.executable).with_name("functions-framework"))
    arguments = procfile_command("orders")[3:]
    failed = subprocess.run(
        [script, *arguments],
        cwd=ROOT,
        env=environment(free_port(), nowhere()),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert failed.returncode != 0
    assert "No module named 'functions'" in failed.stderr
    port = free_port()
    with running_function(port, nowhere()):
        wait_until(lambda: answers(port))


def test_the_file_is_loaded_as_main_so_it_keeps_no_state_of_its_own(lonely_function: LocalInvoker) -> None:
    assert "functions.orders.main" not in sys.modules
    loaded = sys.modules["main"]
    assert Path(loaded.__file__ or "") == MAIN
    assert {name for name, value in vars(loaded).items() if isinstance(value, Service)} == set()
    assert isinstance(lonely_function.app.state.service, Service)  # type: ignore[attr-defined]


async def test_from_the_second_request_on_the_function_answers_without_the_frameworks_routing(
    start_function_on: StartFunctionOn,
) -> None:
    invoker = await start_function_on(nowhere())  # the first request is its
    framework: Any = invoker.app
    assert framework.middleware_stack is framework.state.service
    direct = await invoker.post({}, b"{}")
    framework.middleware_stack = framework.build_middleware_stack()
    routed = await invoker.post({}, b"{}")
    assert (direct.status, direct.headers, direct.body) == (routed.status, routed.headers, routed.body)
    assert direct.status == 400


def test_killing_the_master_leaves_its_worker_so_the_whole_group_is_cleared() -> None:
    port = free_port()
    with running_function(port, nowhere()) as master:
        wait_until(lambda: answers(port))
        (worker,) = psutil.Process(master.pid).children()
        os.kill(master.pid, signal.SIGKILL)
        master.wait(10)
        assert worker.is_running()
        assert answers(port)
        os.killpg(master.pid, signal.SIGKILL)
        wait_until(lambda: not answers(port))
        wait_until(lambda: not is_alive(worker.pid))


def nowhere() -> str:
    """A database that is away: none is needed to start."""
    return f"postgresql://127.0.0.1:{free_port()}/orders"
