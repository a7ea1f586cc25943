"""An operator who presses Ctrl-C in the middle of a command that runs in this thread."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.scripts.waiting import wait_until


@contextmanager
def ctrl_c_once(holds: Callable[[], object]) -> Iterator[None]:
    """Press it once `holds` is true; the block must end with that.

    Best while the command waits for something: Python loses an interrupt that arrives as it frees a generator.
    """

    def press() -> None:
        wait_until(holds)
        os.kill(os.getpid(), signal.SIGINT)

    operator = threading.Thread(target=press)
    operator.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    operator.join()
