"""The faults of the chaos revision: bounded by their rates, repeatable by their seed, absent elsewhere."""

import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from starlette.types import Message
from structlog.testing import capture_logs

from functions.orders import contract
from functions.orders.chaos import Chaos
from functions.orders.contract import PLACE, Order
from functions.orders.faults import parse
from tests.functions.conftest import MAIN, StartFunction
from tests.functions.local_invoker import LocalInvoker, make_order, make_show

OF_CHAOS = {"functions.orders.chaos", "functions.orders.faults"}
IDS = [str(uuid.UUID(int=n)) for n in range(2000)]


class Ended(BaseException):
    """The process would be gone now."""


def end_process(_status: int) -> None:
    raise Ended


async def receive_the_end() -> Message:
    return {"type": "http.disconnect"}


@dataclass
class Tries:
    """Disturbs tries of an order with the faults that are given; what was slept, and how long each work had waited."""

    faults: str
    seed: str = "seed"
    slept: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    async def one(self, order_id: str, attempt: int = 1, time_left_s: float = 1e9) -> str | None:
        chaos = Chaos(parse(self.faults), self.seed, self._sleep, end_process)
        now = datetime(2026, 1, 1, tzinfo=UTC)
        event = contract.Event(order_id, PLACE, "/tests", now, b"{}", attempt=attempt)
        with capture_logs():
            return await chaos.disturb(event, order_id, time_left_s, self._work, receive_the_end, failed="failed")

    async def all(self, order_ids: Sequence[str] = IDS, attempt: int = 1) -> list[str | None]:
        return [await self.one(order_id, attempt) for order_id in order_ids]

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def _work(self, waited_s: float) -> str:
        self.worked.append(waited_s)
        return "done"


async def test_the_share_of_errors_is_the_rate() -> None:
    outcomes = await Tries("error:0.3").all()
    assert 0.26 < outcomes.count("failed") / len(IDS) < 0.34


async def test_the_draws_repeat_with_the_seed_and_differ_by_try() -> None:
    first = await Tries("error:0.5").all()
    assert await Tries("error:0.5").all() == first
    assert await Tries("error:0.5").all(attempt=2) != first
    assert await Tries("error:0.5", seed="other seed").all() != first


async def test_faults_hit_independently_of_each_other() -> None:
    """Also the two ways of one fault: of the tries that hang for good, half would have hung late."""
    tries = Tries("hang:0.5:never,hang:0.5:late")
    answered = [answer for answer in await tries.all() if answer is not None]
    assert 0.45 < len(answered) / len(IDS) < 0.55
    with capture_logs() as lines:
        chaos = Chaos(parse("error:0.5,drop_reply:0.5"), "seed")
        events = [contract.Event(i, PLACE, "/tests", datetime.now(UTC), b"{}", attempt=1) for i in IDS]
        dropped = [event.id for event in events if chaos._hits("drop_reply", event, event.id)]
        failed = [event.id for event in events if chaos._hits("error", event, event.id)]
    assert 0.2 < len(set(dropped) & set(failed)) / len(IDS) < 0.3
    assert len(lines) == len(dropped) + len(failed)


async def test_the_mean_of_the_delays_is_the_one_asked_for() -> None:
    tries = Tries("latency:1:400ms")
    assert set(await tries.all()) == {"done"}
    assert 0.36 < sum(tries.slept) / len(IDS) < 0.44
    assert tries.worked == tries.slept, "the time of the delay is the caller's, and is not to be had twice"


async def test_no_delay_is_longer_than_the_time_left() -> None:
    tries = Tries("latency:1:999999ms")
    await tries.one(IDS[0], time_left_s=2.0)
    assert tries.slept == [2.0]


async def test_a_duplicate_is_handled_twice_and_answered_once() -> None:
    tries = Tries("duplicate:1")
    assert await tries.one(IDS[0]) == "done"
    assert len(tries.worked) == 2


@pytest.mark.parametrize(("when", "worked"), [("before", 0), ("after", 1)])
async def test_a_crash_comes_before_the_work_or_after_it(when: str, worked: int) -> None:
    tries = Tries(f"crash:1:{when}")
    with pytest.raises(Ended):
        await tries.one(IDS[0])
    assert len(tries.worked) == worked


@pytest.mark.parametrize(("how", "answer", "worked"), [("never", None, 0), ("late", "done", 1)])
async def test_a_hang_lasts_until_the_caller_is_gone(how: str, answer: str | None, worked: int) -> None:
    tries = Tries(f"hang:1:{how}")
    assert await tries.one(IDS[0]) == answer
    assert len(tries.worked) == worked


async def test_work_that_comes_late_knows_nothing_of_the_wait() -> None:
    tries = Tries("latency:1:400ms,hang:1:late")
    await tries.one(IDS[0])
    assert tries.worked == [0.0]


async def test_each_fault_that_hits_is_a_line_in_the_log() -> None:
    chaos = Chaos(parse("duplicate:1,hang:1:late,error:0"), "seed")
    event = contract.Event(IDS[1], PLACE, "/tests", datetime.now(UTC), b"{}", attempt=2, traceparent="00-trace")

    async def work(_waited_s: float) -> str:
        return "done"

    with capture_logs() as lines:
        await chaos.disturb(event, IDS[1], 2.0, work, receive_the_end, failed="failed")
    which = {"event": "fault.injected", "type": PLACE, "order_id": IDS[1], "attempt": 2, "traceparent": "00-trace"}
    assert lines == [
        {**which, "log_level": "warning", "fault": "hang", "detail": "late"},
        {**which, "log_level": "warning", "fault": "duplicate", "detail": None},
    ]


async def test_an_injected_error_does_no_work(start_function: StartFunction) -> None:
    stable, chaos = await start_function(), await start_function(CHAOS_FAULTS="error:1", K_REVISION="orders-chaos-1")
    await stable.send(contract.PUBLISH, make_show())
    order_id = str(uuid.uuid4())
    assert (await chaos.send(PLACE, make_order(), id=order_id)).problem["status"] == 500
    found = await stable.send(contract.LOOKUP, contract.OrderRef(order_id))
    assert found.event.type == contract.UNKNOWN


async def test_a_duplicate_is_one_order(start_function: StartFunction) -> None:
    chaos = await start_function(CHAOS_FAULTS="duplicate:1")
    await chaos.send(contract.PUBLISH, make_show())
    assert len((await chaos.send(PLACE, make_order())).data(Order).tickets) == 2
    assert await chaos.left() == {"seat": 3, "standing": 3}


async def test_health_is_never_hit(start_function: StartFunction) -> None:
    chaos = await start_function(CHAOS_FAULTS="error:1")
    for path in ("/healthz", "/readyz"):
        assert (await chaos.post({}, b"", method="GET", path=path)).status == 200


async def test_a_delay_longer_than_the_time_left_is_no_answer_and_no_work(start_function: StartFunction) -> None:
    chaos = await start_function(CHAOS_FAULTS="latency:1:999999ms")
    stable = await start_function()
    await stable.send(contract.PUBLISH, make_show())
    assert (await chaos.send(PLACE, make_order(), time_left_ms=50)).problem["status"] == 503
    assert await stable.left() == {"seat": 5, "standing": 3}


async def test_a_short_delay_changes_nothing_else(start_function: StartFunction) -> None:
    chaos = await start_function(CHAOS_FAULTS="latency:1:1ms")
    await chaos.send(contract.PUBLISH, make_show())
    assert (await chaos.send(PLACE, make_order())).data(Order).status == "confirmed"


def start(**environ: str) -> subprocess.CompletedProcess[str]:
    command = f"import runpy, sys; runpy.run_path({str(MAIN)!r}); print(sorted({OF_CHAOS!r} & sys.modules.keys()))"
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
    assert start().stdout == "[]\n"
    assert start(CHAOS_FAULTS="error:0.1").stdout == f"{sorted(OF_CHAOS)}\n"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"CHAOS_FAULTS": "error:2"}, "the order function can't start: CHAOS_FAULTS: 'error:2': the rate must be"),
        ({"CHAOS_FAULTS": "hang:1"}, "the order function can't start: CHAOS_FAULTS: 'hang:1': must be hang:RATE:never"),
        ({"SIGNING_SECRETS": ""}, "the order function can't start: SIGNING_SECRETS: is not set"),
        (
            {"CHAOS_FAULTS": "error:0.1", "K_REVISION": "orders-stable-1"},
            "the order function can't start: CHAOS_FAULTS: must not be set in the revision orders-stable-1",
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
