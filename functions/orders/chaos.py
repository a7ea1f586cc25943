"""The faults of the chaos revision, drawn so that a seed and an order id repeat them. Inert unless asked for."""

import asyncio
import hashlib
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

import structlog

_FORM: Final = re.compile(r"(?P<name>[a-z_]+):(?P<rate>[0-9]*\.?[0-9]+)(:(?P<detail>[a-z0-9]+))?")
_MILLISECONDS: Final = re.compile(r"([0-9]{1,6})ms")

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class ChaosError(ValueError):
    """`CHAOS_FAULTS` can't be read; the message names what is wrong in it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A misbehaviour that hits a share `rate` (0 to 1) of the tries. `mean_ms` is the mean delay of `latency`."""

    name: Literal["error", "latency"]
    rate: float
    mean_ms: int = 0


class Chaos:
    """Injects faults before the work of a request."""

    def __init__(
        self, faults: tuple[Fault, ...], seed: str, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._faults = faults
        self._seed = seed
        self._sleep = sleep

    async def disturb(self, order_id: str, attempt: int) -> bool:
        """Delay this try as the draws for it say; True when it must fail without any work."""
        for fault in self._faults:
            if self._draw(order_id, fault.name, attempt) >= fault.rate:
                continue
            log.warning("fault.injected", fault=fault.name, order_id=order_id, attempt=attempt)
            if fault.name == "error":
                return True
            await self._sleep(self._delay(fault, order_id, attempt))
        return False

    def _delay(self, fault: Fault, order_id: str, attempt: int) -> float:
        """Seconds, exponentially distributed with the fault's mean."""
        return -math.log(1 - self._draw(order_id, "latency delay", attempt)) * fault.mean_ms / 1000

    def _draw(self, *what: object) -> float:
        """A number from 0 up to 1 that depends on the seed and on `what` alone."""
        text = "\n".join(str(part) for part in (self._seed, *what))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48


def parse(text: str) -> tuple[Fault, ...]:
    """The faults in a value of `CHAOS_FAULTS`, such as `error:0.3,latency:0.2:400ms`. Raises ChaosError."""
    return tuple(_parse_fault(part.strip()) for part in text.split(","))


def _parse_fault(text: str) -> Fault:
    form = _FORM.fullmatch(text)
    if form is None:
        raise ChaosError(f"{text!r} is not of the form name:rate or name:rate:detail")
    name, rate, detail = form["name"], float(form["rate"]), form["detail"]
    if rate > 1:
        raise ChaosError(f"{text!r}: the rate must be from 0 to 1")
    if name == "error" and detail is None:
        return Fault("error", rate)
    if name == "latency" and (milliseconds := _MILLISECONDS.fullmatch(detail or "")):
        return Fault("latency", rate, int(milliseconds[1]))
    raise ChaosError(f"{text!r}: this version has the faults error:RATE and latency:RATE:MEANms")
