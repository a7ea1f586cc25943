"""What may become of the orders of a test: a model of the ledger that knows neither time nor SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from functions.orders.backlog import Command, Publish, Reply
from functions.orders.contract import Cancelled, Order, Published, PublishRejection, Rejection
from functions.orders.rules import Cancel, Place

ABSENT = "absent"
PRICE = 100  # of each ticket
LIMIT = 3  # of each order, for each type
Left = Mapping[tuple[str, str], int]
"""What is left of each ticket type that is on sale, by show and type."""


@dataclass(frozen=True)
class Known:
    """An order as it is stored; `fingerprint` is "" of a tombstone."""

    status: str
    fingerprint: str = ""
    reason: str | None = None
    tickets: tuple[str, ...] = ()


UNKNOWN = Known(ABSENT)


def may_become(before: Known, commands: Iterable[Command], after: Known) -> bool:
    """Whether commands about one order, in any order and each carried out or not, lead from `before` to `after`."""
    places = {command.fingerprint for command in commands if isinstance(command, Place)}
    cancelled = [command.fingerprint for command in commands if isinstance(command, Cancel)]
    if after.status == before.status:
        return after == before
    if before.status == ABSENT:
        placed = after.fingerprint in places
        return placed or (after.status == "cancelled" and after.fingerprint == "" and cancelled != [])
    own = any(after.fingerprint.startswith(start) for start in cancelled)
    return before.status == "confirmed" and after.status == "cancelled" and own


def agrees(command: Command, reply: Reply, after: Known) -> bool:
    """Whether a reply is true of the order as it is found after all replies of its moment."""
    match command, reply:
        case Place(fingerprint=fingerprint), Order(status="confirmed"):
            same = reply.fingerprint == after.fingerprint == fingerprint and codes(reply) == after.tickets
            true = same and after.status in ("confirmed", "cancelled")
        case Place(fingerprint=fingerprint), Rejection(reason="id_reused"):
            true = after.fingerprint not in ("", fingerprint)
        case Cancel(fingerprint=start), Rejection(reason="id_reused"):
            true = not after.fingerprint.startswith(start)
        case Place(), Rejection(reason="cancelled"):
            true = after.status == "cancelled"
        case _, Rejection():
            true = (after.status, after.reason) == ("rejected", reply.reason)
        case Cancel(fingerprint=start), Cancelled():
            true = after.status == "cancelled" and (after.fingerprint.startswith(start) or after.fingerprint == "")
        case _:
            true = isinstance(command, Publish) and isinstance(reply, Published | PublishRejection)
    return true


def codes(order: Order) -> tuple[str, ...]:
    return tuple(sorted(ticket.code for ticket in order.tickets))


def expected(command: Place | Cancel, before: Known, left: Left) -> str:
    """What one command alone is answered, with nothing else going on: a status or a reason."""
    if isinstance(command, Cancel):
        reused = before.fingerprint and not before.fingerprint.startswith(command.fingerprint)
        return "id_reused" if reused else before.reason or "cancelled"
    if before.status == ABSENT:
        return expected_sale(command, left)
    reused = before.fingerprint not in ("", command.fingerprint)
    return "id_reused" if reused else before.reason or before.status


def expected_sale(place: Place, left: Left) -> str:
    wanted = {(place.order.show, line.ticket_type): line.quantity for line in place.order.lines}
    reasons = {
        "unknown_show": place.order.show not in {show for show, _ in left},
        "unknown_ticket_type": not wanted.keys() <= left.keys(),
        "limit_exceeded": any(quantity > LIMIT for quantity in wanted.values()),
        "sold_out": any(quantity > left.get(key, 0) for key, quantity in wanted.items()),
        "price_changed": place.order.expected_total not in (None, PRICE * sum(wanted.values())),
    }
    return next((reason for reason, applies in reasons.items() if applies), "confirmed")


def word(reply: Reply) -> str:
    """A reply in one word, to compare it with what was expected."""
    match reply:
        case Order():
            return reply.status
        case Rejection():
            return reply.reason
        case Cancelled():
            return "cancelled"
    return type(reply).__name__


def about(order_id: str, commands: Sequence[Command]) -> list[Command]:
    return [command for command in commands if isinstance(command, Place | Cancel) and command.order_id == order_id]
