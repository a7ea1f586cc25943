"""How many threads may wait for the function at once, so that some are left for everything else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Bulkhead:
    """At most `places` calls at once; one more waits `wait_s` seconds for a place, and is then turned away.

    The moment's wait is for the good times, when a place becomes free every few milliseconds.
    """

    def __init__(self, places: int, wait_s: float) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._wait_s = wait_s

    @contextmanager
    def place(self) -> Iterator[bool]:
        """A place for the length of the block; False if there is none."""
        if not self._places.acquire(timeout=self._wait_s):
            yield False
            return
        try:
            yield True
        finally:
            self._places.release()
