"""Requests of buyers as HTTP, and what comes back as an answer that a buyer can read."""

import secrets
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from scripts.proof.sale import pages
from scripts.proof.sale.buyer import Answer, Request

_BROWSER: Final = "accept-language: en\r\nsec-fetch-site: same-origin\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response; the names of its headers are in lower case."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


def new_traceparent() -> str:
    """A trace of a request's own; the shop joins it, so the log lines of both services bear it."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def encode(request: Request, host: str, traceparent: str) -> bytes:
    """The request as it goes over the line."""
    head = f"{request.method} {request.path} HTTP/1.1\r\nhost: {host}\r\ntraceparent: {traceparent}\r\n"
    if request.is_for_page:
        head += _BROWSER
    body = b""
    if request.body is not None:
        body, kind = msgspec.json.encode(request.body), "application/json"
        head += f"content-type: {kind}\r\n"
    elif request.form is not None:
        body, kind = urlencode(request.form).encode(), "application/x-www-form-urlencoded"
        head += f"content-type: {kind}\r\n"
    if request.method == "POST":
        head += f"content-length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    return head.encode() + b"\r\n" + body


def decode(reply: Reply, location: str = "") -> Answer:
    """What a buyer can read in a response; nothing in a body that is broken."""
    kind = reply.headers.get(b"content-type", b"")
    if kind.startswith(b"text/html"):
        body = pages.read(reply.status, reply.body.decode(errors="replace"))
    else:
        body = _object(reply.body) if b"json" in kind else {}
    return Answer(reply.status, body, _seconds(reply.headers.get(b"retry-after", b"")), location)


def redirection(reply: Reply) -> str:
    """Where a browser goes next by itself: path and query; nothing if it stays."""
    if reply.status != 303:
        return ""
    where = urlsplit(reply.headers.get(b"location", b"").decode(errors="replace"))
    return f"{where.path}?{where.query}" if where.query else where.path


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _seconds(text: bytes) -> float:
    return float(text) if text.isdigit() else 0.0
