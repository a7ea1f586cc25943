"""Follows the logs of many processes at once, of those that start later too, over connections that may break."""

import time
from collections.abc import Callable, Generator, Mapping
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Final

from scripts.cluster.api import Cluster
from scripts.cluster.connection import LostConnection
from scripts.cluster.errors import ClusterError
from scripts.cluster.log_lines import Line, Reader, Source

_LOOK_EVERY_S: Final = 1.0  # for processes that have started
_GATHER_S: Final = 0.2  # what two pods log at the same moment may arrive that much apart
_PAUSE_S: Final = 0.5
_LOST_S: Final = 30.0  # without the cluster for longer, following makes no sense

Look = Callable[[], Mapping[Source, bool]]
"""The processes that have logs just now, and whether they run."""


class Following:
    """The lines of all processes that `look` finds, from where `readers` are; `since_s` is for those without a line."""

    def __init__(self, cluster: Cluster, look: Look, readers: dict[Source, Reader], since_s: int | None) -> None:
        self._cluster = cluster
        self._look = look
        self._since_s = since_s
        self._readers = dict(readers)
        self._followed: set[Source] = set()
        self._heard: SimpleQueue[Line | ClusterError] = SimpleQueue()
        self._ends = Event()
        self._lost_since: float | None = None

    def batches(self, joined: Callable[[Source], None]) -> Generator[list[Line], None, None]:
        """What came, in small batches, without end; `joined` is told of each process that starts later.

        Raises ClusterError, for a cluster that is away as well, once it is for longer than half a minute.
        """
        try:
            next_look = 0.0
            while True:
                if time.monotonic() >= next_look:
                    self._join(joined)
                    next_look = time.monotonic() + _LOOK_EVERY_S
                if batch := self._batch(next_look):
                    yield batch
        finally:
            self._ends.set()

    def _join(self, joined: Callable[[Source], None]) -> None:
        try:
            sources = self._look()
            self._lost_since = None
        except LostConnection:
            self._lost_since = self._lost_since or time.monotonic()
            if time.monotonic() - self._lost_since > _LOST_S:
                raise
            return
        for source in sources:
            if source in self._followed:
                continue
            self._followed.add(source)
            if source not in self._readers:
                self._readers[source] = Reader(source)
                joined(source)
            Thread(target=self._follow, args=(source,), name=f"log of {source.pod}", daemon=True).start()

    def _batch(self, until: float) -> list[Line]:
        """What comes until then, and a moment longer once something came. Raises a follower's error."""
        batch: list[Line] = []
        while (left := until - time.monotonic()) > 0:
            try:
                heard = self._heard.get(timeout=left)
            except Empty:
                break
            if isinstance(heard, ClusterError):
                raise heard
            if not batch:
                until = time.monotonic() + _GATHER_S
            batch.append(heard)
        return batch

    def _follow(self, source: Source) -> None:
        """In a thread: read until the process has ended, over as many connections as that takes."""
        reader = self._readers[source]
        try:
            while not self._ends.is_set():
                try:
                    self._read(source, reader)
                    if not self._look().get(source):
                        return
                except LostConnection:
                    pass  # what was missed comes with the next one
                self._ends.wait(_PAUSE_S)
        except ClusterError as error:
            self._heard.put(error)

    def _read(self, source: Source, reader: Reader) -> None:
        reader.begin()
        since_s = None if reader.stamp else self._since_s
        for stamped in self._cluster.follow_logs(
            source.pod, source.container, since_s=since_s, since=reader.stamp, stamped=True
        ):
            if self._ends.is_set():
                return
            if (line := reader.read(stamped)) is not None:
                self._heard.put(line)
