"""What a reply of the function decides: nothing, unless it is a well-formed CloudEvent for this very order.

A lost answer reaches the shop as the plain error of some proxy, although the order may be sold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from frontend.orders_client import Unconfirmed
from functions.orders import contract


@dataclass(frozen=True)
class Reply:
    """An HTTP answer, whole; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class NoReply:
    """No whole answer came; `why` is one word."""

    why: str


Data = contract.Order | contract.Rejection | contract.Unknown | contract.Cancelled | contract.Catalogue

_KINDS: Final[Mapping[str, type[Data]]] = {
    contract.CONFIRMED: contract.Order,
    contract.REJECTED: contract.Rejection,
    contract.FOUND: contract.Order,
    contract.UNKNOWN: contract.Unknown,
    contract.CANCELLED: contract.Cancelled,
    contract.CATALOGUE: contract.Catalogue,
}
# The types of the replies to each command.
_EXPECTED: Final[Mapping[str, frozenset[str]]] = {
    contract.PLACE: frozenset({contract.CONFIRMED, contract.REJECTED}),
    contract.LOOKUP: frozenset({contract.FOUND, contract.UNKNOWN}),
    contract.CANCEL: frozenset({contract.CANCELLED, contract.REJECTED}),
    contract.LIST: frozenset({contract.CATALOGUE}),
}


def read_reply(
    command: str, order_id: str | None, reply: Reply | NoReply, fingerprint: str | None = None
) -> Data | Unconfirmed:
    """The data of a reply to the command of type `command` for the order `order_id`, if it has one.

    A *confirmed* must be of the purchase with this `fingerprint`.
    """
    if isinstance(reply, NoReply):
        return Unconfirmed(reply.why)
    if reply.status != 200:
        return Unconfirmed(f"status_{reply.status}")
    try:
        event = contract.decode_event(reply.headers, reply.body)
        data = contract.decode_data(event, _KINDS[event.type]) if event.type in _EXPECTED[command] else None
    except contract.NotAnEvent:
        return Unconfirmed("not_an_event")
    return Unconfirmed("unexpected_type") if data is None else _fitting(event, data, order_id, fingerprint)


def _fitting(event: contract.Event, data: Data, order_id: str | None, fingerprint: str | None) -> Data | Unconfirmed:
    if not isinstance(data, contract.Catalogue) and not event.subject == data.order_id == order_id:
        return Unconfirmed("other_order")
    if event.type == contract.CONFIRMED and not _is_sold(data, fingerprint):
        return Unconfirmed("inconsistent")
    return data


def _is_sold(data: Data, fingerprint: str | None) -> bool:
    return isinstance(data, contract.Order) and data.status == "confirmed" and data.fingerprint == fingerprint


def is_alarming(reply: Reply | NoReply) -> bool:
    """Whether the function says that the shop itself is wrong, in what it sends or in its secret."""
    return isinstance(reply, Reply) and reply.status in (400, 401)


def is_failure(reply: Reply | NoReply, read: Data | Unconfirmed) -> bool:
    """Whether a reply speaks against its route. A 400 doesn't: any buyer who finds one could close the route."""
    return isinstance(read, Unconfirmed) and not (isinstance(reply, Reply) and reply.status == 400)


def retry_after_s(reply: Reply | NoReply) -> float:
    """How many seconds the function asks to leave it alone; 0 unless it does so in seconds."""
    asked = reply.headers.get("retry-after", "") if isinstance(reply, Reply) else ""
    return float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0.0


def revision_of(reply: Reply | NoReply) -> str:
    """The revision that says it replied; empty if none does."""
    return reply.headers.get("ce-revision", "") if isinstance(reply, Reply) else ""
