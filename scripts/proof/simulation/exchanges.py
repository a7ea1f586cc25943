"""HTTP between shop and function in simulated time: a request that a function handles, and what its caller hears."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from frontend.replies import NoReply, Reply
from scripts.proof.simulation.loops import ProcessLoop

Hear = Callable[[Reply | NoReply], None]


class Exchange:
    """One request at a function, as an ASGI server has it; `hear` is called at most once.

    The chaos revision takes the connection of the server's own object, `cycle.transport`, to close it without a word.
    """

    def __init__(self, headers: Mapping[str, str], body: bytes, hear: Hear) -> None:
        self.cycle = self
        self.transport = self
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        self._body: bytes | None = body
        self._hear: Hear | None = hear
        self._start: dict[str, Any] = {}
        self._is_left = False
        self._gone: asyncio.Future[None] | None = None

    async def receive(self) -> dict[str, Any]:
        """The body first, and then that the caller is gone, as soon as it is."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        if not self._is_left:
            self._gone = asyncio.get_running_loop().create_future()
            await self._gone
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """The start, and then the whole body."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        headers = {name.decode(): value.decode() for name, value in self._start["headers"]}
        self._answer(Reply(self._start["status"], headers, message["body"]))

    def abort(self) -> None:
        """The connection is closed without an answer."""
        self._answer(NoReply("unreachable"))
        self.leave()

    def leave(self) -> None:
        """The caller waits no longer."""
        self._is_left = True
        self._hear = None
        gone = self._gone
        if gone is not None and not gone.done() and not _is_over(gone):
            gone.set_result(None)

    def _answer(self, reply: Reply | NoReply) -> None:
        hear, self._hear = self._hear, None
        if hear is not None:
            hear(reply)


def _is_over(future: "asyncio.Future[None]") -> bool:
    loop = future.get_loop()
    return isinstance(loop, ProcessLoop) and loop.is_over
