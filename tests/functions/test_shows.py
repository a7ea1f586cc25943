"""Publishing shows and listing them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from functions.orders import contract
from functions.orders.contract import LIST, PLACE, PUBLISH, Catalogue, Order, Published, PublishRejection, Rejection
from tests.functions.local_invoker import LocalInvoker, make_order, make_show


async def test_a_published_show_is_listed_with_what_is_left(on_sale: LocalInvoker) -> None:
    await on_sale.send(PLACE, make_order(lines={"seat": 2}))
    before = datetime.now(UTC)
    catalogue = (await on_sale.send(LIST)).data(Catalogue)
    assert before <= catalogue.as_of <= datetime.now(UTC)
    (show,) = catalogue.shows
    assert (show.slug, show.title, show.on_sale) == ("night-of-fire", "Night of Fire", True)
    assert [(kind.id, kind.capacity, kind.available) for kind in show.ticket_types] == [
        ("seat", 5, 3),
        ("standing", 3, 3),
    ]


@pytest.mark.parametrize("offset", ["+09:00", "-03:30", "+00:00"])
async def test_times_keep_the_offset_of_the_place(function: LocalInvoker, offset: str) -> None:
    start = datetime.fromisoformat(f"2027-05-01T19:30:00.000001{offset}")
    await function.send(PUBLISH, make_show(starts_at=start, sales_end=start.astimezone(UTC)))
    (show,) = (await function.send(LIST)).data(Catalogue).shows
    order = (await function.send(PLACE, make_order())).data(Order)
    found = (await function.send(contract.LOOKUP, contract.OrderRef(order.order_id))).data(Order)
    for told in (show.starts_at, show.sales_end, order.starts_at, found.starts_at):
        assert told is not None
        assert told.isoformat() == start.isoformat()


async def test_an_empty_shop_has_an_empty_catalogue(function: LocalInvoker) -> None:
    assert (await function.send(LIST)).data(Catalogue).shows == ()


@pytest.mark.parametrize(("start", "end", "on_sale"), [(-2, -1, False), (-1, 1, True), (1, 2, False)])
async def test_a_show_is_on_sale_within_its_window(function: LocalInvoker, start: int, end: int, on_sale: bool) -> None:
    now = datetime.now(UTC)
    show = make_show(sales_start=now + timedelta(days=start), sales_end=now + timedelta(days=end))
    await function.send(PUBLISH, show)
    assert (await function.send(LIST)).data(Catalogue).shows[0].on_sale is on_sale


async def test_publishing_again_changes_the_show_and_keeps_its_orders(on_sale: LocalInvoker) -> None:
    order = (await on_sale.send(PLACE, make_order(lines={"seat": 4}))).data(Order)
    changed = make_show(title="Night of Embers", ticket_types=types(seat=4))
    assert (await on_sale.send(PUBLISH, changed)).data(Published).slug == "night-of-fire"
    (show,) = (await on_sale.send(LIST)).data(Catalogue).shows
    assert (show.title, [kind.available for kind in show.ticket_types]) == ("Night of Embers", [0])
    found = (await on_sale.send(contract.LOOKUP, contract.OrderRef(order.order_id))).data(Order)
    assert (found.title, found.tickets) == ("Night of Embers", order.tickets)


async def test_publishing_the_same_again_changes_no_stock(on_sale: LocalInvoker, orders_database_url: str) -> None:
    await on_sale.send(PUBLISH, make_show())
    with psycopg.connect(orders_database_url) as session:
        assert session.execute("SELECT count(*) FROM stock_journal").fetchone() == (2,)


async def test_a_capacity_below_what_is_sold_is_refused(on_sale: LocalInvoker) -> None:
    await on_sale.send(PLACE, make_order(lines={"seat": 4}))
    answer = await on_sale.send(PUBLISH, make_show(title="Changed", ticket_types=types(seat=3)))
    assert answer.event.type == contract.PUBLISH_REJECTED
    expected = PublishRejection("night-of-fire", "capacity_below_sold", ticket_type="seat", sold=4)
    assert answer.data(PublishRejection) == expected
    assert (await on_sale.send(LIST)).data(Catalogue).shows[0].title == "Night of Fire"


async def test_an_outdated_publication_is_refused(on_sale: LocalInvoker) -> None:
    answer = await on_sale.send(PUBLISH, make_show(), time=datetime.now(UTC) - timedelta(hours=1))
    assert answer.data(PublishRejection).reason == "expired"


async def test_a_ticket_type_that_is_no_longer_published_is_not_sold(on_sale: LocalInvoker) -> None:
    await on_sale.send(PUBLISH, make_show(ticket_types=types(seat=5)))
    assert (await on_sale.send(PLACE, make_order(lines={"standing": 1}))).data(Rejection).reason == (
        "unknown_ticket_type"
    )
    await on_sale.send(PUBLISH, make_show())
    assert (await on_sale.send(PLACE, make_order(lines={"standing": 1}))).data(Order).status == "confirmed"


@pytest.mark.parametrize(
    "change",
    [
        {"slug": "Not A Slug"},
        {"ticket_types": []},
        {"starts_at": "2026-01-01T00:00:00"},
        {"starts_at": "2026-01-01T00:00:00+23:59"},
        {"starts_at": "9999-01-01T00:00:00Z"},
        {"sales_end": "2020-01-01T00:00:00Z"},
        {"image": "http://example.org/a.png"},
        {"hidden": "yes"},
        {"ticket_types": [{"id": "a", "name": "A", "price": -1, "currency": "EUR", "capacity": 1}]},
    ],
)
async def test_a_show_that_is_not_of_the_contract_gets_400(
    lonely_function: LocalInvoker, change: dict[str, Any]
) -> None:
    show = {**msgspec.to_builtins(make_show()), **change}
    assert (await lonely_function.send(PUBLISH, show)).problem["status"] == 400


@pytest.mark.parametrize(("id", "currency"), [("seat", "EUR"), ("standing", "USD")])
async def test_ticket_types_that_contradict_each_other_get_400(
    lonely_function: LocalInvoker,
    id: str,  # noqa: A002  # the field's own name
    currency: str,
) -> None:
    show = msgspec.to_builtins(make_show())
    seat, standing = show["ticket_types"]
    show["ticket_types"] = [seat, {**standing, "id": id, "currency": currency}]
    assert (await lonely_function.send(PUBLISH, show)).problem["status"] == 400


def types(**capacities: int) -> tuple[contract.TicketType, ...]:
    return tuple(contract.TicketType(name, name.title(), 2500, "EUR", n, 4) for name, n in capacities.items())
