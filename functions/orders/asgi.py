"""HTTP as the server hands it over and takes it back (ASGI 3.0): nothing of what an order is."""

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.types import Receive, Scope, Send

from functions.orders.contract import MAX_BODY_BYTES, NotAnEvent

_TEXT: Final = b"text/plain; charset=utf-8"


class Answer(msgspec.Struct, frozen=True):
    """A whole HTTP answer; the names of its headers are in lower case."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    async def send(self, send: Send) -> None:
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def encoded(headers: Mapping[str, str], body: bytes) -> Answer:
    """200 with headers and a body that are already encoded."""
    return Answer(200, [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()], body)


def text(body: bytes) -> Answer:
    """200 with plain text."""
    return Answer(200, [(b"content-type", _TEXT)], body)


def problem(status: int, title: str, detail: str, retry_after_s: int | None = None) -> Answer:
    """Problem details, RFC 9457."""
    body = msgspec.json.encode({"type": "about:blank", "title": title, "status": status, "detail": detail})
    headers = [(b"content-type", b"application/problem+json")]
    if retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % retry_after_s))
    return Answer(status, headers, body)


def read_headers(scope: Scope) -> dict[str, str]:
    """The request's headers, their names in lower case as ASGI gives them."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(receive: Receive) -> bytes:
    """The body, if it is not over the limit. Raises NotAnEvent."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise NotAnEvent("the body did not arrive whole")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAX_BODY_BYTES:
            raise NotAnEvent(f"the body is over {MAX_BODY_BYTES} bytes")
    return body
