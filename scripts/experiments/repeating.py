"""Something that is done again and again while something else goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(act: Callable[[], object], every_s: float) -> Iterator[None]:
    """`act` in a thread, at once and then after each pause of `every_s` seconds, until the end of the block."""
    over = threading.Event()

    def go_on() -> None:
        while True:
            act()
            if over.wait(every_s):
                return

    thread = threading.Thread(target=go_on, name="repeating", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
