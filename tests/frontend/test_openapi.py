"""The API's description: complete, and true of every answer that Schemathesis can get out of the shop."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from frontend.catalogue import CatalogueCache
from frontend.openapi import describe
from frontend.shop import EXTENSION, Shop
from functions.orders import contract
from scripts.local.stack import Stack
from tests.fake_pending import FakePending
from tests.fakes import FakeOrders, sample_shows

BOUNDED = settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
# No schema says which e-mail address is well-formed or which show there is: a request that fits it may be refused.
CONFIG = schemathesis.Config.from_dict(
    {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "409", "410", "422"]}}}
)
# A shop that can't say answers 503 to a request that fits, on purpose.
MAY_NOT_KNOW = (schemathesis.checks.not_a_server_error, positive_data_acceptance)
FITTING, WRONG = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
OPERATIONS = [
    (method, path, mode)
    for path, methods in describe()["paths"].items()
    for method, operation in methods.items()
    for mode in ((FITTING, WRONG) if "parameters" in operation else (FITTING,))  # nothing is wrong with no input
]


def test_every_address_of_the_api_is_described(app: Flask, http: FlaskClient) -> None:
    described = http.get("/api/openapi.json")
    assert described.mimetype == "application/json"
    assert described.json is not None
    served = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    paths = described.json["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == served


def test_the_document_is_the_same_each_time() -> None:
    assert describe() is describe()


def sells(slug: str) -> Callable[[Any, Any], Any]:
    """A hook that turns half of the well-formed purchases into ones of what there is, so that orders are sold."""

    def ask_for_a_real_show(context: Any, body: Any) -> Any:
        try:
            order = msgspec.convert(body, contract.PlaceOrder)
        except msgspec.ValidationError:
            return body
        if len(order.show) % 2:
            return body
        lines = [{"ticket_type": "stalls", "quantity": 1 + len(order.name) % 3}]
        return {**body, "show": slug, "lines": lines, "expected_total": None}

    return ask_for_a_real_show


@pytest.fixture
def schema(app: Flask) -> BaseSchema:
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app, config=CONFIG)
    schema.hook("map_body")(sells("spring-gala"))
    return schema


def ask_all(
    schema: BaseSchema,
    method: str,
    path: str,
    mode: schemathesis.GenerationMode,
    bounds: settings = BOUNDED,
    *,
    excluded: Sequence[Any] = (),
) -> None:
    """Sends requests of one kind; fails on an answer that is not described, and on any 5xx that is not `excluded`."""

    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    @bounds
    def ask(case: Any) -> None:
        case.call_and_validate(excluded_checks=list(excluded))

    ask()


def test_no_purchase_without_an_answer_of_the_function_gets_one_that_is_not_described(
    schema: BaseSchema, orders: FakeOrders, pending: FakePending
) -> None:
    """Accepted and pending; or not even that, as another purchase with the same order id, which is a 503 on purpose."""
    orders.away = True
    ask_all(schema, "post", "/api/orders", FITTING, excluded=MAY_NOT_KNOW)
    assert order_of("spring-gala", schema).call_and_validate().status_code == 202
    pending.full = True
    case = order_of("spring-gala", schema)
    answer = case.call()
    assert answer.status_code == 503
    case.validate_response(answer, excluded_checks=[schemathesis.checks.not_a_server_error])


@pytest.mark.parametrize(("method", "path", "mode"), OPERATIONS)
def test_no_request_gets_an_answer_that_is_not_described(
    schema: BaseSchema, method: str, path: str, mode: schemathesis.GenerationMode
) -> None:
    """Neither one that fits the document nor one that does not."""
    ask_all(schema, method, path, mode)


def test_no_series_of_requests_gets_an_answer_that_is_not_described(app: Flask, schema: BaseSchema) -> None:
    """Orders are sold, seen and cancelled along the links of the document."""
    shop: Shop = app.extensions[EXTENSION]
    calls: list[str] = []

    class Buyer(schema.as_state_machine()):  # type: ignore[misc]  # the class is made from the document
        def setup(self) -> None:
            """Each series begins with nothing sold, so that it goes the same way when it is repeated."""
            orders = FakeOrders()
            orders.calls = calls
            app.extensions[EXTENSION] = replace(shop, client=orders, catalogue=CatalogueCache(orders))

    Buyer.run(settings=settings(BOUNDED, max_examples=40, stateful_step_count=8))
    assert {"place", "lookup", "cancel"} <= set(calls)


def test_the_running_shop_answers_as_described_too(stack: Stack) -> None:
    """Through gunicorn, the gateway, the function and its database."""
    show = msgspec.structs.replace(sample_shows()[0], slug=f"described-{uuid.uuid4().hex[:8]}")
    assert stack.publish(show) == []
    schema = schemathesis.openapi.from_url(f"{stack.url.rstrip('/')}/api/openapi.json", config=CONFIG)
    schema.hook("map_body")(sells(show.slug))
    for method, path, mode in OPERATIONS:
        ask_all(schema, method, path, mode, settings(BOUNDED, max_examples=20))
    order = order_of(show.slug, schema).call_and_validate().json()
    assert order["status"] == "confirmed"
    for path, method in (("/api/orders/{order_id}", "get"), ("/api/orders/{order_id}/cancel", "post")):
        known = schema[path][method].Case(path_parameters={"order_id": order["order_id"]}, query={"key": order["key"]})
        assert known.call_and_validate().status_code == 200


def order_of(slug: str, schema: BaseSchema) -> Any:
    """A purchase of one ticket of a show, with an order id of its own."""
    return schema["/api/orders"]["post"].Case(
        headers={"Idempotency-Key": str(uuid.uuid4())},
        body={
            "show": slug,
            "lines": [{"ticket_type": "stalls", "quantity": 1}],
            "name": "A",
            "email": "a@b.example",
        },
    )
