"""Of those who share an order id only who has the order may be told of it."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec
import pytest

from scripts.proof.checker.snapshots import LedgerSnapshot, StoredOrder
from scripts.proof.history import Attempt, Told
from scripts.proof.simulation.drawing import draw
from scripts.proof.simulation.plans import Plan
from scripts.proof.simulation.strangers import fingerprint, strangers, told_too_much, without


@pytest.fixture
def plan() -> Plan:
    """Two buyers, the second with the order id of the first."""
    first, second, *_ = draw(1).visits
    taken = replace(second.person, order_id=first.person.order_id, number=1)
    mine = msgspec.structs.replace(first, person=replace(first.person, number=0), lines={"seat": 1})
    other = msgspec.structs.replace(second, person=taken, lines={"seat": 2})
    return msgspec.structs.replace(draw(1), visits=(mine, other))


def ledger(orders: Mapping[str, StoredOrder]) -> LedgerSnapshot:
    return LedgerSnapshot("last-night", orders, {}, {})


def stored(plan: Plan, visit: int | None) -> LedgerSnapshot:
    order_id = plan.visits[0].person.order_id
    known = "" if visit is None else fingerprint(plan.visits[visit])
    return ledger({order_id: StoredOrder(order_id, "cancelled", "last-night", known)})


def heard(buyer: int, told: Told, reason: str | None = None) -> Attempt:
    return Attempt(buyer, "id", "place", 0.0, 1.0, 1.0, 200, told, reason=reason)


@pytest.mark.parametrize(("has_it", "expected"), [(0, {1}), (1, {0}), (None, set())])
def test_who_has_another_purchase_under_the_order_id_is_a_stranger(
    plan: Plan, has_it: int | None, expected: set[int]
) -> None:
    assert strangers(plan, stored(plan, has_it)) == expected


def test_who_bought_nothing_yet_is_no_stranger(plan: Plan) -> None:
    assert strangers(plan, ledger({})) == set()


def test_a_stranger_may_be_told_that_the_id_is_used_and_nothing_of_the_order() -> None:
    harmless = [heard(1, "accepted"), heard(1, "rejected", "id_reused"), heard(1, "not_found"), heard(0, "confirmed")]
    assert list(told_too_much(harmless, {1})) == []
    for told in (heard(1, "confirmed"), heard(1, "cancelled"), heard(1, "rejected", "sold_out")):
        assert len(list(told_too_much([told], {1}))) == 1
    assert without(harmless, {1}) == [harmless[-1]]
