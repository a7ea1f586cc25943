"""The event types and the data of each: what the function is asked, and what it answers.

Money is in minor units of an ISO 4217 currency; times carry an offset.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

PLACE: Final = "org.flametickets.order.place"
CONFIRMED: Final = "org.flametickets.order.confirmed"
REJECTED: Final = "org.flametickets.order.rejected"
LOOKUP: Final = "org.flametickets.order.lookup"
FOUND: Final = "org.flametickets.order.found"
UNKNOWN: Final = "org.flametickets.order.unknown"
CANCEL: Final = "org.flametickets.order.cancel"
CANCELLED: Final = "org.flametickets.order.cancelled"
PUBLISH: Final = "org.flametickets.show.publish"
PUBLISHED: Final = "org.flametickets.show.published"
PUBLISH_REJECTED: Final = "org.flametickets.show.rejected"
LIST: Final = "org.flametickets.show.list"
CATALOGUE: Final = "org.flametickets.show.catalogue"

_UUID = r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
_ONE_LINE = r"\A[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*\Z"  # no control character, not blank

OrderId = Annotated[str, Meta(pattern=_UUID)]
Slug = Annotated[str, Meta(pattern=r"\A[a-z0-9]+(-[a-z0-9]+)*\Z", max_length=64)]
Line = Annotated[str, Meta(pattern=_ONE_LINE, max_length=200)]
FingerprintStart = Annotated[str, Meta(pattern=r"\A[0-9a-f]{0,64}\Z")]
Email = Annotated[str, Meta(pattern=r"\A[^\s\x00-\x1f\x7f@]+@[^\s\x00-\x1f\x7f@]+\Z", max_length=254)]
Amount = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Currency = Annotated[str, Meta(pattern=r"\A[A-Z]{3}\Z")]
Quantity = Annotated[int, Meta(ge=1, le=100)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Moment = Annotated[datetime, Meta(tz=True)]
ImageUrl = Annotated[str, Meta(pattern=r"\Ahttps://[^\s\x00-\x1f\"'<>]+\Z", max_length=500)]

OrderStatus = Literal["confirmed", "rejected", "cancelled"]
Reason = Literal[
    "sold_out",
    "sales_closed",
    "unknown_show",
    "unknown_ticket_type",
    "limit_exceeded",
    "price_changed",
    "id_reused",
    "cancelled",
    "expired",
]
PublishReason = Literal["capacity_below_sold", "expired"]


def is_of_our_time(moment: datetime) -> bool:
    """Whether a time can be written by Python as well as by PostgreSQL, which knows offsets below 16 hours."""
    if not 1970 <= moment.year <= 9000:
        return False
    return moment.tzinfo is UTC or abs(moment.utcoffset() or timedelta()) < timedelta(hours=16)


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a caller asks for; a field that is not of the contract makes it invalid."""


class OrderLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ticket_type: Slug
    quantity: Quantity


class PlaceOrder(Command, frozen=True):
    """One purchase. `expected_total` is the total that the buyer saw, None to take any price."""

    show: Slug
    lines: Annotated[tuple[OrderLine, ...], Meta(min_length=1, max_length=20)]
    name: Line
    email: Email
    expected_total: Amount | None = None

    def __post_init__(self) -> None:
        if len({line.ticket_type for line in self.lines}) != len(self.lines):
            raise ValueError("a ticket type is named by two lines")


class OrderRef(Command, frozen=True):
    """Names the order to look up."""

    order_id: OrderId


class CancelOrder(OrderRef, frozen=True, omit_defaults=True):
    """Names the order to cancel, and by its `fingerprint`, or the start of it, the purchase that is meant.

    Two purchases may have been sent with one order id: a cancel of the other one is rejected. An empty fingerprint
    means whichever has it.
    """

    fingerprint: FingerprintStart = ""


class ListShows(Command, frozen=True):
    """Asks for the catalogue."""


class TicketType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Slug
    name: Line
    price: Amount
    currency: Currency
    capacity: Count
    limit_per_order: Quantity


class Show(Command, frozen=True, omit_defaults=True):
    """A whole show as it is published; also one entry of a shows file. A `hidden` one is sold, and never listed.

    What has its default is left out when it is sent, so that a revision from before a field was added takes the show.
    """

    slug: Slug
    title: Line
    venue: Line
    starts_at: Moment
    sales_start: Moment
    sales_end: Moment
    ticket_types: Annotated[tuple[TicketType, ...], Meta(min_length=1, max_length=20)]
    image: ImageUrl | None = None
    hidden: bool = False

    def __post_init__(self) -> None:
        if len({t.id for t in self.ticket_types}) != len(self.ticket_types):
            raise ValueError("two ticket types have the same id")
        if len({t.currency for t in self.ticket_types}) != 1:
            raise ValueError("the ticket types of a show must share one currency")
        if not all(map(is_of_our_time, (self.starts_at, self.sales_start, self.sales_end))):
            raise ValueError("a time must be from 1970 to 9000, its offset below 16 hours")
        if self.sales_end <= self.sales_start:
            raise ValueError("sales_end must be after sales_start")


class Ticket(msgspec.Struct, frozen=True):
    code: str
    ticket_type: str


class OrderedLine(msgspec.Struct, frozen=True):
    """A line as it was sold: the name and the price of that moment."""

    ticket_type: str
    name: str
    quantity: int
    price: int


class Availability(msgspec.Struct, frozen=True):
    """What is left of a ticket type, at a version of its stock."""

    ticket_type: str
    available: int
    version: int


class Order(msgspec.Struct, frozen=True):
    """An order as the function knows it: the data of *confirmed* and *found* replies.

    A confirmed order has everything. A rejected one keeps its `reason`, the lines that were asked for and what was
    `available`, with the new total if that is the reason, and neither name nor e-mail. A tombstone, cancelled
    before it arrived, has an empty `fingerprint`.
    """

    order_id: OrderId
    status: OrderStatus
    fingerprint: str
    show: str
    placed_at: Moment
    title: str = ""
    venue: str = ""
    starts_at: Moment | None = None
    lines: tuple[OrderedLine, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    total: int = 0
    currency: str = ""
    name: str = ""
    email: str = ""
    reason: Reason | None = None
    available: tuple[Availability, ...] = ()


class Rejection(msgspec.Struct, frozen=True):
    """Why an order was not sold. `available` says what is left; `total` is the new one of `price_changed`."""

    order_id: OrderId
    reason: Reason
    available: tuple[Availability, ...] = ()
    total: int | None = None
    currency: str | None = None


class Cancelled(msgspec.Struct, frozen=True):
    order_id: OrderId


class Unknown(msgspec.Struct, frozen=True):
    order_id: OrderId


class Published(msgspec.Struct, frozen=True):
    slug: str


class PublishRejection(msgspec.Struct, frozen=True):
    slug: str
    reason: PublishReason
    ticket_type: str | None = None
    sold: int | None = None


class ListedTicketType(msgspec.Struct, frozen=True):
    """A ticket type in the catalogue; `available` is None when it is not known."""

    id: str
    name: str
    price: int
    currency: str
    capacity: int
    available: int | None
    limit_per_order: int


class ListedShow(msgspec.Struct, frozen=True):
    slug: str
    title: str
    venue: str
    starts_at: Moment
    sales_start: Moment
    sales_end: Moment
    on_sale: bool
    ticket_types: tuple[ListedTicketType, ...]
    image: str | None = None


class Catalogue(msgspec.Struct, frozen=True):
    """All shows that are not hidden, by start, as they stood at `as_of`."""

    as_of: Moment
    shows: tuple[ListedShow, ...]


COMMANDS: Final[Mapping[str, type[Command]]] = {
    PLACE: PlaceOrder,
    LOOKUP: OrderRef,
    CANCEL: CancelOrder,
    PUBLISH: Show,
    LIST: ListShows,
}


def fingerprint(order: PlaceOrder) -> str:
    """Digest (64 hex digits) of what is bought, by whom, for how much: the same for each repeat of one purchase."""
    lines = sorted((line.ticket_type, line.quantity) for line in order.lines)
    content = (order.show, lines, order.name, order.email, order.expected_total)
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()
