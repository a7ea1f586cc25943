"""From an HTTP request to its answer: decode, verify, decide within the time left, encode."""

import asyncio
import itertools
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec
import psycopg
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from functions.orders import contract
from functions.orders.backlog import Overloaded, Publish
from functions.orders.catalogue import CatalogueReader
from functions.orders.database import Session, UnsafeDatabase
from functions.orders.ledger import Ledger, Unanswered, utc_now
from functions.orders.rules import Cancel, Place
from functions.orders.store import read_orders

if TYPE_CHECKING:
    from functions.orders.chaos import Chaos

HEALTH_PATHS: Final = ("/healthz", "/readyz")
DEFAULT_TIME_LEFT_MS: Final = 2000
MAX_TIME_LEFT_MS: Final = 10_000
RETRY_AFTER_S: Final = 1
_SIGNATURE: Final = contract.SIGNATURE_HEADER.lower()

_NO_ANSWER: Final = (Unanswered, Overloaded, TimeoutError, psycopg.Error, OSError, UnsafeDatabase)
_REPLY_TYPES: Final[dict[type, str]] = {
    contract.Rejection: contract.REJECTED,
    contract.Cancelled: contract.CANCELLED,
    contract.Unknown: contract.UNKNOWN,
    contract.Catalogue: contract.CATALOGUE,
    contract.Published: contract.PUBLISHED,
    contract.PublishRejection: contract.PUBLISH_REJECTED,
}

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class EventResponse(Response):
    """A reply that is already encoded: written as it is, without what a general response does for each header."""

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        self.raw_headers = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in headers.items()]
        self.raw_headers.append((b"content-length", b"%d" % len(body)))
        self.body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


class Service:
    """The function of one process; made inside its event loop."""

    def __init__(
        self, database_url: str, signing_secrets: Sequence[str], revision: str, chaos: "Chaos | None" = None
    ) -> None:
        self._signing_secrets = signing_secrets
        self._revision = revision
        self._chaos = chaos
        self._writing, self._reading = Session(database_url), Session(database_url)
        self._ledger = Ledger(self._writing, revision)
        self._catalogue = CatalogueReader(self._reading, utc_now)
        self._reply_head, self._replies = str(uuid.uuid4())[:24], itertools.count(1)

    async def close(self) -> None:
        """Let go of the database."""
        await self._ledger.close()
        await self._writing.close()
        await self._reading.close()

    async def answer(self, request: Request) -> Response:
        """The answer to any request; never an exception."""
        if request.scope["path"] in HEALTH_PATHS and request.method in ("GET", "HEAD"):
            return Response("ok\n", media_type="text/plain")
        headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in request.scope["headers"]}
        try:
            event, command = await self._read(request, headers)
        except contract.NotAnEvent as error:
            log.info("request.refused", status=400, why=str(error))
            return _problem(400, "Not an event of this function's contract", str(error))
        except contract.BadSignature as error:
            log.warning("request.refused", status=401, why=str(error))
            return _problem(401, "The signature is missing or wrong", str(error))
        except Exception:
            log.exception("request.failed")
            return _unanswered()
        return await self._answer_command(event, command, structured=contract.is_structured(headers))

    async def _read(self, request: Request, headers: Mapping[str, str]) -> tuple[contract.Event, contract.Command]:
        """The request's event and command. Raises NotAnEvent or BadSignature."""
        if request.method != "POST":
            raise contract.NotAnEvent("events are posted")
        body = await _read_body(request.receive)
        event = contract.decode_event(headers, body)
        contract.verify(self._signing_secrets, event, body, headers.get(_SIGNATURE), now=time.time())
        if event.traceparent is None and (traceparent := headers.get("traceparent")):
            event = msgspec.structs.replace(event, traceparent=traceparent[:64])
        return event, contract.decode_command(event)

    async def _answer_command(self, event: contract.Event, command: contract.Command, *, structured: bool) -> Response:
        started = time.perf_counter()
        fields = {"type": event.type, "attempt": event.attempt, "traceparent": event.traceparent}
        if isinstance(command, contract.PlaceOrder | contract.OrderRef):
            fields["order_id"] = _order_id(event, command)
        try:
            async with asyncio.timeout(_time_left_s(event)):
                reply = await self._decide(event, command)
        except _NO_ANSWER as error:
            log.warning("command.unanswered", error=type(error).__name__, **fields)
            return _unanswered()
        except Exception:
            log.exception("command.failed", **fields)
            return _unanswered()
        if reply is None:
            return _problem(500, "Injected by the chaos revision", "no work was done")
        took_ms = round((time.perf_counter() - started) * 1000, 1)
        answer = self._reply(event, reply)
        reason = getattr(reply, "reason", None)
        log.info("command.answered", reply=answer.type, reason=reason, duration_ms=took_ms, **fields)
        return EventResponse(*contract.encode_event(answer, structured=structured))

    async def _decide(self, event: contract.Event, command: contract.Command) -> Any:
        """The data of the reply; None when a fault takes its place."""
        order_id = _order_id(event, command)
        if self._chaos is not None and await self._chaos.disturb(order_id, event.attempt or 1):
            return None
        time_left_s = _time_left_s(event)
        match event.type, command:
            case contract.PLACE, contract.PlaceOrder():
                placed_at = min(event.time, utc_now())
                place = Place(event.id, contract.fingerprint(command), command, placed_at)
                return await self._ledger.submit(place, time_left_s)
            case contract.CANCEL, contract.OrderRef():
                return await self._ledger.submit(Cancel(order_id), time_left_s)
            case contract.PUBLISH, contract.Show():
                return await self._ledger.submit(Publish(command, event.time), time_left_s)
            case contract.LOOKUP, contract.OrderRef():
                async with self._reading.connection() as connection:
                    orders = await read_orders(connection, [order_id])
                return orders.get(order_id, contract.Unknown(order_id))
        return await self._catalogue.read()

    def _reply(self, event: contract.Event, reply: Any) -> contract.Event:
        found = contract.FOUND if event.type == contract.LOOKUP else contract.CONFIRMED
        return contract.Event(
            id=f"{self._reply_head}{next(self._replies):012x}",  # a UUID's form; random by process, counted within it
            type=_REPLY_TYPES.get(type(reply), found),
            source=contract.FUNCTION_SOURCE,
            time=datetime.now(UTC),
            data=msgspec.json.encode(reply),
            subject=getattr(reply, "order_id", None) or getattr(reply, "slug", None),
            traceparent=event.traceparent,
            revision=self._revision,
        )


async def _read_body(receive: Receive) -> bytes:
    """The body, if it is not over the limit. Raises NotAnEvent."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise contract.NotAnEvent("the body did not arrive whole")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > contract.MAX_BODY_BYTES:
            raise contract.NotAnEvent(f"the body is over {contract.MAX_BODY_BYTES} bytes")
    return body


def _order_id(event: contract.Event, command: contract.Command) -> str:
    return command.order_id if isinstance(command, contract.OrderRef) else event.id


def _time_left_s(event: contract.Event) -> float:
    time_left_ms = DEFAULT_TIME_LEFT_MS if event.time_left_ms is None else event.time_left_ms
    return min(time_left_ms, MAX_TIME_LEFT_MS) / 1000


def _unanswered() -> Response:
    detail = "what became of the command is not known: ask again with the same id"
    return _problem(503, "No answer in time", detail, {"Retry-After": str(RETRY_AFTER_S)})


def _problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """Problem details, RFC 9457."""
    body = msgspec.json.encode({"type": "about:blank", "title": title, "status": status, "detail": detail})
    return Response(body, status, headers, media_type="application/problem+json")
