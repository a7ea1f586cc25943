"""What a canary does next, without I/O: told what was seen, it answers shift, watch, go back or end.

A step holds once it was watched for its time without a breach; it is then the last good one. At the first breach, and
whenever the watching itself fails twice in a row, the last good one is what to go back to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_LEAST_WATCH_S: Final = 1.0
_BLIND_IN_A_ROW: Final = 2


@dataclass(frozen=True)
class Shift(Generic[T]):
    """Put the traffic to `to`, then tell by `shifted`; `number` counts the steps from 1."""

    to: T
    number: int


@dataclass(frozen=True)
class Watch:
    """Watch for so many seconds, then tell by `held`, `breached`, `too_few` or `blind`."""

    seconds: float


@dataclass(frozen=True)
class GoBack(Generic[T]):
    """Put the traffic to `to` at once: the canary ends there. `is_breach` is False when nobody knows how it went."""

    to: T
    why: str
    is_breach: bool


@dataclass(frozen=True)
class End:
    """All steps held; the traffic stays."""


Action = Shift[T] | Watch | GoBack[T] | End


class Canary(Generic[T]):
    """The steps of one canary, from the split `before`; the clock is monotonic, in seconds."""

    def __init__(self, before: T, steps: Sequence[T], watch_s: float, clock: Callable[[], float]) -> None:
        self.last_good = before
        self._steps = list(steps)
        self._watch_s = watch_s
        self._clock = clock
        self._at = 0
        self._until = 0.0
        self._blind = 0

    @property
    def held(self) -> int:
        """How many steps held."""
        return self._at

    def begin(self) -> Action[T]:
        """The first thing to do."""
        return self._shift_or_end()

    def shifted(self) -> Action[T]:
        """The step is in force: its time begins."""
        self._until = self._clock() + self._watch_s
        self._blind = 0
        return Watch(self._watch_s)

    def held_out(self) -> Action[T]:
        """It was watched without a breach; what an early end of the watch left is watched still."""
        self._blind = 0
        left = self._until - self._clock()
        if left > _LEAST_WATCH_S:
            return Watch(left)
        self.last_good = self._steps[self._at]
        self._at += 1
        return self._shift_or_end()

    def breached(self, what: str) -> Action[T]:
        """The steady state is broken: back at once, whatever time is left."""
        return GoBack(self.last_good, what, is_breach=True)

    def too_few(self, why: str) -> Action[T]:
        """Too little happened to say that it held: more traffic on a guess is no canary."""
        return GoBack(self.last_good, why, is_breach=False)

    def blind(self, why: str) -> Action[T]:
        """The watching itself failed; once may be chance, and the step is watched anew."""
        self._blind += 1
        if self._blind >= _BLIND_IN_A_ROW:
            return GoBack(self.last_good, why, is_breach=False)
        self._until = self._clock() + self._watch_s
        return Watch(self._watch_s)

    def stopped(self, why: str) -> Action[T]:
        """The operator, or an error, ends it."""
        return GoBack(self.last_good, why, is_breach=False)

    def _shift_or_end(self) -> Action[T]:
        if self._at == len(self._steps):
            return End()
        return Shift(self._steps[self._at], self._at + 1)
