"""The smoke test passes on each revision of the real function, faults and all, and on none that breaks its word."""

from collections.abc import Callable

import msgspec
import psycopg
import pytest

from functions.orders import contract
from scripts.inside.hidden_show import SLUG
from scripts.local.stack import Stack
from tests.functions.promises import assert_promises_hold
from tests.scripts.inside.pods import environment, run
from tests.scripts.inside.tampering import Change, tampering

STEPS = ["publish", "place", "repeat", "reuse", "lookup", "cancel"]
TICKETS_SOLD = "SELECT coalesce(sum(sold), 0) FROM stock WHERE show = %s"


def sold(stack: Stack) -> int:
    """How many tickets of the hidden show are sold now."""
    with psycopg.connect(stack.database_url) as session:
        row = session.execute(TICKETS_SOLD, [SLUG]).fetchone()
    assert row is not None
    return int(row[0])


def test_both_tags_pass_each_step_and_say_their_revision(stack: Stack) -> None:
    before = sold(stack)
    ended = run(["smoke", "stable", "chaos"], environment(stack))
    assert (ended.code, ended.last["good"]) == (0, True)
    for name, report in zip(("stable", "chaos"), ended.last["urls"], strict=True):
        assert report["url"] == stack.gateway_urls[f"{name}-orders"]
        assert report["revisions"] == [f"orders-{name}-local"]
        steps = [(step["step"], step["good"], step["tries"], step["revision"]) for step in report["steps"]]
        assert steps == [(step, True, 1, f"orders-{name}-local") for step in STEPS]
    assert sold(stack) == before
    assert_promises_hold(stack.database_url)


def test_a_faulty_revision_passes_by_asking_again_with_the_same_id(faulty_stack: Stack) -> None:
    """Sixty tries of which six in ten fail: no fault at all, or thirty in a row, come less than once in a million."""
    words = ["smoke", *["chaos"] * 3, "--tries", "30", "--try-seconds", "2"]
    ended = run(words, environment(faulty_stack), within_s=110)
    assert ended.code == 0, ended.last
    tries = [step["tries"] for report in ended.last["urls"] for step in report["steps"]]
    assert len(tries) == 18
    assert max(tries) > 1
    assert sold(faulty_stack) == 0
    assert_promises_hold(faulty_stack.database_url)


def test_with_too_few_tries_a_faulty_revision_fails_and_the_step_says_why(faulty_stack: Stack) -> None:
    words = ["smoke", *["chaos"] * 10, "--tries", "1", "--try-seconds", "2"]
    ended = run(words, environment(faulty_stack))
    assert (ended.code, ended.last["good"]) == (1, False)
    bad = [step for report in ended.last["urls"] for step in report["steps"] if not step["good"]]
    reasons = ("it answered 500: Injected by the chaos revision", "it answered 503: ", "no answer within 2 s")
    assert bad
    assert all(step["why"].startswith(reasons) for step in bad), bad


def only(kind: str, change: Callable[[contract.Event], contract.Event], nth: int = 1) -> Change:
    """Changes the replies of type `kind`, from the `nth` on."""
    seen = 0

    def tamper(reply: contract.Event) -> contract.Event:
        nonlocal seen
        seen += reply.type == kind
        return change(reply) if reply.type == kind and seen >= nth else reply

    return tamper


def with_data(**changes: object) -> Change:
    def change(reply: contract.Event) -> contract.Event:
        data = {**msgspec.json.decode(reply.data), **changes}
        return msgspec.structs.replace(reply, data=msgspec.json.encode(data))

    return change


def as_type(kind: str) -> Change:
    return lambda reply: msgspec.structs.replace(reply, type=kind)


OTHER_TICKETS = with_data(tickets=[{"code": "A", "ticket_type": "place"}, {"code": "B", "ticket_type": "place"}])
OTHER_ORDER = with_data(order_id="00000000-0000-4000-8000-000000000000")
PROMISES = {
    "fewer tickets than it sold": (
        only(contract.CONFIRMED, with_data(tickets=[])),
        {"place": "it sold 2 tickets and gave 0, the order confirmed"},
    ),
    "another order's confirmation": (
        only(contract.CONFIRMED, OTHER_ORDER),
        {"place": "it answered about another order"},
    ),
    "a rejection of what is for sale": (
        only(contract.CONFIRMED, lambda reply: as_type(contract.REJECTED)(with_data(reason="sold_out")(reply))),
        {"place": "it answered order.rejected (sold_out), not order.confirmed"},
    ),
    "other tickets for the same id": (
        only(contract.CONFIRMED, OTHER_TICKETS, nth=2),
        {"repeat": "the same order id got other tickets"},
    ),
    "the same id sold to two": (
        only(contract.REJECTED, as_type(contract.CONFIRMED)),
        {"reuse": "it answered order.confirmed, not order.rejected"},
    ),
    "a rejection of the same id for another reason": (
        only(contract.REJECTED, with_data(reason="sold_out")),
        {"reuse": "another purchase with the same order id was rejected as sold_out"},
    ),
    "a lost order": (
        only(contract.FOUND, as_type(contract.UNKNOWN)),
        {"lookup": "the order that it confirmed is not known to it"},
    ),
    "an order that nobody cancelled": (
        only(contract.FOUND, with_data(status="cancelled")),
        {"lookup": "the order that it confirmed is cancelled"},
    ),
    "an order with other tickets than it was confirmed with": (
        only(contract.FOUND, OTHER_TICKETS),
        {"lookup": "the order that it confirmed has other tickets"},
    ),
    "another order's lookup": (only(contract.FOUND, OTHER_ORDER), {"lookup": "it answered about another order"}),
    "an answer that can't be read": (
        only(contract.FOUND, with_data(status="sold")),
        {"lookup": "its answer can't be read: data is not valid: Invalid enum value 'sold' - at `$.status`"},
    ),
    "a cancel that is none": (
        only(contract.CANCELLED, as_type(contract.FOUND)),
        {"cancel": "it answered order.found, not order.cancelled"},
    ),
}


@pytest.mark.parametrize(("change", "expected"), PROMISES.values(), ids=PROMISES)
def test_a_function_that_breaks_its_word_fails_and_nothing_stays_sold(
    stack: Stack, change: Change, expected: dict[str, str]
) -> None:
    before = sold(stack)
    with tampering(stack.gateway_urls["stable-orders"], change) as url:
        ended = run(["smoke", url], environment(stack))
    assert (ended.code, ended.last["good"]) == (1, False)
    bad = {step["step"]: step["why"] for step in ended.last["urls"][0]["steps"] if not step["good"]}
    assert bad == expected
    assert sold(stack) == before


def test_a_function_that_refuses_the_show_is_asked_nothing_more(stack: Stack) -> None:
    refuse = only(contract.PUBLISHED, lambda _: reply_to_publish("capacity_below_sold"))
    with tampering(stack.gateway_urls["stable-orders"], refuse) as url:
        ended = run(["smoke", url], environment(stack))
    assert ended.code == 1
    (step,) = ended.last["urls"][0]["steps"]
    assert step["why"] == "it answered show.rejected (capacity_below_sold), not show.published"


def test_a_show_that_somebody_else_has_just_published_is_as_good(stack: Stack) -> None:
    overtaken = only(contract.PUBLISHED, lambda _: reply_to_publish("expired"))
    with tampering(stack.gateway_urls["stable-orders"], overtaken) as url:
        assert run(["smoke", url], environment(stack)).code == 0


def test_a_revision_that_knows_only_the_retired_secret_fails(stack: Stack) -> None:
    ended = run(["smoke", "stable"], environment(stack, SIGNING_SECRETS=f"{'x' * 40},{stack.signing_secret}"))
    assert ended.code == 1
    (step,) = ended.last["urls"][0]["steps"]
    assert step["why"].startswith("it answered 401: ")


def reply_to_publish(reason: contract.PublishReason) -> contract.Event:
    event = contract.Event(
        "00000000-0000-4000-8000-000000000000",
        contract.PUBLISH_REJECTED,
        contract.FUNCTION_SOURCE,
        msgspec.json.decode('"2027-01-01T00:00:00Z"', type=contract.Catalogue.__annotations__["as_of"]),
        msgspec.json.encode(contract.PublishRejection(SLUG, reason)),
    )
    return msgspec.structs.replace(event, revision="orders-stable-local")
