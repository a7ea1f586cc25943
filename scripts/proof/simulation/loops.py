"""An event loop of asyncio in simulated time, one for each life of a process: the function runs on it as it is."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scripts.proof.simulation.processes import Process


def new_loop(process: "Process") -> "ProcessLoop":
    """The loop of a process that begins to live."""
    return ProcessLoop(process)  # type: ignore[abstract]  # sockets and signals are none of a simulated process


class ProcessLoop(asyncio.AbstractEventLoop):
    """What a process that lives runs on; each callback is a step, and a process may end before any step.

    After the end its tasks are cancelled, so that nothing of them is left: the lines they had are cut by then, so
    whatever they still do reaches nobody.
    """

    def __init__(self, process: "Process") -> None:
        self.is_over = False
        self._process = process
        self._timeline = process.timeline
        self._tasks: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        return self._timeline.now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._timeline.soon(self._step, handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._timeline.now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        if not self.is_over:
            self._timeline.at(when, self._step, handle)
        return handle

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> "asyncio.Task[Any]":
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        if len(self._tasks) > 32:
            self._tasks = [each for each in self._tasks if not each.done()]
        self._tasks.append(task)
        return task

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """A task whose failure ends the whole simulation: it is a bug of ours or of the code that is simulated."""
        task = self.create_task(coroutine)
        task.add_done_callback(self._look_at)
        return task

    def end(self) -> None:
        """No timer runs any more, and every task is cancelled."""
        self.is_over = True
        for task in self._tasks:
            task.cancel()

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A task of a process that is gone may leave anything behind."""
        if not self.is_over and (error := context.get("exception")) is not None:
            raise error

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Nothing: it is passed over when its time comes."""

    def _step(self, handle: asyncio.Handle) -> None:
        if handle.cancelled():
            return
        lives = not self.is_over and self._process.steps_on()
        if not lives and isinstance(handle, asyncio.TimerHandle):
            return
        asyncio._set_running_loop(self)
        try:
            handle._run()  # a task of a process that is gone finds itself cancelled
        finally:
            asyncio._set_running_loop(None)

    def _look_at(self, task: "asyncio.Task[Any]") -> None:
        if not self.is_over and not task.cancelled() and (error := task.exception()) is not None:
            raise error
