"""How many requests are worked on at once: beyond that some wait a moment, and the rest are asked to come again.

The threads of the server are more than those that work: what waits and what is turned away needs one too.
"""

import threading
from collections import deque
from typing import Final, cast

from flask import Flask, Response, g, request

from frontend.busy import busy
from frontend.problems import RETRY_AFTER_S
from frontend.shop import EXTENSION, Shop

WAIT_S: Final = 1.0
SPARE_THREADS: Final = 8  # for static files, health and refusals, which must be answered when all else is taken
ADMISSION: Final = "flametickets-admission"


class Admission:
    """At most `working` at once; `waiting` more stand in line, first come first served, `wait_s` seconds at most."""

    def __init__(self, working: int, waiting: int, wait_s: float = WAIT_S) -> None:
        self._lock = threading.Lock()
        self._places = working
        self._free = working
        self._longest_line = waiting
        self._line: deque[threading.Event] = deque()
        self._wait_s = wait_s

    def enter(self) -> bool:
        """Whether the caller has a place, which it must `leave`.

        False after a wait in vain, or at once if too many wait.
        """
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            if len(self._line) >= self._longest_line:
                return False
            turn = threading.Event()
            self._line.append(turn)
        turn.wait(self._wait_s)
        with self._lock:
            if turn.is_set():
                return True
            self._line.remove(turn)
            return False

    def leave(self) -> None:
        """Gives the place to the first in line; nobody can come in between."""
        with self._lock:
            if self._line:
                self._line.popleft().set()
            else:
                self._free += 1

    def working(self) -> int:
        """How many have a place."""
        return self._places - self._free

    def waiting(self) -> int:
        """How many stand in line."""
        return len(self._line)


def init_app(app: Flask) -> None:
    """Puts every request in line but those for static files and health."""
    shop = cast(Shop, app.extensions[EXTENSION])
    admission = Admission(shop.settings.web_threads, shop.settings.web_waiting)
    app.extensions[ADMISSION] = admission
    shop.metrics.watch_admission(admission.working, admission.waiting)

    def enter() -> Response | None:
        if request.endpoint == "static" or request.blueprint == "health":
            return None
        request.get_data()  # a sender that takes its time holds a thread, but no place
        g.admitted = admission.enter()
        return None if g.admitted else busy(503, RETRY_AFTER_S, "overload")

    def leave(_error: BaseException | None) -> None:
        if g.pop("admitted", False):
            admission.leave()

    app.before_request(enter)
    app.teardown_request(leave)


def server_threads(working: int, waiting: int) -> int:
    """How many threads the server needs so that what is turned away is told so at once."""
    return working + waiting + SPARE_THREADS
