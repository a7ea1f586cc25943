"""A Target in memory: it notes what is done to it, and its parts are back when the test's clock says so."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from functions.orders.contract import Show
from scripts.experiments.target import How, LinkName, Part, TargetError
from scripts.local.split import Split
from scripts.proof.sale.client import Address
from scripts.proof.sale.crowd import Cohort


class Clock:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class FakeTarget:
    """`done` says what was done; a part that ended is back after `back_after_s`."""

    name = "fake"
    has_pages = True
    back_within_s = 60.0

    def __init__(self, clock: Clock, back_after_s: float = 2.0) -> None:
        self.done: list[str] = []
        self.fails_at = ""
        self._clock = clock
        self._back_after_s = back_after_s
        self._ended_at: dict[Part, float] = {}
        self._cannot: dict[str, str] = {}

    @property
    def cannot(self) -> Mapping[str, str]:
        return self._cannot

    def forbid(self, **deeds: str) -> None:
        """These deeds can't be done here, by their names with a `_` for each space, for this reason."""
        self._cannot |= {deed.replace("_", " "): why for deed, why in deeds.items()}

    def shops(self) -> Mapping[Cohort, Address]:
        return {"treated": Address("http://127.0.0.1:1")}

    def open_control(self) -> None:
        self._do("open control")

    def publish(self, show: Show) -> None:
        self._do(f"publish {show.slug}")

    def split(self) -> Split:
        return {"stable": 100, "chaos": 0}

    def shift(self, split: Split) -> None:
        self._do(f"shift {split}")

    def deploy_chaos(self, faults: str, seed: int) -> None:
        self._do(f"deploy chaos {faults!r} {seed}")

    def deploy(self, part: Part) -> None:
        self._do(f"deploy {part}")

    def end(self, part: Part, how: How) -> None:
        self._do(f"{part} {how}")
        self._ended_at[part] = self._clock()

    @contextmanager
    def kept_down(self, *parts: Part) -> Iterator[None]:
        self._do(f"down {parts}")
        yield
        self._do(f"up {parts}")
        self._ended_at.update(dict.fromkeys(parts, self._clock()))

    def generation(self, part: Part) -> str:
        return f"after {self._ended_at.get(part)}" if self.is_serving(part) else ""

    def is_serving(self, part: Part) -> bool:
        ended = self._ended_at.get(part)
        return ended is None or self._clock() >= ended + self._back_after_s

    def link(self, name: LinkName, mode: Literal["open", "cut", "silent"], delay_ms: int = 0) -> None:
        self._do(f"{name} {mode} {delay_ms}")

    def prepare_clock(self, part: Part) -> None:
        self._do(f"clock of {part}")

    def jump(self, part: Part, seconds: int) -> None:
        self._do(f"{part} jumps {seconds}")

    def calm(self) -> None:
        self._do("calm")

    def ledger_url(self) -> str:
        return ""

    def pending_url(self) -> str:
        return ""

    def log_lines(self) -> Iterator[tuple[str, str]]:
        yield from ()

    def versions(self) -> Mapping[str, str]:
        return {}

    def _do(self, what: str) -> None:
        self.done.append(what)
        if what == self.fails_at:
            raise TargetError(f"{what} can't be done")
