"""What a person does in the shop, led through it step by step; the shop's own answers and pages are read."""

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from frontend.admission import ADMISSION
from frontend.app import create_app
from frontend.settings import Settings
from scripts.proof.sale.buyer import Answer, Request
from scripts.proof.sale.crowd import Plan
from scripts.proof.sale.person import Person
from scripts.proof.sale.told import left, told
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders
from tests.scripts.proof.sale.asking import ask, plan_of, someone, walk

NO_HABITS: dict[str, Any] = {
    "quantity": 2,
    "without_script": False,
    "double_clicks": False,
    "leaves_after_s": None,
    "away_s": 5.0,
    "reloads": (),
    "sees_pages": False,
    "cancels_after_s": None,
}
BY_SCRIPT = replace(plan_of(), **NO_HABITS)
BY_FORM = replace(BY_SCRIPT, without_script=True)
both = pytest.mark.parametrize("plan", [BY_SCRIPT, BY_FORM], ids=["script", "form"])


@both
def test_who_buys_has_tickets(http: FlaskClient, orders: FakeOrders, plan: Plan) -> None:
    person = someone(plan)
    walk(http, person)
    assert (person.saw, len(person.codes), person.contradictions) == ("confirmed", 2, [])
    assert person.codes == {ticket.code for ticket in orders._orders[person.order_id].tickets}


@both
def test_who_comes_too_late_is_told_what_is_left(http: FlaskClient, orders: FakeOrders, plan: Plan) -> None:
    orders._left["spring-gala", "stalls"] = 1
    person = someone(plan)
    person.begin(0.0)
    answer = Answer()
    while (step := person.next) is not None:
        answer = ask(http, step.requests[0])
        person.hear([answer], 1.0)
    assert (person.saw, person.reason, told(answer)) == ("rejected", "sold_out", "rejected")
    assert left(answer)["stalls"] == 1


def test_who_finds_no_form_any_more_never_had_an_order(http: FlaskClient, orders: FakeOrders) -> None:
    orders._left.update({("spring-gala", "stalls"): 0, ("spring-gala", "balcony"): 0})
    person = someone(BY_FORM)
    assert walk(http, person) == ["look"]
    assert (person.saw, person.reason) == ("rejected", "not_offered")


@both
def test_an_accepted_order_is_followed_until_it_is_decided(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, plan: Plan
) -> None:
    orders.away = True
    seen: list[str] = []

    def back_after_two_looks(request: Request) -> None:
        seen.append(person.saw)
        orders.away = seen.count("accepted") < 3 and "accepted" in seen
        if not orders.away and "accepted" in seen and (kept := pending.lease()):
            orders.replay(person.order_id, kept.order, kept.pressed_at, "-")  # type: ignore[union-attr]
        orders.away = orders.away or ("accepted" not in seen and request.method == "POST")

    person = someone(plan)
    walk(http, person, back_after_two_looks)
    assert person.accepted_first
    assert (person.saw, len(person.codes), person.contradictions) == ("confirmed", 2, [])


@both
def test_what_is_not_known_is_sent_again_with_the_same_order_id(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, plan: Plan
) -> None:
    pending.full = True
    sent: list[str] = []

    def away_for_two_presses(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.headers.get("Idempotency-Key") or (request.form or {})["order_id"])
        orders.away = 0 < len(sent) < 3

    person = someone(plan)
    walk(http, person, away_for_two_presses)
    assert sent == [person.order_id] * 3
    assert (person.saw, person.answers[-3:-1]) == ("confirmed", [503, 503])


@both
def test_a_busy_shop_is_asked_again(settings: Settings, orders: FakeOrders, plan: Plan) -> None:
    """One request at a time, nobody waits, and somebody else has the place at the first press."""
    app = create_app(replace(settings, web_threads=1, web_waiting=0), orders, FakePending())
    http, admission = app.test_client(), app.extensions[ADMISSION]
    presses: list[Request] = []

    def full_at_the_first(request: Request) -> None:
        presses.extend([request] if request.method == "POST" else [])
        if len(presses) == 1:
            assert admission.enter()
        elif len(presses) == 2:
            admission.leave()

    person = someone(plan)
    walk(http, person, full_at_the_first)
    assert (person.saw, person.answers[-2]) == ("confirmed", 503)
    assert presses == [presses[0]] * 2
    assert orders.calls.count("place") == 1


@both
def test_a_double_click_is_two_requests_and_one_order(http: FlaskClient, orders: FakeOrders, plan: Plan) -> None:
    person = someone(replace(plan, double_clicks=True))
    assert walk(http, person)[-2:] == ["place", "double_click"]
    assert orders.calls.count("place") == 2
    assert orders._left["spring-gala", "stalls"] == 98
    assert (person.saw, person.contradictions) == ("confirmed", [])


@both
@pytest.mark.parametrize("unheard", [0, 1])
def test_a_click_without_an_answer_leads_to_the_order_all_the_same(http: FlaskClient, plan: Plan, unheard: int) -> None:
    person = someone(replace(plan, double_clicks=True))
    person.begin(0.0)
    while (step := person.next) is not None:
        answers = [ask(http, request) for request in step.requests]
        if len(answers) == 2:
            answers[unheard] = Answer(503, {"status": 503, "busy": True}, 1.0)
        last = answers[-1]
        person.hear(answers, 0.0)
    assert (person.saw, told(last)) == ("confirmed", "confirmed")


@both
@pytest.mark.parametrize("as_page", [True, False])
def test_who_reloads_reads_the_same_again(http: FlaskClient, plan: Plan, as_page: bool) -> None:
    person = someone(replace(plan, reloads=(1.0, 2.0), sees_pages=as_page))
    assert walk(http, person)[-3:] == ["place", "look", "look"]
    assert (person.saw, person.contradictions) == ("confirmed", [])


@both
def test_who_cancels_gives_the_tickets_back(http: FlaskClient, orders: FakeOrders, plan: Plan) -> None:
    person = someone(replace(plan, number=1, cancels_after_s=2.0))
    assert walk(http, person)[-3:] == ["place", "cancel", "look"]
    assert (person.saw, person.codes, person.contradictions) == ("cancelled", frozenset(), [])
    assert orders._left["spring-gala", "stalls"] == 100


@both
def test_who_does_not_want_to_wait_cancels_a_pending_order(http: FlaskClient, orders: FakeOrders, plan: Plan) -> None:
    orders.away = True
    person = someone(replace(plan, number=2, cancels_after_s=2.0))

    def back_for_the_cancel(request: Request) -> None:
        orders.away = request.method == "POST" and request.action == "place"

    actions = walk(http, person, back_for_the_cancel)
    assert actions[-1] == "cancel"
    assert (person.saw, person.accepted_first, person.contradictions) == ("cancelled", True, [])


@both
def test_who_cancels_what_was_rejected_meanwhile_is_told_so(
    http: FlaskClient, orders: FakeOrders, pending: FakePending, plan: Plan
) -> None:
    orders.away = True
    orders._left["spring-gala", "stalls"] = 1
    person = someone(replace(plan, number=2, cancels_after_s=2.0))

    def decided_before_the_cancel(request: Request) -> None:
        orders.away = request.action == "place" and request.method == "POST"
        if request.action == "cancel" and (kept := pending.lease()):
            orders.replay(person.order_id, kept.order, kept.pressed_at, "-")  # type: ignore[union-attr]

    assert walk(http, person, decided_before_the_cancel)[-1] == "cancel"
    assert (person.saw, person.contradictions) == ("rejected", [])


@both
def test_a_cancel_without_an_answer_is_asked_for_again(http: FlaskClient, orders: FakeOrders, plan: Plan) -> None:
    person = someone(replace(plan, number=1, cancels_after_s=2.0))
    cancels: list[Request] = []

    def away_for_two(request: Request) -> None:
        cancels.extend([request] if request.action == "cancel" else [])
        orders.away = 0 < len(cancels) < 3

    assert walk(http, person, away_for_two)[-4:] == ["cancel", "cancel", "cancel", "look"]
    assert (person.saw, person.contradictions) == ("cancelled", [])


@both
def test_who_left_before_the_answer_comes_back_and_sends_the_same(http: FlaskClient, plan: Plan) -> None:
    person = someone(replace(plan, leaves_after_s=0.01))
    person.begin(0.0)
    while (step := person.next) is not None and step.leaves_after_s is None:
        person.hear([ask(http, step.requests[0])], 0.0)
    assert step is not None
    ask(http, step.requests[0])  # which the shop decides all the same
    person.hear([Answer()], 0.01)
    back = person.next
    assert back is not None
    assert (back.pause_s, back.leaves_after_s) == (5.0, None)
    assert back.requests == (replace(step.requests[0], action="come_back"),)
    person.hear([ask(http, back.requests[0])], 5.0)
    assert (person.saw, len(person.codes), person.next) == ("confirmed", 2, None)


def test_who_left_after_the_answer_looks_at_the_order(http: FlaskClient) -> None:
    person = someone(replace(BY_SCRIPT, leaves_after_s=3.0))
    assert walk(http, person) == ["place", "come_back"]
    assert (person.saw, person.contradictions) == ("confirmed", [])


def test_who_has_no_patience_any_more_gives_up_and_saw_an_error() -> None:
    person = someone(replace(BY_SCRIPT, patience_s=10.0))
    person.begin(100.0)
    now, tries = 100.0, 0
    while (step := person.next) is not None:
        now += step.pause_s
        person.hear([Answer(503)], now)
        tries += 1
    assert now <= 110.0
    assert tries > 2
    assert person.saw == "error"


def test_a_contradiction_is_kept() -> None:
    person = someone(replace(BY_SCRIPT, reloads=(1.0,)))
    order = {"order_id": person.order_id, "status": "confirmed", "key": "k", "tickets": [{"code": "A"}]}
    person.begin(0.0)
    person.hear([Answer(201, order)], 0.0)
    person.hear([Answer(404, {"status": 404})], 1.0)
    assert person.contradictions == ["a confirmed order is not found"]
    assert person.next is None


def test_a_person_is_somebody_of_a_plan() -> None:
    assert Person(BY_SCRIPT, "show", lambda: 0.5).order_id == BY_SCRIPT.order_id
