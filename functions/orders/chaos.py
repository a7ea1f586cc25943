"""The faults of the chaos revision, drawn so that a seed and an order id repeat them. Inert unless asked for."""

import asyncio
import hashlib
import math
import os
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog
from starlette.types import Receive

from functions.orders.contract import Event
from functions.orders.faults import Fault

_EXIT_STATUS: Final = 70  # any but 3 and 4, by which gunicorn's workers say that starting another is of no use

T = TypeVar("T")

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Chaos:
    """Injects faults before, around and after the work of a request. `end_process` must not return."""

    def __init__(
        self,
        faults: tuple[Fault, ...],
        seed: str,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        end_process: Callable[[int], Any] = os._exit,
    ) -> None:
        self._faults = {fault.kind: fault for fault in faults}
        self._seed = seed
        self._sleep = sleep
        self._end_process = end_process

    async def disturb(
        self,
        event: Event,
        order_id: str,
        time_left_s: float,
        work: Callable[[float], Awaitable[T]],
        receive: Receive,
        failed: T,
    ) -> T | None:
        """What `work` answers, disturbed as the draws for this try say: `failed`, or None when nothing is to be sent.

        `work` is told how many seconds it was kept waiting of the `time_left_s` that the caller waits.
        """

        def hits(kind: str) -> bool:
            return self._hits(kind, event, order_id)

        waited_s = min(self._delay_s(event), time_left_s) if hits("latency") else 0.0
        if waited_s:
            await self._sleep(waited_s)
        if hits("error"):
            return failed
        if hits("crash:before"):
            self._crash()
        if hits("hang:never"):
            await _caller_is_gone(receive)
            return None
        if hits("hang:late"):
            await _caller_is_gone(receive)
            waited_s = 0.0  # the work is to be done: it knows nothing of the wait
        answers = await asyncio.gather(*(work(waited_s) for _ in range(2 if hits("duplicate") else 1)))
        if hits("crash:after"):
            self._crash()
        if hits("drop_reply"):
            await _drop_connection(receive)
            return None
        return answers[-1]

    def _hits(self, kind: str, event: Event, order_id: str) -> bool:
        """Whether the fault hits this try; then it is in the log.

        Drawn with the event's id: for a purchase that is the order id, while a lookup has an id of its own, so
        that a page which asks again and again is not hit for good.
        """
        fault, attempt = self._faults.get(kind), event.attempt or 1
        if fault is None or self._draw(event.id, kind, attempt) >= fault.rate:
            return False
        log.warning(
            "fault.injected",
            fault=fault.name,
            detail=fault.detail or None,
            type=event.type,
            order_id=order_id,
            attempt=attempt,
            traceparent=event.traceparent,
        )
        return True

    def _delay_s(self, event: Event) -> float:
        """Seconds, exponentially distributed with the mean of `latency`."""
        mean_ms = int(self._faults["latency"].detail.removesuffix("ms"))
        return -math.log(1 - self._draw(event.id, "latency delay", event.attempt or 1)) * mean_ms / 1000

    def _draw(self, *what: object) -> float:
        """A number from 0 up to 1 that depends on the seed and on `what` alone."""
        text = "\n".join(str(part) for part in (self._seed, *what))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48

    def _crash(self) -> None:
        """End this process with all that it has in hand; a warning flushes the log, so the fault's line is in it."""
        self._end_process(_EXIT_STATUS)


async def _caller_is_gone(receive: Receive) -> None:
    """Return once the caller has closed the connection; the body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drop_connection(receive: Receive) -> None:
    """Close the connection without a word, and return once it is closed.

    ASGI has no way to say this: an application that sends nothing makes a 500, one that stops in the middle makes
    a truncated 200. So it takes the transport of the server's own object behind `receive`.
    """
    cycle: Any = receive.__self__  # type: ignore[attr-defined]
    cycle.transport.abort()
    await _caller_is_gone(receive)
