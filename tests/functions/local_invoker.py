"""Calls the function through functions-framework's own local application, without a socket."""

import json
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from starlette.types import ASGIApp, Message

from functions.orders import contract
from functions.orders.catalogue import read_catalogue
from functions.orders.database import Session

SECRET = "a secret that only the tests of the function know"
T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> contract.Event:
        assert self.status == 200, self.body
        return contract.decode_event(self.headers, self.body)

    def data(self, kind: type[T]) -> T:
        return contract.decode_data(self.event, kind)

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status
        return problem


@dataclass(frozen=True)
class LocalInvoker:
    """Sends signed events to the application, each with ids and times that a test may choose."""

    app: ASGIApp
    database_url: str = ""

    async def left(self, slug: str = "night-of-fire") -> dict[str, int | None]:
        """What is available of each ticket type, at this moment: the function's own list may be a little older."""
        session = Session(self.database_url)
        async with session.connection() as connection:
            catalogue = await read_catalogue(connection, datetime.now(UTC))
        await session.close()
        return {kind.id: kind.available for show in catalogue.shows if show.slug == slug for kind in show.ticket_types}

    async def send(
        self,
        kind: str,
        data: object = None,
        *,
        id: str | None = None,  # noqa: A002  # the attribute's own name
        time: datetime | None = None,
        time_left_ms: int | None = 2000,
        attempt: int | None = 1,
        traceparent: str | None = None,
        structured: bool = False,
    ) -> Answer:
        event = contract.Event(
            id=id or str(uuid.uuid4()),
            type=kind,
            source="/tests",
            time=time or datetime.now(UTC),
            data=msgspec.json.encode(data) if data is not None else b"{}",
            time_left_ms=time_left_ms,
            attempt=attempt,
            traceparent=traceparent,
        )
        headers, body = contract.encode_event(event, structured=structured)
        return await self.post({**headers, **signature(event, body)}, body)

    async def post(self, headers: dict[str, str], body: bytes, *, method: str = "POST", path: str = "/") -> Answer:
        """Any HTTP request, as it stands."""
        chunks = [body[at : at + 10_000] for at in range(0, len(body), 10_000)] or [b""]
        sent: list[Message] = []

        async def receive() -> Message:
            chunk = chunks.pop(0) if chunks else b""
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: Message) -> None:
            sent.append(message)

        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        await self.app(scope, receive, send)
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent[1:]))


def signature(event: contract.Event, body: bytes, *, at: float | None = None, secret: str = SECRET) -> dict[str, str]:
    at = time.time() if at is None else at
    return {contract.SIGNATURE_HEADER: contract.sign(secret, event, body, at=at)}


def make_show(slug: str = "night-of-fire", **changes: Any) -> contract.Show:
    """A show on sale with two ticket types: 5 seats at 25.00, 3 standing places at 12.50."""
    now = datetime.now(UTC)
    seat = contract.TicketType("seat", "Seat", price=2500, currency="EUR", capacity=5, limit_per_order=4)
    standing = contract.TicketType("standing", "Standing", price=1250, currency="EUR", capacity=3, limit_per_order=3)
    fields: dict[str, Any] = {
        "slug": slug,
        "title": "Night of Fire",
        "venue": "Old Foundry",
        "starts_at": now + timedelta(days=30),
        "sales_start": now - timedelta(days=1),
        "sales_end": now + timedelta(days=29),
        "ticket_types": (seat, standing),
    }
    return contract.Show(**{**fields, **changes})


def make_order(show: str = "night-of-fire", lines: dict[str, int] | None = None, **changes: Any) -> contract.PlaceOrder:
    wanted = tuple(contract.OrderLine(kind, quantity) for kind, quantity in (lines or {"seat": 2}).items())
    fields: dict[str, Any] = {"show": show, "lines": wanted, "name": "Ann Buyer", "email": "ann@example.org"}
    return contract.PlaceOrder(**{**fields, **changes})
