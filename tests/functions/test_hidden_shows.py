"""A hidden show is published, sold, looked up, cancelled and audited as any other, and never listed."""

import msgspec
import psycopg
import pytest

from functions.orders import contract
from functions.orders.contract import (
    CANCEL,
    LIST,
    LOOKUP,
    PLACE,
    PUBLISH,
    CancelOrder,
    Catalogue,
    Order,
    OrderRef,
    Published,
)
from tests.functions.breakages import ENDS, HELD
from tests.functions.local_invoker import LocalInvoker, make_order, make_show
from tests.functions.promises import assert_promises_hold, audited, broken


async def publish(function: LocalInvoker, slug: str = "behind-the-curtain", *, hidden: bool = True) -> None:
    answer = await function.send(PUBLISH, make_show(slug, hidden=hidden))
    assert answer.data(Published).slug == slug


async def listed(function: LocalInvoker) -> list[str]:
    """The slugs in the catalogue as it is now: the one that the function keeps may be a little older."""
    return sorted([slug for slug in ("behind-the-curtain", "night-of-fire") if await function.left(slug)])


async def test_it_is_not_in_the_catalogue_and_the_others_are(on_sale: LocalInvoker) -> None:
    await publish(on_sale)
    assert [show.slug for show in (await on_sale.send(LIST)).data(Catalogue).shows] == ["night-of-fire"]


async def test_an_empty_catalogue_is_all_that_a_shop_of_hidden_shows_has(function: LocalInvoker) -> None:
    await publish(function)
    assert (await function.send(LIST)).data(Catalogue).shows == ()


async def test_it_is_sold_looked_up_and_cancelled_as_any_other(function: LocalInvoker) -> None:
    await publish(function)
    placed = (await function.send(PLACE, make_order("behind-the-curtain", {"seat": 2}))).data(Order)
    assert (placed.status, placed.total, len(placed.tickets)) == ("confirmed", 5000, 2)
    assert (await function.send(LOOKUP, OrderRef(placed.order_id))).data(Order) == placed
    refused = await function.send(PLACE, make_order("behind-the-curtain", {"seat": 4}))
    assert refused.data(contract.Rejection).available[0].available == 3
    assert (await function.send(CANCEL, CancelOrder(placed.order_id))).event.type == contract.CANCELLED


async def test_a_later_publication_shows_it_and_hides_it_again(on_sale: LocalInvoker) -> None:
    await publish(on_sale)
    assert await listed(on_sale) == ["night-of-fire"]
    await publish(on_sale, hidden=False)
    assert await listed(on_sale) == ["behind-the-curtain", "night-of-fire"]
    await publish(on_sale)
    assert await listed(on_sale) == ["night-of-fire"]


async def test_the_audit_covers_it(function: LocalInvoker, orders_database_url: str) -> None:
    await publish(function)
    for _ in range(2):
        await function.send(PLACE, make_order("behind-the-curtain", {"seat": 1}))
    assert_promises_hold(orders_database_url)
    examined = {result.check.name: result.examined for result in audited(orders_database_url)}
    assert (examined[HELD], examined["an order has the tickets that it bought"]) == (2, 2)
    with psycopg.connect(orders_database_url) as session:
        session.execute("UPDATE stock SET sold = sold + 1 WHERE ticket_type = 'seat'")
    assert broken(orders_database_url) == {ENDS, HELD}


@pytest.mark.parametrize(("hidden", "sent"), [(True, True), (False, False)])
def test_a_show_that_is_not_hidden_is_sent_without_a_word_of_it(hidden: bool, sent: bool) -> None:
    """A revision that doesn't know the field yet takes such a show, too: to it an unknown field is no show."""
    body = msgspec.json.encode(make_show(hidden=hidden))
    assert (b"hidden" in body) is sent
    assert msgspec.json.decode(body, type=contract.Show).hidden is hidden
