"""Work that is given up when its time is over, whatever it waits for: a name, a connection, a server that drips."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises TimeoutError once `seconds` are over.

    What is given up goes on in a thread of its own, which does not keep the process from its end: `work` must do no
    harm when it ends late.
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(work())
        except BaseException as error:  # it is raised where it is waited for
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not returned:
        raise TimeoutError(f"not within {seconds:g} s")
    return returned[0]
