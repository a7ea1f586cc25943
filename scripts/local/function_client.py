"""Asks the order function what the scripts need: to publish shows, and to list them."""

import time
import uuid
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec
import requests

from functions.orders import contract

SOURCE: Final = "/flametickets/scripts"

T = TypeVar("T")


class NoAnswer(Exception):
    """The function did not answer, or not with what was asked for. The message says what came instead."""


class FunctionClient:
    """The function behind one route of the gateway. A try takes at most `timeout_s`."""

    def __init__(self, url: str, secret: str, timeout_s: float = 5.0) -> None:
        self._url = url
        self._secret = secret
        self._timeout_s = timeout_s
        self._session = requests.Session()
        self._session.trust_env = False  # the route is on this machine: never through the user's proxy

    def ask(self, kind: str, data: bytes) -> contract.Event:
        """Send a signed event of type `kind` and return the reply. Raises NoAnswer."""
        event = contract.Event(
            id=str(uuid.uuid4()),
            type=kind,
            source=SOURCE,
            time=datetime.now(UTC),
            data=data,
            time_left_ms=int(self._timeout_s * 1000),
            attempt=1,
        )
        headers, body = contract.encode_event(event)
        headers[contract.SIGNATURE_HEADER] = contract.sign(self._secret, event, body, at=time.time())
        try:
            answer = self._session.post(self._url, data=body, headers=headers, timeout=self._timeout_s)
            if answer.status_code != 200:
                raise NoAnswer(f"it answered {answer.status_code}: {answer.text[:200]}")
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return contract.decode_event(headers, answer.content)
        except requests.RequestException as error:
            raise NoAnswer(str(error)) from error
        except contract.NotAnEvent as error:
            raise NoAnswer(f"its answer is {error}") from error

    def publish(self, show: contract.Show, within_s: float = 0.0) -> contract.PublishRejection | None:
        """Create or update a show, trying for `within_s`; returns why the function refused. Raises NoAnswer."""
        reply = self._ask_until(time.monotonic() + within_s, contract.PUBLISH, msgspec.json.encode(show))
        if reply.type == contract.PUBLISHED:
            return None
        return self._data(reply, contract.PUBLISH_REJECTED, contract.PublishRejection)

    def catalogue(self) -> contract.Catalogue:
        """All shows. Raises NoAnswer."""
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
