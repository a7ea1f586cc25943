"""Faults from outside, each told to the history as it begins, as it ends, and once what it hit is back."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

from scripts.experiments.target import LINKS, PARTS, How, LinkName, Part, Target, TargetError
from scripts.proof.history import History

_LOOK_EVERY_S: Final = 0.02


class Faults:
    """What can be done to `target`; every method returns when the fault is over, and what it hit is back."""

    def __init__(
        self,
        target: Target,
        history: History,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._history = history
        self._sleep = sleep
        self._monotonic = monotonic

    def end(self, part: Part, how: How = "killed") -> float:
        """End a part; returns the seconds until a new process of it serves. Raises TargetError if none does."""
        former, began = self._target.generation(part), self._monotonic()
        with self._told(f"{part} {how}", part):
            self._target.end(part, how)
        return self._recovered(f"{part} {how}", part, former, began)

    def keep_down(self, *parts: Part, seconds: float) -> float:
        """Keep parts from coming up for a while; returns the seconds from then on until all serve."""
        name = f"{' and '.join(parts)} kept down"
        with self._told(name, ", ".join(parts), f"{seconds:g} s"), self._target.kept_down(*parts):
            self._sleep(seconds)
        began = self._monotonic()
        return max(self._recovered(name, part, "", began) for part in parts)

    def deploy(self, part: Part) -> float:
        """Deploy a part anew in the middle of a sale; returns the seconds that took."""
        began = self._monotonic()
        with self._told(f"{part} deployed anew", part):
            self._target.deploy(part)
        return self._monotonic() - began

    def link(self, name: LinkName, mode: Literal["cut", "silent", "slow"], seconds: float, delay_ms: int = 0) -> None:
        """Let the network between two parts misbehave for a while."""
        what = f"{name} {mode}" + (f" by {delay_ms} ms" if mode == "slow" else "")
        with self._told(what, name, f"{seconds:g} s"):
            try:
                self._target.link(name, "open" if mode == "slow" else mode, delay_ms)
                self._sleep(seconds)
            finally:
                self._target.link(name, "open")

    def shift(self, chaos: int) -> None:
        """Give the chaos revision this share of the traffic, in percent."""
        split = {"stable": 100 - chaos, "chaos": chaos}
        self._target.shift(split)
        self._history.shifted(split)

    def jump(self, part: Part, by_s: int, seconds: float) -> None:
        """Set the part's clock off for a while; it was prepared for that."""
        with self._told(f"the clock of {part} jumps by {by_s:+d} s", part, f"{seconds:g} s"):
            try:
                self._target.jump(part, by_s)
                self._sleep(seconds)
            finally:
                self._target.jump(part, 0)

    def calm(self) -> None:
        """Take every fault away, those that an interrupted experiment left as well."""
        self._target.calm()
        self._history.shifted(self._target.split())

    def storm(self, seconds: float, seed: int) -> list[str]:
        """Any of these, one after the other, for so many seconds; returns what came.

        The seed draws them, of those that the target can do: the same ones again on the same target.
        """
        chance = random.Random(f"storm {seed}")  # noqa: S311  # repeatable on purpose
        ends_at, done = self._monotonic() + seconds, list[str]()
        while self._monotonic() < ends_at:
            name, strike = self._drawn(chance)
            strike()
            done.append(name)
            self._sleep(chance.uniform(0.2, 1.5))
        return done

    def _drawn(self, chance: random.Random) -> tuple[str, Callable[[], Any]]:
        cannot = self._target.cannot
        part: Part = chance.choice([part for part in PARTS if f"end {part}" not in cannot])
        link: LinkName = chance.choice(LINKS)
        how: How = chance.choice(("killed", "restarted"))
        seconds, delay_ms, share = chance.uniform(0.2, 2.0), chance.randrange(20, 400), chance.randrange(0, 101, 10)
        networks: list[tuple[int, str, Callable[[], Any]]] = [
            (1, f"{link} cut", lambda: self.link(link, "cut", seconds)),
            (1, f"{link} silent", lambda: self.link(link, "silent", seconds)),
            (1, f"{link} slow", lambda: self.link(link, "slow", 2 * seconds, delay_ms)),
        ]
        strikes = [
            (4, f"{part} {how}", lambda: self.end(part, how)),
            *(networks if "link" not in cannot else []),
            (2, f"chaos at {share} %", lambda: self.shift(share)),
        ]
        (_, name, strike), *_ = chance.choices(strikes, weights=[weight for weight, _, _ in strikes])
        return name, strike

    def _recovered(self, name: str, part: Part, former: str, began: float) -> float:
        while self._target.generation(part) in ("", former) or not self._target.is_serving(part):
            if self._monotonic() - began > self._target.back_within_s:
                raise TargetError(f"{part} is not back within {self._target.back_within_s:g} s")
            self._sleep(_LOOK_EVERY_S)
        took = self._monotonic() - began
        self._history.fault(name, "recovered", target=part, seconds=took)
        return took

    @contextmanager
    def _told(self, name: str, target: str, detail: str = "") -> Iterator[None]:
        self._history.fault(name, "begins", target=target, detail=detail)
        try:
            yield
        finally:
            self._history.fault(name, "ends", target=target, detail=detail)
