"""Asks several times a second, whatever became of the questions before, and tells of each answer as it comes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from functions.orders import contract
from scripts.inside.asking import Function, Patience, Unanswered, Unexpected
from scripts.inside.orders import find
from scripts.inside.results import BAD, GOOD, Result
from scripts.local.bounded import within

Ask = Callable[[float], str | None]
"""A question that may take so many seconds; why its answer is not good, None when it is."""

_HAIR_S = 1e-6  # ten steps of 0.1 s are not quite a second, which must not make an eleventh question


@dataclass(frozen=True)
class Terms:
    """Ask for `seconds`, every `every_s`; an answer may take `try_s`.

    No more than `at_once` questions are open: a crowd of them would have the autoscaler start pods in the very moment
    that is measured (seen: six, which made each other late).
    """

    seconds: float
    every_s: float
    try_s: float
    at_once: int = 4


class _Told:
    """Tells of the answers, one line at a time, though they come from many threads."""

    def __init__(self, say: Callable[[dict[str, Any]], None]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self.failed, self.slowest_s = 0, 0.0

    def tell(self, number: int, began: float, took: float, why: str | None) -> None:
        with self._lock:
            self.failed += why is not None
            self.slowest_s = max(self.slowest_s, took)
            reason = {} if why is None else {"why": why}
            times = {"began_s": round(began, 3), "took_s": round(took, 3)}
            self._say({"ask": number, **times, "good": why is None, **reason})


def probe(
    ask: Ask,
    terms: Terms,
    say: Callable[[dict[str, Any]], None],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """The command `probe`: 0 when every answer was good, else 1.

    A question does not wait for the answer to the one before: while answers are held back the next ones are asked all
    the same, so that what is slow is seen to be so. Times are in seconds since the start.
    """
    began, told, threads = clock(), _Told(say), list[threading.Thread]()
    places = threading.Semaphore(terms.at_once)

    def one(number: int) -> None:
        asked = clock()
        try:
            why = ask(terms.try_s)
        finally:
            places.release()
        told.tell(number, asked - began, clock() - asked, why)

    next_at = began
    while began + terms.seconds - next_at > _HAIR_S:
        sleep(max(0.0, next_at - clock()))
        places.acquire()
        threads.append(threading.Thread(target=one, args=(len(threads),), daemon=True))
        threads[-1].start()
        next_at = max(next_at + terms.every_s, clock())
    for thread in threads:
        thread.join()
    data = {"command": "probe", "asked": len(threads), "failed": told.failed, "slowest_s": round(told.slowest_s, 3)}
    return Result(BAD if told.failed else GOOD, data)


def page(url: str) -> Ask:
    """Asks for the page at `url`, which must answer 200, over a new connection each time."""

    def ask(try_s: float) -> str | None:
        try:
            status = within(try_s, lambda: _status(url, try_s))
        except (requests.Timeout, TimeoutError):
            return f"no answer within {try_s:g} s"
        except requests.RequestException:
            return "it can't be reached"
        return None if status == 200 else f"it answered {status}"

    return ask


def lookup(url: str, secrets: tuple[str, ...], order_id: str) -> Ask:
    """Looks the order up at the function, which must find it confirmed, over a new connection each time."""

    def ask(try_s: float) -> str | None:
        function = Function(url, secrets, Patience(1, try_s, time.monotonic() + 2 * try_s))  # the try ends it
        try:
            _, order = find(function, order_id)
        except (Unanswered, Unexpected) as error:
            return str(error)
        finally:
            function.close()
        return _objection(order)

    return ask


def _objection(order: contract.Order | None) -> str | None:
    if order is None:
        return "the function knows no such order"
    return None if order.status == "confirmed" else f"the order is {order.status}"


def _status(url: str, try_s: float) -> int:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=try_s, allow_redirects=False).status_code
