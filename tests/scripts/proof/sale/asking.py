"""Requests of buyers, answered by the shop in this process."""

from collections.abc import Callable

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from scripts.proof.sale.buyer import Answer, Request
from scripts.proof.sale.crowd import Crowd, Habits, Plan
from scripts.proof.sale.messages import Reply, decode, redirection
from scripts.proof.sale.person import Person

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}


def ask(http: FlaskClient, request: Request) -> Answer:
    """What a browser shows in the end."""
    sent = http.open(
        request.path,
        method=request.method,
        headers={**(SAME_ORIGIN if request.is_for_page else {}), **request.headers},
        json=request.body,
        data=request.form,
    )
    if not (location := redirection(reply_of(sent))):
        return decode(reply_of(sent))
    return decode(reply_of(http.get(location, headers=SAME_ORIGIN)), location)


def walk(http: FlaskClient, person: Person, between: Callable[[Request], object] = lambda _request: None) -> list[str]:
    """Lead a person through the shop to the end, each request after the other; `between` is called before each.

    Returns the actions.
    """
    now, actions = 0.0, list[str]()
    person.begin(now)
    while (step := person.next) is not None:
        now += step.pause_s
        answers = []
        for request in step.requests:
            between(request)
            actions.append(request.action)
            answers.append(ask(http, request))
        person.hear(answers, now)
    return actions


def someone(plan: Plan, show: str = "spring-gala") -> Person:
    return Person(plan, show, lambda: 0.5)


def plan_of(number: int = 1, habits: Habits | None = None, seed: int = 0) -> Plan:
    """The plan of a buyer of a stall in the spring gala."""
    return Crowd("spring-gala", {"stalls": 2500}, 100, lambda share: share, seed, habits or Habits()).plan(number)


def reply_of(answer: TestResponse) -> Reply:
    """What the client of the load would have had."""
    headers = {name.lower().encode(): value.encode() for name, value in answer.headers.items()}
    return Reply(answer.status_code, headers, answer.data)
