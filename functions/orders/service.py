"""From an HTTP request to its answer: decode, verify, decide within the time left, encode."""

import asyncio
import itertools
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import psycopg
import structlog
from starlette.types import Receive, Scope, Send

from functions.orders import asgi, contract
from functions.orders.backlog import Overloaded, Publish
from functions.orders.catalogue import CatalogueReader
from functions.orders.database import Connect, Session, UnsafeDatabase
from functions.orders.ledger import Clock, Ledger, Unanswered, utc_now
from functions.orders.rules import Cancel, Place
from functions.orders.store import read_orders

if TYPE_CHECKING:
    from functions.orders.chaos import Chaos

HEALTH_PATHS: Final = ("/healthz", "/readyz")
DEFAULT_TIME_LEFT_S: Final = 2.0
MAX_TIME_LEFT_S: Final = 10.0
RETRY_AFTER_S: Final = 1
_SIGNATURE: Final = contract.SIGNATURE_HEADER.lower()

_NO_ANSWER: Final = (Unanswered, TimeoutError, psycopg.Error, OSError, UnsafeDatabase)
_UNANSWERED: Final = asgi.problem(
    503, "No answer in time", "what became of the command is not known: ask again with the same id", RETRY_AFTER_S
)
_INJECTED: Final = asgi.problem(500, "Injected by the chaos revision", "no work was done")
_REPLY_TYPES: Final[dict[type, str]] = {
    contract.Rejection: contract.REJECTED,
    contract.Cancelled: contract.CANCELLED,
    contract.Unknown: contract.UNKNOWN,
    contract.Catalogue: contract.CATALOGUE,
    contract.Published: contract.PUBLISHED,
    contract.PublishRejection: contract.PUBLISH_REJECTED,
}

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Service:
    """The function of one process; made inside its event loop.

    `now` is its only clock of the day; it, what connects and what makes the tickets' codes are given by a simulator.
    """

    def __init__(
        self,
        database_url: str,
        signing_secrets: Sequence[str],
        revision: str,
        chaos: "Chaos | None" = None,
        *,
        now: Clock = utc_now,
        connect: Connect | None = None,
        new_code: Callable[[], str] | None = None,
    ) -> None:
        self._signing_secrets = signing_secrets
        self._revision = revision
        self._chaos = chaos
        self._now = now
        self._writing, self._reading = Session(database_url, connect), Session(database_url, connect)
        self._ledger = Ledger(self._writing, revision, now=now, new_code=new_code)
        self._catalogue = CatalogueReader(self._reading, now)
        self._told_at, self._shed_since_told = -1.0, 0
        self._reply_head, self._replies = str(uuid.uuid4())[:24], itertools.count(1)

    async def close(self) -> None:
        """Let go of the database."""
        await self._ledger.close()
        await self._writing.close()
        await self._reading.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, as an ASGI application does; never an exception."""
        if (answer := await self._answer(scope, receive)) is not None:
            await answer.send(send)

    async def _answer(self, scope: Scope, receive: Receive) -> asgi.Answer | None:
        """The answer; None if the chaos revision keeps it to itself."""
        if scope["path"] in HEALTH_PATHS and scope["method"] in ("GET", "HEAD"):
            return asgi.text(b"ok\n")
        if self._ledger.is_full_for(DEFAULT_TIME_LEFT_S):  # unread: what refusing costs comes off what can be sold
            return self._shed()
        headers = asgi.read_headers(scope)
        try:
            event, command = await self._read(scope, receive, headers)
        except contract.NotAnEvent as error:
            log.info("request.refused", status=400, why=str(error))
            return asgi.problem(400, "Not an event of this function's contract", str(error))
        except contract.BadSignature as error:
            log.warning("request.refused", status=401, why=str(error))
            return asgi.problem(401, "The signature is missing or wrong", str(error))
        except Exception:
            log.exception("request.failed")
            return _UNANSWERED
        structured = contract.is_structured(headers)
        return await (
            self._answer_command(event, command, structured=structured)
            if self._chaos is None
            else self._answer_disturbed(self._chaos, event, command, structured, receive)
        )

    async def _answer_disturbed(
        self, chaos: "Chaos", event: contract.Event, command: contract.Command, structured: bool, receive: Receive
    ) -> asgi.Answer | None:
        time_left_s = _time_left_s(event)

        def work(waited_s: float) -> Awaitable[asgi.Answer]:
            left_ms = max(0, round((time_left_s - waited_s) * 1000))
            left = msgspec.structs.replace(event, time_left_ms=left_ms)
            return self._answer_command(left, command, structured=structured)

        return await chaos.disturb(event, _order_id(event, command), time_left_s, work, receive, failed=_INJECTED)

    async def _read(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str]
    ) -> tuple[contract.Event, contract.Command]:
        """The request's event and command. Raises NotAnEvent or BadSignature."""
        if scope["method"] != "POST":
            raise contract.NotAnEvent("events are posted")
        body = await asgi.read_body(receive)
        event = contract.decode_event(headers, body)
        contract.verify(self._signing_secrets, event, body, headers.get(_SIGNATURE), now=self._now().timestamp())
        if event.traceparent is None and (traceparent := headers.get("traceparent")):
            event = msgspec.structs.replace(event, traceparent=traceparent[:64])
        return event, contract.decode_command(event)

    async def _answer_command(
        self, event: contract.Event, command: contract.Command, *, structured: bool
    ) -> asgi.Answer:
        started = time.perf_counter()
        order_id = _order_id(event, command)
        fields = {"type": event.type, "order_id": order_id, "attempt": event.attempt, "traceparent": event.traceparent}
        try:
            reply = await self._decide(event, command, _time_left_s(event))
        except Overloaded:
            return self._shed()
        except _NO_ANSWER as error:
            log.warning("command.unanswered", error=type(error).__name__, **fields)
            return _UNANSWERED
        except Exception:
            log.exception("command.failed", **fields)
            return _UNANSWERED
        took_ms = round((time.perf_counter() - started) * 1000, 1)
        answer = self._reply(event, reply)
        reason = getattr(reply, "reason", None)
        log.info("command.answered", reply=answer.type, reason=reason, duration_ms=took_ms, **fields)
        return asgi.encoded(*contract.encode_event(answer, structured=structured))

    async def _decide(self, event: contract.Event, command: contract.Command, time_left_s: float) -> Any:
        """The data of the reply. Raises what stands for no answer; `submit` keeps to the time left by itself."""
        match command:
            case contract.PlaceOrder():
                placed_at = min(event.time, self._now())
                place = Place(event.id, contract.fingerprint(command), command, placed_at)
                return await self._ledger.submit(place, time_left_s)
            case contract.CancelOrder(order_id, fingerprint):
                return await self._ledger.submit(Cancel(order_id, fingerprint), time_left_s)
            case contract.Show():
                return await self._ledger.submit(Publish(command, event.time), time_left_s)
        async with asyncio.timeout(time_left_s):
            if isinstance(command, contract.OrderRef):
                return await self._look_up(command.order_id)
            return await self._catalogue.read()

    async def _look_up(self, order_id: str) -> contract.Order | contract.Unknown:
        async with self._reading.connection() as connection:
            orders = await read_orders(connection, [order_id])
        return orders.get(order_id, contract.Unknown(order_id))

    def _shed(self) -> asgi.Answer:
        """Refuse a request because too many wait, with a line in the log for each second of it."""
        self._shed_since_told += 1
        if (now := time.monotonic()) - self._told_at >= 1:
            log.warning("requests.shed", count=self._shed_since_told)
            self._told_at, self._shed_since_told = now, 0
        return _UNANSWERED

    def _reply(self, event: contract.Event, reply: Any) -> contract.Event:
        found = contract.FOUND if event.type == contract.LOOKUP else contract.CONFIRMED
        return contract.Event(
            id=f"{self._reply_head}{next(self._replies):012x}",  # a UUID's form; random by process, counted within it
            type=_REPLY_TYPES.get(type(reply), found),
            source=contract.FUNCTION_SOURCE,
            time=self._now(),
            data=msgspec.json.encode(reply),
            subject=getattr(reply, "order_id", None) or getattr(reply, "slug", None),
            traceparent=event.traceparent,
            revision=self._revision,
        )


def _order_id(event: contract.Event, command: contract.Command) -> str:
    return command.order_id if isinstance(command, contract.OrderRef) else event.id


def _time_left_s(event: contract.Event) -> float:
    time_left_s = DEFAULT_TIME_LEFT_S if event.time_left_ms is None else event.time_left_ms / 1000
    return min(time_left_s, MAX_TIME_LEFT_S)
