"""Threads in simulated time: code that blocks runs as it is, and gives way wherever it waits.

Greenlets: only one runs at a time, until it waits, so that nothing depends on the machine.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from greenlet import GreenletExit, getcurrent, greenlet  # type: ignore[import-untyped]  # it has no types

if TYPE_CHECKING:
    from scripts.proof.simulation.processes import Process

T = TypeVar("T")


class Thread:
    """Runs `work` in a process, from its next step on; each time that it goes on is a step of the process."""

    def __init__(self, process: "Process", work: Callable[[], object], hub: Any) -> None:
        self._process = process
        self._hub = hub
        self._greenlet = greenlet(work, hub)
        self._greenlet.thread = self
        self.go_on_soon()

    @property
    def is_over(self) -> bool:
        return bool(self._greenlet.dead)

    def go_on(self) -> None:
        """What it waited for is there."""
        if not self._greenlet.dead and self._process.steps_on():
            self._greenlet.switch()

    def go_on_soon(self) -> None:
        """As `go_on`, for whoever is in a thread himself."""
        self._process.timeline.soon(self.go_on)

    def end(self) -> None:
        """Its process is gone: it ends where it waits, and whatever it still does reaches nobody."""
        if not self._greenlet.dead:
            self._greenlet.throw(GreenletExit)

    def wait(self) -> None:
        """Give way until somebody lets this thread, which must be the current one, go on."""
        self._hub.switch()

    def pause(self, seconds: float) -> None:
        """Wait for so long."""
        timeline = self._process.timeline
        timeline.at(timeline.now + seconds, self.go_on)
        self._hub.switch()


def hub() -> Any:
    """What all threads give way to: whoever calls this, and then runs the timeline."""
    return getcurrent()


def current() -> Thread:
    """The thread that runs."""
    return cast(Thread, getcurrent().thread)


def sleep(seconds: float) -> None:
    """`time.sleep` in simulated time."""
    current().pause(seconds)


class Event:
    """`threading.Event` in simulated time, of which no thread waits longer than it takes."""

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: list[Thread] = []

    def set(self) -> None:
        self._is_set = True
        for thread in self._waiting:
            thread.go_on_soon()

    def wait(self) -> bool:
        if not self._is_set:
            self._waiting.append(current())
            current().wait()
        return True


class Answer(Generic[T]):
    """What a thread waits for and somebody gives it; the first one that is given stays."""

    def __init__(self) -> None:
        self._given: list[T] = []
        self._waiting: Thread | None = None

    def give(self, value: T) -> None:
        if self._given:
            return
        self._given.append(value)
        if self._waiting is not None:
            self._waiting.go_on_soon()

    def take(self) -> T:
        """The answer, as soon as there is one."""
        if not self._given:
            self._waiting = current()
            self._waiting.wait()
        return self._given[0]
