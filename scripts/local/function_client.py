"""Asks the order function what the scripts need, on this machine and in a pod: needs nothing that the image lacks."""

import json
import time
import uuid
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError, ReadTimeoutError

from functions.orders import contract
from scripts.local.bounded import within

SOURCE: Final = "/flametickets/scripts"
_CONNECT_WITHIN_S: Final = 3.0

T = TypeVar("T")


class NoAnswer(Exception):
    """The function did not answer, or not with what was asked for. The message says what came instead.

    `status` is that of the HTTP answer, None when there was none; `retry_after_s` is how long it asks to wait.
    """

    def __init__(self, why: str, status: int | None = None, retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.status = status
        self.retry_after_s = retry_after_s


class NotReached(NoAnswer):
    """No connection was made: nothing of the request has arrived anywhere."""


class FunctionClient:
    """The function behind one route of the gateway. A try takes at most `timeout_s`, by the clock on the wall.

    Without a `secret` the requests are not signed.
    """

    def __init__(self, url: str, secret: str | None, timeout_s: float = 5.0) -> None:
        self._url = url
        self._secret = secret
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.trust_env = False  # the route is on this machine or in this cluster: never through a proxy

    def ask(self, kind: str, data: bytes, timeout_s: float | None = None) -> contract.Event:
        """Send an event of type `kind`, of now and with an id of its own, and return the reply. Raises NoAnswer."""
        return self.send(event_of(kind, data), timeout_s)

    def send(self, event: contract.Event, timeout_s: float | None = None) -> contract.Event:
        """Send the event, signed anew, with the time that is left, and return the reply. Raises NoAnswer."""
        try_s = self._timeout_s if timeout_s is None else timeout_s
        event = msgspec.structs.replace(event, time_left_ms=int(try_s * 1000))
        headers, body = contract.encode_event(event)
        if self._secret is not None:
            headers[contract.SIGNATURE_HEADER] = contract.sign(self._secret, event, body, at=time.time())
        answer = self._post(headers, body, try_s)
        if answer.status_code != 200:
            why = f"it answered {answer.status_code}: {_said(answer)}"
            raise NoAnswer(why, answer.status_code, _retry_after_s(answer))
        try:
            return contract.decode_event(
                {name.lower(): value for name, value in answer.headers.items()}, answer.content
            )
        except contract.NotAnEvent as error:
            raise NoAnswer(f"its answer is {error}", answer.status_code) from error

    def publish(self, show: contract.Show, within_s: float = 0.0) -> contract.PublishRejection | None:
        """Create or update a show, trying for `within_s`; returns why the function refused. Raises NoAnswer."""
        reply = self._ask_until(time.monotonic() + within_s, contract.PUBLISH, msgspec.json.encode(show))
        if reply.type == contract.PUBLISHED:
            return None
        return self._data(reply, contract.PUBLISH_REJECTED, contract.PublishRejection)

    def catalogue(self) -> contract.Catalogue:
        """All shows that are listed. Raises NoAnswer."""
        return self._data(self.ask(contract.LIST, b"{}"), contract.CATALOGUE, contract.Catalogue)

    def lists(self, slugs: set[str]) -> bool:
        """Whether the function answers, and its catalogue has all of these shows."""
        try:
            return slugs <= {show.slug for show in self.catalogue().shows}
        except NoAnswer:
            return False

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _post(self, headers: dict[str, str], body: bytes, try_s: float) -> requests.Response:
        def post() -> requests.Response:
            waits = (min(_CONNECT_WITHIN_S, 0.8 * try_s), try_s)
            return self._session.post(self._url, data=body, headers=headers, timeout=waits, allow_redirects=False)

        try:
            return within(try_s, post)
        except requests.ConnectTimeout as error:
            raise NotReached(f"{self._host} takes no connection") from error
        except (requests.Timeout, TimeoutError) as error:
            raise NoAnswer(f"no answer within {try_s:g} s") from error
        except requests.ConnectionError as error:
            raise self._lost(error, try_s) from error
        except requests.RequestException as error:
            raise NoAnswer(str(error)) from error

    def _lost(self, error: requests.ConnectionError, try_s: float) -> NoAnswer:
        cause = error.args[0] if error.args else None
        if isinstance(cause, ReadTimeoutError):  # in the middle of a body
            return NoAnswer(f"no answer within {try_s:g} s")
        if not isinstance(cause, MaxRetryError):  # which is how a connection fails that was never made
            return NoAnswer("the connection was lost before the answer")
        if isinstance(cause.reason, NameResolutionError):
            return NotReached(f"the name {self._host} is not known here")
        return NotReached(f"nothing takes connections at {self._host}")

    @property
    def _host(self) -> str:
        return urlsplit(self._url).netloc

    def _ask_until(self, deadline: float, kind: str, data: bytes) -> contract.Event:
        while True:
            try:
                return self.ask(kind, data)
            except NoAnswer:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _data(self, reply: contract.Event, kind: str, struct: type[T]) -> T:
        if reply.type != kind:
            raise NoAnswer(f"it answered with {reply.type}")
        try:
            return contract.decode_data(reply, struct)
        except contract.NotAnEvent as error:
            raise NoAnswer(f"its answer: {error}") from error


def event_of(kind: str, data: bytes, event_id: str | None = None) -> contract.Event:
    """An event of now, for a first try; without an `event_id` it gets one of its own."""
    return contract.Event(event_id or str(uuid.uuid4()), kind, SOURCE, datetime.now(UTC), data, attempt=1)


def _said(answer: requests.Response) -> str:
    """What an answer that is no reply says, in a line: the words of a problem, else the beginning of its text."""
    try:
        problem = json.loads(answer.content)
        return ": ".join(str(problem[field]) for field in ("title", "detail") if field in problem)
    except (ValueError, TypeError, KeyError):
        is_page = "html" in answer.headers.get("content-type", "")  # whose words are for people with a browser
        text = "" if is_page else " ".join(answer.text[:200].split())
        return text or str(answer.reason)


def _retry_after_s(answer: requests.Response) -> float:
    asked = answer.headers.get("retry-after", "")
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 2 else 0.0
