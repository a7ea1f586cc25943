"""The grammar of `CHAOS_FAULTS`: which faults there are, and what may be asked of each. Python's own library alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_FORM: Final = re.compile(r"(?P<name>[a-z_]+):(?P<rate>[0-9]*\.?[0-9]+)(:(?P<detail>[a-z0-9]+))?")
_DETAILS: Final[Mapping[str, tuple[str, re.Pattern[str]]]] = {
    "error": ("error:RATE", re.compile("")),
    "latency": ("latency:RATE:MEANms", re.compile(r"[0-9]{1,6}ms")),
    "hang": ("hang:RATE:never or hang:RATE:late", re.compile("never|late")),
    "drop_reply": ("drop_reply:RATE", re.compile("")),
    "duplicate": ("duplicate:RATE", re.compile("")),
    "crash": ("crash:RATE:before or crash:RATE:after", re.compile("before|after")),
}


class FaultsError(ValueError):
    """A value of `CHAOS_FAULTS` can't be read; the message names what is wrong in it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A misbehaviour that hits a share `rate` (0 to 1) of the tries; `detail` is what the grammar puts behind it."""

    name: str
    rate: float
    detail: str = ""

    @property
    def kind(self) -> str:
        """What is drawn for: the two ways to hang, or to crash, hit independently of each other."""
        return self.name if self.name == "latency" or not self.detail else f"{self.name}:{self.detail}"


def parse(text: str) -> tuple[Fault, ...]:
    """The faults in a value such as `error:0.3,latency:0.2:400ms`, none in a blank one. Raises FaultsError."""
    faults: dict[str, Fault] = {}
    for part in text.split(",") if text.strip() else ():
        fault = _parse_fault(part.strip())
        if fault.kind in faults:
            raise FaultsError(f"{part.strip()!r}: this fault is there twice")
        faults[fault.kind] = fault
    return tuple(faults.values())


def _parse_fault(text: str) -> Fault:
    form = _FORM.fullmatch(text)
    if form is None:
        raise FaultsError(f"{text!r} is not of the form name:rate or name:rate:detail")
    name, rate, detail = form["name"], float(form["rate"]), form["detail"] or ""
    if name not in _DETAILS:
        raise FaultsError(f"{text!r}: the faults are {', '.join(_DETAILS)}")
    if rate > 1:
        raise FaultsError(f"{text!r}: the rate must be from 0 to 1")
    how, details = _DETAILS[name]
    if not details.fullmatch(detail):
        raise FaultsError(f"{text!r}: must be {how}")
    return Fault(name, rate, detail)
