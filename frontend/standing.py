"""How the sales of a show stand at a moment, as far as the catalogue tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from frontend.catalogue import Snapshot
from functions.orders import contract

FEW: Final = 10  # so many tickets or fewer are "only … left"

Sales = Literal["upcoming", "open", "sold_out", "over"]


@dataclass(frozen=True)
class Standing:
    """Whether a show can be bought, and how many tickets of it are left in all; None: not known."""

    sales: Sales
    left: int | None


@dataclass(frozen=True)
class Offer:
    """A show with what was left of it at `as_of`; `fresh` is False for last known values."""

    show: contract.ListedShow
    as_of: datetime
    fresh: bool


@dataclass(frozen=True)
class Board:
    """All shows as the shop's first page groups them, each group by start."""

    on_sale: tuple[contract.ListedShow, ...]
    upcoming: tuple[contract.ListedShow, ...]
    over: tuple[contract.ListedShow, ...]


def standing(show: contract.ListedShow, now: datetime) -> Standing:
    """How `show` stands at `now`. The window is judged here, for it is known also when the function is away."""
    counts = [ticket_type.available for ticket_type in show.ticket_types]
    known = [count for count in counts if count is not None]
    left = sum(known) if len(known) == len(counts) else None
    if now < show.sales_start:
        return Standing("upcoming", left)
    if now >= show.sales_end:
        return Standing("over", left)
    return Standing("sold_out" if left == 0 else "open", left)


def board(catalogue: contract.Catalogue, now: datetime) -> Board:
    """The shows of `catalogue`, grouped by how they stand at `now`."""
    groups: dict[str, list[contract.ListedShow]] = {"on_sale": [], "upcoming": [], "over": []}
    for show in sorted(catalogue.shows, key=lambda show: show.starts_at):
        sales = standing(show, now).sales
        groups["on_sale" if sales in ("open", "sold_out") else sales].append(show)
    return Board(**{name: tuple(shows) for name, shows in groups.items()})


def find(snapshot: Snapshot | None, slug: str) -> Offer | None:
    """The show of this slug, if it is in what is known of the catalogue."""
    if snapshot is None:
        return None
    shows = (show for show in snapshot.catalogue.shows if show.slug == slug)
    return next((Offer(show, snapshot.catalogue.as_of, snapshot.fresh) for show in shows), None)


def most(ticket_type: contract.ListedTicketType) -> int:
    """How many of `ticket_type` one order may ask for, as far as is known."""
    left = ticket_type.available
    return ticket_type.limit_per_order if left is None else min(left, ticket_type.limit_per_order)
