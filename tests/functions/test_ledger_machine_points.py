"""A crash at each await point of the ledger in turn: one after the other, until there is none left."""

import asyncio
import uuid
from datetime import UTC, datetime

import pytest

from functions.orders.backlog import Command, Publish, Reply
from functions.orders.contract import Cancelled, Order, TicketType, fingerprint
from functions.orders.ledger import Unanswered
from functions.orders.rules import Cancel, Place
from tests.functions.local_invoker import make_order, make_show
from tests.functions.promises import assert_promises_hold
from tests.functions.writers import CRASHES, Crash, Writer, watch_tasks


def make_place(lines: dict[str, int]) -> Place:
    order = make_order(lines=lines)
    return Place(str(uuid.uuid4()), fingerprint(order), order, datetime.now(UTC))


async def ask_until_answered(writer: Writer, command: Command) -> Reply:
    """As a buyer does: the same again."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await writer.submit(command)
            except Unanswered:
                continue


@pytest.mark.parametrize("connected", [False, True])
@pytest.mark.parametrize("crash", CRASHES)
async def test_a_crash_at_any_point_costs_no_order_and_doubles_none(
    orders_database_url: str, crash: Crash, connected: bool
) -> None:
    watch_tasks(asyncio.get_running_loop())
    seat, standing = (TicketType(kind, kind, 100, "EUR", 10_000, 4) for kind in ("seat", "standing"))
    buyer = Writer(orders_database_url)
    await buyer.submit(Publish(make_show(ticket_types=(seat, standing)), datetime.now(UTC)))
    points = 0
    while True:
        bought = make_place({"seat": 1})
        confirmed = await buyer.submit(bought)
        crashing = Writer(orders_database_url)
        if connected:
            await crashing.submit(make_place({"seat": 1, "standing": 2}))
        crashing.crash_at(points + 1, crash)
        reopened = asyncio.create_task(crashing.reopen_after(crash))
        new = make_place({"seat": 2, "standing": 1})
        commands: list[Command] = [new, bought, Cancel(bought.order_id)]
        asked = [asyncio.create_task(crashing.submit(command)) for command in commands]
        await asyncio.wait([*asked, reopened], return_when=asyncio.FIRST_COMPLETED)
        first, _, cancelled = await asyncio.gather(*asked, return_exceptions=True)
        again = await ask_until_answered(buyer, new)
        assert isinstance(again, Order)
        assert first == again or isinstance(first, Unanswered)
        assert cancelled == Cancelled(bought.order_id) or isinstance(cancelled, Unanswered)
        assert await ask_until_answered(buyer, Cancel(bought.order_id)) == Cancelled(bought.order_id)
        assert isinstance(confirmed, Order)
        fired = crashing.points.fired.is_set() or reopened.done()
        reopened.cancel()
        await asyncio.wait([reopened])
        await crashing.close()
        assert_promises_hold(orders_database_url)
        if not fired:
            break
        points += 1
    await buyer.close()
    assert points > 2
