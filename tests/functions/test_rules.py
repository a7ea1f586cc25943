"""`rules.decide` against a small model that is written another way, on values that Hypothesis finds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.orders.contract import Availability, OrderedLine, OrderLine, OrderStatus, PlaceOrder, Show, TicketType
from functions.orders.rules import (
    Bury,
    Cancel,
    Decision,
    Free,
    LockFirst,
    Place,
    Prior,
    Refuse,
    RefuseReuse,
    Repeat,
    Sell,
    ShowOnSale,
    Stock,
    TypeOnSale,
    below_sold,
    decide,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ID = "11111111-1111-4111-8111-111111111111"
KINDS = ("balcony", "seat", "standing")
STATUSES: tuple[OrderStatus, ...] = get_args(OrderStatus)
PRICES = {"balcony": 700, "seat": 2500, "standing": 0}


@dataclass(frozen=True)
class Case:
    command: Place | Cancel
    prior: Prior | None
    show: ShowOnSale | None
    stock: Mapping[str, Stock]


def minutes(*about: int) -> st.SearchStrategy[datetime]:
    """Moments around some minutes from now: exactly then, and a microsecond to either side."""
    around = [NOW + timedelta(minutes=m) + timedelta(microseconds=u) for m in about for u in (-1, 0, 1)]
    return st.sampled_from(around)


A_WEEK = 7 * 24 * 60
T = TypeVar("T")


def mostly(usual: T, others: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Each thing is as a sale needs it more often than not: else nearly nothing would be sold."""
    return st.integers(0, 3).flatmap(lambda n: others if n == 0 else st.just(usual))


STOCK_ROWS = st.builds(
    lambda sold, left, version: Stock(sold + left, sold, version),
    st.integers(0, 5),
    st.integers(0, 9),
    st.integers(1, 9),
)
STOCK = mostly(KINDS, st.sets(st.sampled_from(KINDS)).map(tuple)).flatmap(
    lambda kinds: st.fixed_dictionaries(dict.fromkeys(kinds, STOCK_ROWS))
)
SHOWS = st.builds(
    lambda kinds, limit, start, end: ShowOnSale(
        "Title", "Venue", NOW, start, end, {kind: TypeOnSale(kind, PRICES[kind], "EUR", limit) for kind in kinds}
    ),
    mostly(KINDS, st.sets(st.sampled_from(KINDS), min_size=1).map(tuple)),
    st.integers(2, 5),
    mostly(NOW - timedelta(days=30), minutes(-A_WEEK, -5, 0)),
    mostly(NOW + timedelta(days=30), minutes(0, 5)),
)
LINES = st.dictionaries(st.sampled_from(KINDS), st.integers(1, 4), min_size=1).map(
    lambda lines: tuple(OrderLine(kind, quantity) for kind, quantity in lines.items())
)


def total_of(lines: tuple[OrderLine, ...]) -> int:
    return sum(PRICES[line.ticket_type] * line.quantity for line in lines)


@st.composite
def places(draw: st.DrawFn) -> Place:
    lines = draw(LINES)
    expected = draw(st.sampled_from([None, total_of(lines), total_of(lines) + 1]))
    order = PlaceOrder("a-show", lines, "Ann", "ann@example.org", expected)
    return Place(ID, draw(st.sampled_from(["one", "two"])), order, draw(mostly(NOW, minutes(-A_WEEK, -5, 0, 5))))


CANCELS = st.builds(Cancel, st.just(ID), st.sampled_from(["", "", "", "one", "o", "t", "twofold"]))


@st.composite
def priors(draw: st.DrawFn, stock: Mapping[str, Stock]) -> Prior:
    """What was decided about the same order id; what is sold of it is in `stock`."""
    status = draw(st.sampled_from(STATUSES))
    fingerprint = draw(st.sampled_from(["one", "two"] if status != "cancelled" else ["one", "two", ""]))
    kinds = [kind for kind, row in stock.items() if row.sold and status != "rejected" and fingerprint]
    lines = [OrderedLine(kind, kind, min(stock[kind].sold, 3), PRICES[kind]) for kind in kinds]
    if kinds and draw(st.sampled_from([True, False])):  # a type whose row was not locked
        lines += [OrderedLine(kind, kind, 1, PRICES[kind]) for kind in KINDS if kind not in stock]
    return Prior(status, fingerprint, tuple(lines))


@st.composite
def cases(draw: st.DrawFn, sellable: bool = False) -> Case:
    stock = draw(STOCK)
    return Case(
        draw(places() if sellable else places() | CANCELS),
        None if sellable else draw(st.none() | priors(stock)),
        draw(SHOWS if sellable else st.none() | SHOWS),
        stock,
    )


@st.composite
def cancels_of_what_was_sold(draw: st.DrawFn) -> Case:
    """The rows of some ticket types may not be locked."""
    kinds = draw(st.sets(st.sampled_from(KINDS), min_size=1))
    lines = tuple(OrderedLine(kind, kind, 1, PRICES[kind]) for kind in kinds)
    return Case(draw(CANCELS), Prior("confirmed", "one", lines), None, draw(STOCK))


def decide_case(case: Case) -> Decision:
    return decide(case.command, case.prior, case.show, case.stock, NOW)


def model(case: Case) -> str:
    """The name of the outcome, as the design's table of rules has it."""
    command, prior, show, stock = case.command, case.prior, case.show, case.stock
    if isinstance(command, Cancel):
        if prior and prior.fingerprint and prior.fingerprint[: len(command.fingerprint)] != command.fingerprint:
            return "reuse"
        at_hand = prior is None or {line.ticket_type for line in prior.lines} <= set(stock)
        outcomes = {None: "bury", "confirmed": "free" if at_hand else "lock first"}
        return outcomes.get(prior.status if prior else None, "repeat")
    if prior is not None:
        same = prior.fingerprint in ("", command.fingerprint)
        return "repeat" if same else "reuse"
    wanted = {line.ticket_type: line.quantity for line in command.order.lines}
    pressed = min(command.placed_at, NOW)
    reasons = {
        "expired": NOW - timedelta(days=7) > command.placed_at,
        "unknown_show": show is None,
        "unknown_ticket_type": show is not None and not set(wanted) <= set(show.types) & set(stock),
        "sales_closed": show is not None and (pressed < show.sales_start or pressed >= show.sales_end),
        "limit_exceeded": show is not None
        and any(kind in show.types and q > show.types[kind].limit_per_order for kind, q in wanted.items()),
        "sold_out": any(kind in stock and stock[kind].sold + q > stock[kind].capacity for kind, q in wanted.items()),
        "price_changed": command.order.expected_total not in (None, total_of(command.order.lines)),
    }
    return next((reason for reason, applies in reasons.items() if applies), "sell")


def name_of(decision: Decision) -> str:
    names = {Sell: "sell", RefuseReuse: "reuse", Repeat: "repeat", Free: "free", Bury: "bury", LockFirst: "lock first"}
    return decision.reason if isinstance(decision, Refuse) else names[type(decision)]


def test_the_decision_is_the_models() -> None:
    seen = set()

    @settings(max_examples=600, derandomize=True, deadline=None)
    @given(cases() | cancels_of_what_was_sold() | cases(sellable=True))
    def agrees(case: Case) -> None:
        outcome = name_of(decide_case(case))
        seen.add(outcome)
        assert outcome == model(case)

    agrees()
    refusals = {"expired", "unknown_show", "unknown_ticket_type", "sales_closed", "limit_exceeded", "sold_out"}
    assert seen == {"sell", "free", "lock first", "bury", "repeat", "reuse", "price_changed", *refusals}


@settings(max_examples=200, derandomize=True, deadline=None)
@given(cases())
def test_the_same_is_decided_about_the_same(case: Case) -> None:
    stock = dict(case.stock)
    assert decide_case(case) == decide_case(case)
    assert case.stock == stock


@settings(max_examples=200, derandomize=True, deadline=None)
@given(cases(sellable=True))
def test_what_is_sold_is_what_was_asked_for_and_was_there(case: Case) -> None:
    decision = decide_case(case)
    if not isinstance(decision, Sell) or not isinstance(case.command, Place):
        return
    order = case.command.order
    assert [(line.ticket_type, line.quantity) for line in decision.lines] == [
        (line.ticket_type, line.quantity) for line in order.lines
    ]
    assert (decision.total, decision.currency) == (total_of(order.lines), "EUR")
    assert set(decision.stock) == {line.ticket_type for line in order.lines}
    for line in order.lines:
        before, after = case.stock[line.ticket_type], decision.stock[line.ticket_type]
        assert after == Stock(before.capacity, before.sold + line.quantity, before.version + 1)
        assert 0 <= after.sold <= after.capacity


@settings(max_examples=200, derandomize=True, deadline=None)
@given(cases(sellable=True))
def test_what_was_sold_out_says_what_was_left(case: Case) -> None:
    decision = decide_case(case)
    if isinstance(decision, Refuse) and decision.reason in ("sold_out", "price_changed"):
        assert isinstance(case.command, Place)
        assert decision.available == tuple(
            Availability(kind, case.stock[kind].available, case.stock[kind].version)
            for kind in (line.ticket_type for line in case.command.order.lines)
        )
        assert decision.total == (total_of(case.command.order.lines) if decision.reason == "price_changed" else None)
    elif isinstance(decision, Refuse):
        assert (decision.available, decision.total) == ((), None)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(cases(sellable=True))
def test_a_cancel_gives_back_what_was_sold(case: Case) -> None:
    sold = decide_case(case)
    if not isinstance(sold, Sell) or not isinstance(case.command, Place):
        return
    prior = Prior("confirmed", case.command.fingerprint, sold.lines)
    freed = decide(Cancel(ID), prior, case.show, {**case.stock, **sold.stock}, NOW)
    assert isinstance(freed, Free)
    assert {kind: (row.capacity, row.sold) for kind, row in freed.stock.items()} == {
        kind: (case.stock[kind].capacity, case.stock[kind].sold) for kind in sold.stock
    }
    assert all(row.version == case.stock[kind].version + 2 for kind, row in freed.stock.items())


@settings(max_examples=200, derandomize=True, deadline=None)
@given(cases(), st.sampled_from([0, 1, A_WEEK]))
def test_once_decided_a_purchase_is_only_repeated(case: Case, later: int) -> None:
    first = decide_case(case)
    if isinstance(case.command, Place) and isinstance(first, Sell | Refuse):
        status: Any = "confirmed" if isinstance(first, Sell) else "rejected"
        prior = Prior(status, case.command.fingerprint, first.lines)
        again = decide(case.command, prior, None, {}, NOW + timedelta(minutes=later))
        assert again == Repeat()


@settings(max_examples=200, derandomize=True, deadline=None)
@given(STOCK, st.lists(st.integers(0, 8), min_size=3, max_size=3))
def test_a_capacity_may_not_go_below_what_is_sold(stock: dict[str, Stock], capacities: list[int]) -> None:
    kinds = tuple(
        TicketType(kind, kind, 1, "EUR", capacity, 1) for kind, capacity in zip(KINDS, capacities, strict=True)
    )
    show = Show("a-show", "Title", "Venue", NOW, NOW, NOW + timedelta(days=1), kinds)
    too_small = [
        (kind, stock[kind].sold)
        for kind, capacity in zip(KINDS, capacities, strict=True)
        if kind in stock and stock[kind].sold > capacity
    ]
    assert below_sold(show, stock) == (too_small[0] if too_small else None)
