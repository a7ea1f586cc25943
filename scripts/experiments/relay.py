"""The network between two parts as a process of its own: it passes bytes on, late, not at all, or cuts the line.

`python3 -m scripts.experiments.relay FILE` reads its links from the JSON file, and again whenever that changes. What a
cut does to those who hold a connection is a reset; what silence does is nothing at all: no byte gets through, and
nobody is told, until the link is open again.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

Mode = Literal["open", "cut", "silent"]
_LOOK_EVERY_S: Final = 0.02
_CHUNK: Final = 64 * 1024


class Link(msgspec.Struct, frozen=True):
    """Who connects to `listen` on 127.0.0.1 speaks with `to`, which is a port there or the path of a Unix socket.

    Each chunk is `delay_ms` under way, in each direction.
    """

    listen: int
    to: str
    mode: Mode = "open"
    delay_ms: int = 0


class Links(msgspec.Struct, frozen=True):
    """All links of a relay by name; several may share one name before a slash, as `shop-function/stable`."""

    links: Mapping[str, Link]


def write(path: Path, links: Mapping[str, Link]) -> None:
    """Say what the links are from now on; a relay sees the whole of it or nothing."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(msgspec.json.encode(Links(links)))
    Path(file.name).replace(path)


class _Line:
    """One link at work."""

    def __init__(self, link: Link) -> None:
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._passes = asyncio.Event()
        self.set(link)

    def set(self, link: Link) -> None:
        """How it behaves from now on."""
        self._link = link
        if link.mode == "silent":
            self._passes.clear()
        else:
            self._passes.set()
        if link.mode == "cut":
            for writer in self._writers:
                writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until either side ends it."""
        self._writers.add(writer)
        try:
            await self._passes.wait()
            if self._link.mode == "cut":
                writer.transport.abort()
                return
            far_reader, far_writer = await self._connect()
            self._writers.add(far_writer)
            try:
                await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
            finally:
                self._end(far_writer)
        except OSError:
            writer.transport.abort()  # as if the other side had refused it itself
        finally:
            self._end(writer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._link.to.startswith("/"):
            return await asyncio.open_unix_connection(self._link.to)
        return await asyncio.open_connection("127.0.0.1", int(self._link.to))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            if self._link.delay_ms:
                await asyncio.sleep(self._link.delay_ms / 1000)
            await self._passes.wait()
            writer.write(chunk)
            await writer.drain()
        await self._passes.wait()
        if writer.can_write_eof():
            writer.write_eof()

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()


async def serve(path: Path) -> None:
    """Serve the links of the file, for ever; those that are there at the start are all there will be."""
    known = path.stat().st_mtime_ns
    links = _read(path)
    lines = {name: _Line(link) for name, link in links.items()}
    servers = [await asyncio.start_server(lines[name].accept, "127.0.0.1", links[name].listen) for name in links]
    while servers:
        await asyncio.sleep(_LOOK_EVERY_S)
        if (changed := path.stat().st_mtime_ns) != known:
            known = changed
            for name, link in _read(path).items():
                lines[name].set(link)


def _read(path: Path) -> Mapping[str, Link]:
    return msgspec.json.decode(path.read_bytes(), type=Links).links


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1])))
    os._exit(0)
