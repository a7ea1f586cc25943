"""The faults of the chaos revision: bounded by their rates, repeatable by their seed, absent elsewhere."""

import re
import subprocess
import sys
import uuid

import pytest

from functions.orders import contract
from functions.orders.chaos import Chaos, ChaosError, Fault, parse
from functions.orders.contract import PLACE, Order
from tests.functions.conftest import MAIN, StartFunction
from tests.functions.local_invoker import LocalInvoker, make_order, make_show

IDS = [str(uuid.UUID(int=n)) for n in range(2000)]


async def no_sleep(_: float) -> None:
    raise AssertionError


def test_the_grammar_is_read() -> None:
    assert parse("error:0.3, latency:.2:400ms") == (Fault("error", 0.3), Fault("latency", 0.2, 400))


@pytest.mark.parametrize(
    "text",
    [
        "error",
        "error:",
        "error:1.1",
        "error:-1",
        "error:0.1:400ms",
        "latency:0.1",
        "latency:0.1:4s",
        "noise:1",
        ",",
        "e:1",
    ],
)
def test_what_is_not_of_the_grammar_is_named(text: str) -> None:
    with pytest.raises(ChaosError, match=re.escape(repr(text.split(",", maxsplit=1)[0]))):
        parse(text)


async def test_the_share_of_errors_is_the_rate() -> None:
    chaos = Chaos(parse("error:0.3"), "seed", no_sleep)
    hit = sum([await chaos.disturb(order_id, 1) for order_id in IDS])
    assert 0.26 < hit / len(IDS) < 0.34


async def test_the_draws_repeat_with_the_seed_and_differ_by_try() -> None:
    chaos, again = (Chaos(parse("error:0.5"), "seed", no_sleep) for _ in range(2))
    first = [await chaos.disturb(order_id, 1) for order_id in IDS]
    assert [await again.disturb(order_id, 1) for order_id in IDS] == first
    assert [await chaos.disturb(order_id, 2) for order_id in IDS] != first
    other = Chaos(parse("error:0.5"), "other seed", no_sleep)
    assert [await other.disturb(order_id, 1) for order_id in IDS] != first


async def test_the_mean_of_the_delays_is_the_one_asked_for() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    chaos = Chaos(parse("latency:1:400ms"), "seed", sleep)
    assert not any([await chaos.disturb(order_id, 1) for order_id in IDS])
    assert 0.36 < sum(slept) / len(IDS) < 0.44


async def test_an_injected_error_does_no_work(start_function: StartFunction) -> None:
    stable, chaos = await start_function(), await start_function(CHAOS_FAULTS="error:1", K_REVISION="orders-chaos-1")
    await stable.send(contract.PUBLISH, make_show())
    order_id = str(uuid.uuid4())
    assert (await chaos.send(PLACE, make_order(), id=order_id)).problem["status"] == 500
    found = await stable.send(contract.LOOKUP, contract.OrderRef(order_id))
    assert found.event.type == contract.UNKNOWN


async def test_health_is_never_hit(start_function: StartFunction) -> None:
    chaos = await start_function(CHAOS_FAULTS="error:1")
    for path in ("/healthz", "/readyz"):
        assert (await chaos.post({}, b"", method="GET", path=path)).status == 200


async def test_a_delay_longer_than_the_time_left_is_no_answer_and_no_work(start_function: StartFunction) -> None:
    chaos = await start_function(CHAOS_FAULTS="latency:1:999999ms")
    order_id = str(uuid.uuid4())
    assert (await chaos.send(PLACE, make_order(), id=order_id, time_left_ms=50)).problem["status"] == 503


async def test_a_short_delay_changes_nothing_else(start_function: StartFunction) -> None:
    chaos = await start_function(CHAOS_FAULTS="latency:1:1ms")
    await chaos.send(contract.PUBLISH, make_show())
    assert (await chaos.send(PLACE, make_order())).data(Order).status == "confirmed"


def start(**environ: str) -> subprocess.CompletedProcess[str]:
    command = f"import runpy, sys; runpy.run_path({str(MAIN)!r}); print('functions.orders.chaos' in sys.modules)"
    settings = {"ORDERS_DATABASE_URL": "postgresql://nowhere", "SIGNING_SECRETS": "s" * 32, **environ}
    root = str(MAIN.parents[2])
    return subprocess.run(
        [sys.executable, "-c", command],
        env={"PYTHONPATH": root, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_revision_without_faults_does_not_load_them() -> None:
    assert start().stdout == "False\n"
    assert start(CHAOS_FAULTS="error:0.1").stdout == "True\n"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"CHAOS_FAULTS": "error:2"}, "the order function can't start: CHAOS_FAULTS: 'error:2': the rate must be"),
        ({"SIGNING_SECRETS": ""}, "the order function can't start: SIGNING_SECRETS: is not set"),
        (
            {"CHAOS_FAULTS": "error:0.1", "K_REVISION": "orders-stable-1"},
            "the order function can't start: CHAOS_FAULTS: ",
        ),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line(environ: dict[str, str], line: str) -> None:
    started = start(**environ)
    assert started.returncode == 1
    assert started.stderr.startswith(line)
    assert len(started.stderr.splitlines()) == 1


async def test_the_function_fixture_has_no_faults(function: LocalInvoker) -> None:
    assert (await function.send(contract.LIST)).status == 200
