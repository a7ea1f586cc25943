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


def read_reply(command: str, order_id: str | None, reply: Reply | NoReply) -> Data | Unconfirmed:
    """The data of a reply to the command of type `command` for the order `order_id`, if it has one."""
    if isinstance(reply, NoReply):
        return Unconfirmed(reply.why)
    if reply.status != 200:
        return Unconfirmed(f"status_{reply.status}")
    try:
        event = contract.decode_event(reply.headers, reply.body)
        if event.type not in _EXPECTED[command]:
            return Unconfirmed("unexpected_type")
        data = contract.decode_data(event, _KINDS[event.type])
    except contract.NotAnEvent:
        return Unconfirmed("not_an_event")
    if not isinstance(data, contract.Catalogue) and not event.subject == data.order_id == order_id:
        return Unconfirmed("other_order")
    return data


def is_alarming(reply: Reply | NoReply) -> bool:
    """Whether the function says that the shop itself is wrong, in what it sends or in its secret."""
    return isinstance(reply, Reply) and reply.status in (400, 401)
