"""Processes that can end between any two steps and start again, each with its own idea of what time it is."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from scripts.proof.simulation.loops import new_loop
from scripts.proof.simulation.threads import Thread
from scripts.proof.simulation.timeline import Timeline

BEGINS_AT: Final = datetime(2030, 6, 1, 19, 0, tzinfo=UTC)


class Process:
    """A process: subclasses say what it does when it starts (`begin`).

    `monotonic` is the time of the world; `now` is its own clock, which can be wrong by `ahead_s` seconds.
    """

    def __init__(self, name: str, timeline: Timeline, hub: Any) -> None:
        self.name = name
        self.timeline = timeline
        self.is_up = False
        self._is_retired = False
        self.ahead_s = 0.0
        self.steps = 0
        self.loop = new_loop(self)
        self._hub = hub
        self._threads: list[Thread] = []
        self._at_end: dict[Callable[[], object], None] = {}
        self._armed: list[tuple[int, Callable[[], None]]] = []

    def begin(self) -> None:
        """What it does first."""

    def start(self) -> None:
        """Live, unless it does, or never will again."""
        if not self.is_up and not self._is_retired:
            self.is_up = True
            self.loop = new_loop(self)
            self.begin()

    def end(self) -> None:
        """End at once, as by SIGKILL: the system cuts its lines, and what it knew is gone."""
        if not self.is_up:
            return
        self.is_up = False
        for cut in list(self._at_end):
            cut()
        self._at_end.clear()
        self._armed.clear()
        self.loop.end()
        threads, self._threads = self._threads, []
        for thread in threads:
            self.timeline.soon(thread.end)

    def retire(self) -> None:
        """End, and never start again: the world is over."""
        self._is_retired = True
        self.end()

    def restart_after(self, seconds: float) -> None:
        self.timeline.after(seconds, self.start)

    def thread(self, work: Callable[[], object]) -> Thread:
        """A new thread of this process."""
        if len(self._threads) > 32:
            self._threads = [each for each in self._threads if not each.is_over]
        thread = Thread(self, work, self._hub)
        self._threads.append(thread)
        return thread

    def task(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """A new task of this process."""
        self.loop.start(coroutine)

    def at_end(self, act: Callable[[], object]) -> None:
        """Do this when the process ends."""
        self._at_end[act] = None

    def not_at_end(self, act: Callable[[], object]) -> None:
        self._at_end.pop(act, None)

    def before_step(self, number: int, act: Callable[[], None]) -> None:
        """Do this right before the step with this number from now, counted from 1; never if it ends before."""
        self._armed.append((self.steps + number, act))
        self._armed.sort(key=lambda armed: armed[0])

    def disarm(self) -> None:
        self._armed.clear()

    def steps_on(self) -> bool:
        """Count a step that is about to be made. False if the process is gone by then."""
        self.steps += 1
        while self._armed and self._armed[0][0] <= self.steps:
            self._armed.pop(0)[1]()
        return self.is_up

    def monotonic(self) -> float:
        return self.timeline.now

    def now(self) -> datetime:
        return BEGINS_AT + timedelta(seconds=self.timeline.now + self.ahead_s)

    def unix_time(self) -> float:
        return BEGINS_AT.timestamp() + self.timeline.now + self.ahead_s
