"""A short run of the fuzzer in the suite, and the fuzzer itself: it repeats, and sees what is wrong."""

import json

import pytest

from functions.orders import contract, rules
from tests.functions.conftest import StartFunction
from tests.functions.local_invoker import Answer, LocalInvoker
from tests.functions.mutations import IDS, MARK, Request, hall, make_request
from tests.functions.promises import assert_promises_hold
from tests.fuzz_orders import Findings, fuzz, report

SEED = 20261124
REQUESTS = 6000


async def test_nearly_right_requests_are_answered_well(on_sale: LocalInvoker) -> None:
    assert (await on_sale.send(contract.PUBLISH, hall())).status == 200
    findings = await fuzz(on_sale, SEED, 0, REQUESTS)
    assert findings.is_good, "\n".join(report(findings))
    assert sum(findings.statuses.values()) == REQUESTS
    assert min(findings.statuses[status] for status in (200, 400, 401)) > REQUESTS // 50
    assert_promises_hold(on_sale.database_url)


async def test_an_error_that_nobody_had_thought_of_is_seen(
    start_function: StartFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = await start_function()
    monkeypatch.setattr(rules, "decide", None)
    findings = await fuzz(function, SEED, 0, 50)
    assert not findings.is_good
    assert any("TypeError" in what for what in findings.unforeseen), findings.unforeseen


def test_a_seed_and_a_number_make_the_same_request_again() -> None:
    def comparable(request: Request) -> tuple[int, list[str], bool]:
        return request.number, request.changes, request.signed

    first, again = ([make_request(SEED, number) for number in range(100)] for _ in range(2))
    assert list(map(comparable, first)) == list(map(comparable, again))
    assert list(map(comparable, first)) != [comparable(make_request(SEED + 1, number)) for number in range(100)]


PROBLEM = {"type": "about:blank", "title": "No", "status": 400, "detail": "data is not JSON"}
AS_PROBLEM = {"content-type": "application/problem+json"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "why"),
    [
        (500, AS_PROBLEM, {**PROBLEM, "status": 500}, "it is 500"),
        (405, AS_PROBLEM, {**PROBLEM, "status": 405}, "it is 405"),
        (400, {"content-type": "text/plain"}, PROBLEM, "it is no problem+json"),
        (400, AS_PROBLEM, {**PROBLEM, "more": 1}, "its problem has other fields"),
        (400, AS_PROBLEM, {**PROBLEM, "status": 401}, "its problem has other fields"),
        (503, AS_PROBLEM, {**PROBLEM, "status": 503}, "it does not say when to return"),
        (400, AS_PROBLEM, {**PROBLEM, "detail": MARK.lower()}, "what was sent comes back"),
        (400, AS_PROBLEM, {**PROBLEM, "detail": "psycopg.errors.UniqueViolation"}, "internals leak: 'psycopg'"),
        (400, AS_PROBLEM, {**PROBLEM, "detail": "KeyError"}, "internals leak: 'KeyError'"),
        (400, {**AS_PROBLEM, "x": "Traceback"}, PROBLEM, "internals leak: 'Traceback'"),
        (200, {}, {}, "its reply is no event"),
    ],
)
def test_what_is_wrong_with_an_answer_is_seen(status: int, headers: dict[str, str], body: object, why: str) -> None:
    findings = Findings()
    findings.take(Request(7, {}, b"", changes=["some"]), Answer(status, headers, json.dumps(body).encode()))
    assert len(findings.wrong) == 1
    assert findings.wrong[0].startswith(f"request 7 (some): {why}")
    assert not findings.is_good


def test_a_problem_is_what_nearly_right_requests_may_get() -> None:
    findings = Findings()
    findings.take(Request(7, {}, b""), Answer(400, AS_PROBLEM, json.dumps(PROBLEM).encode()))
    assert findings.is_good
    findings.take(Request(8, {}, b"", sure=True), Answer(400, AS_PROBLEM, json.dumps(PROBLEM).encode()))
    assert findings.wrong == ["request 8 (): a valid request is refused or lost"]


def test_too_many_answers_of_503_are_wrong_unless_there_was_no_time() -> None:
    unavailable = Answer(503, {**AS_PROBLEM, "retry-after": "1"}, json.dumps({**PROBLEM, "status": 503}).encode())
    findings = Findings()
    findings.take(Request(7, {}, b"", hurried=True), unavailable)
    assert findings.is_good
    findings.take(Request(8, {}, b""), unavailable)
    assert not findings.is_good


def test_a_refusal_that_echoes_is_seen_and_an_order_that_does_is_not() -> None:
    for kind, wrong in ((contract.REJECTED, 1), (contract.CONFIRMED, 0)):
        event = make_reply(kind)
        findings = Findings()
        findings.take(Request(7, {}, b""), Answer(200, *contract.encode_event(event)))
        assert len(findings.wrong) == wrong


def make_reply(kind: str) -> contract.Event:
    command = contract.decode_event(*binary_lookup())
    return contract.Event(command.id, kind, "/t", command.time, json.dumps({"name": MARK}).encode())


def binary_lookup() -> tuple[dict[str, str], bytes]:
    headers = {"ce-specversion": "1.0", "ce-id": IDS[0], "ce-type": contract.LOOKUP, "ce-source": "/t"}
    return {**headers, "ce-time": "2026-01-01T00:00:00Z", "content-type": "application/json"}, b"{}"
