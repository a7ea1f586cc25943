"""Asks the function behind one URL as the shop does: the same event again, signed anew, until it is answered."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from functions.orders import contract
from scripts.local.function_client import FunctionClient, NoAnswer, event_of

_FIRST_WAIT_S: Final = 0.05
_LONGEST_WAIT_S: Final = 1.0
_MIN_TRY_S: Final = 0.1
_UNSIGNED: Final = 401
_DECIDED: Final = (400, _UNSIGNED)  # asking again changes nothing

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How often to ask, how many seconds a try may take, and when all of it must be over, in monotonic seconds."""

    tries: int
    try_s: float
    ends_at: float


@dataclass(frozen=True)
class Answer:
    """A reply of the function, and the number of the try that brought it."""

    event: contract.Event
    tries: int

    def data(self, kind: str, struct: type[T]) -> T:
        """What the reply holds. Raises Unexpected if it is not of type `kind`."""
        if self.event.type != kind:
            raise Unexpected(f"it answered {_short(self.event.type)}{self._reason()}, not {_short(kind)}", self)
        try:
            return contract.decode_data(self.event, struct)
        except contract.NotAnEvent as error:
            raise Unexpected(f"its answer can't be read: {error}", self) from error

    def _reason(self) -> str:
        if self.event.type not in (contract.REJECTED, contract.PUBLISH_REJECTED):
            return ""
        reason = msgspec.json.decode(self.event.data).get("reason")
        return f" ({reason})" if reason else ""


class Unanswered(Exception):
    """No try was answered; the message is about the `last` of the `tries`."""

    def __init__(self, last: NoAnswer, tries: int) -> None:
        super().__init__(str(last))
        self.last = last
        self.tries = tries


class Unexpected(Exception):
    """The function gave an `answer`, and not the one that it must give."""

    def __init__(self, why: str, answer: Answer) -> None:
        super().__init__(why)
        self.answer = answer


class Function:
    """The function behind `url`. Of several `secrets` the next is tried when one is not accepted, as in a rotation.

    A secret that is None signs nothing.
    """

    def __init__(
        self,
        url: str,
        secrets: Sequence[str | None],
        patience: Patience,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.url = url
        self._clients = [FunctionClient(url, secret) for secret in secrets]
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._draw = draw

    def ask(self, kind: str, data: contract.Command, *, event_id: str | None = None) -> Answer:
        """The reply to an event, which has the id `event_id` or one of its own. Raises Unanswered."""
        event = event_of(kind, msgspec.json.encode(data), event_id)
        attempt, wait_s, last = 0, 0.0, NoAnswer("there was no time for a try")
        while attempt < self._patience.tries and wait_s + _MIN_TRY_S <= self._time_left():
            self._sleep(wait_s)
            attempt += 1
            try:
                return Answer(self._send(msgspec.structs.replace(event, attempt=attempt)), attempt)
            except NoAnswer as error:
                last = error
            if last.status in _DECIDED:
                break
            wait_s = last.retry_after_s + self._draw() * min(_FIRST_WAIT_S * 2 ** (attempt - 1), _LONGEST_WAIT_S)
        raise Unanswered(last, attempt) from last

    def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            client.close()

    def _send(self, event: contract.Event) -> contract.Event:
        *others, last = self._clients
        for client in others:
            try:
                return client.send(event, self._try_s())
            except NoAnswer as error:
                if error.status != _UNSIGNED:
                    raise
        return last.send(event, self._try_s())

    def _try_s(self) -> float:
        return max(_MIN_TRY_S, min(self._patience.try_s, self._time_left()))

    def _time_left(self) -> float:
        return self._patience.ends_at - self._clock()


def _short(kind: str) -> str:
    return kind.removeprefix("org.flametickets.")
