"""The API's description, OpenAPI 3.1: the schemas come from the structs that are sent and read."""

from functools import cache
from typing import Any, Final

import msgspec

from frontend.api_answers import ApiOrder
from frontend.problems import MEDIA_TYPE, Problem
from frontend.rejections import STATUS_OF_REASON
from functions.orders import contract

Json = dict[str, Any]

UUID: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_ORDER_ID: Final = "6f1c1f7e-0c4e-4d0c-9a52-4f6d2f0b7a11"
_KEY: Final = "q83vEjRWeJCrze8SNFZ4kDl0pWnB4m0f2yKcVJ6TtZo"
_PURCHASE: Final = {
    "show": "spring-gala",
    "lines": [{"ticket_type": "stalls", "quantity": 2}],
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "expected_total": 5000,
}
_ORDER: Final = {
    "order_id": _ORDER_ID,
    "status": "confirmed",
    "key": _KEY,
    "tickets": [
        {"code": "7H2K-9QXW-30FD-M8RT", "ticket_type": "stalls"},
        {"code": "C51N-ZV6E-4JPA-0B9G", "ticket_type": "stalls"},
    ],
    "total": 5000,
    "currency": "EUR",
}
_PENDING: Final = {**_ORDER, "status": "pending", "tickets": [], "delayed": False}


@cache
def describe() -> Json:
    """The whole document, ready for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FlameTickets",
            "version": "1",
            "description": "Shows and orders. Prices are in minor units of their currency; times are RFC 3339.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/api/shows": {"get": _shows()},
            "/api/orders": {"post": _place_order()},
            "/api/orders/{order_id}": {"get": _show_order()},
            "/api/orders/{order_id}/cancel": {"post": _cancel_order()},
            "/api/openapi.json": {"get": _openapi()},
        },
        "components": {"schemas": _schemas(), "parameters": _parameters(), "headers": _headers()},
    }


def _shows() -> Json:
    catalogue = _json("All shows, as they stood at `as_of`: a second ago at most while it can be known.", "Catalogue")
    return {
        "operationId": "listShows",
        "summary": "All shows with what is left",
        "responses": {
            "200": catalogue,
            "429": _too_many(),
            "503": _unavailable("The shows can't be had right now."),
        },
    }


def _place_order() -> Json:
    sold = _json("The order is sold. A repeat is answered alike, as long as it is.", "ApiOrder", _ORDER)
    sold["headers"] = {"Location": {"$ref": "#/components/headers/Location"}}
    sold["links"] = {"order": _link("showOrder"), "cancel": _link("cancelOrder")}
    return {
        "operationId": "placeOrder",
        "summary": "Buy tickets",
        "description": "Safe to repeat with the same Idempotency-Key: one key, one order.",
        "parameters": [{"$ref": "#/components/parameters/IdempotencyKey"}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref("PlaceOrder"), "example": _PURCHASE}},
        },
        "responses": {
            "201": sold,
            "202": _accepted(),
            "400": _problem("The request can't be read; `errors` names the fields, if any."),
            "403": _problem("The request came from a page of another site."),
            "404": _rejection(404),
            "409": _rejection(409),
            "410": _rejection(410),
            "413": _problem("The body is longer than 64 KiB."),
            "415": _problem("The body is not `application/json`."),
            "422": _rejection(422),
            "429": _too_many(),
            "503": _unavailable("It is not known yet whether the order is sold: repeat with the same Idempotency-Key."),
        },
    }


def _accepted() -> Json:
    description = (
        "The order is accepted and not decided yet: no ticket is reserved by it. It always reaches an outcome; "
        "ask at `Location` until `status` is no longer `pending`."
    )
    accepted = _json(description, "ApiOrder", _PENDING)
    accepted["headers"] = {"Location": {"$ref": "#/components/headers/Location"}}
    accepted["links"] = {"order": _link("showOrder"), "cancel": _link("cancelOrder")}
    return accepted


def _show_order() -> Json:
    return {
        "operationId": "showOrder",
        "summary": "An order, whatever its status",
        "parameters": _order_and_key(),
        "responses": {
            "200": _json("The order. `reason` says why a rejected one was not sold.", "ApiOrder", _ORDER),
            "404": _problem("There is no such order, or the key is not its key."),
            "429": _too_many(),
            "503": _unavailable("The order can't be looked up right now."),
        },
    }


def _cancel_order() -> Json:
    return {
        "operationId": "cancelOrder",
        "summary": "Cancel an order",
        "description": "Safe to repeat. An order that never arrived can't be placed any more afterwards.",
        "parameters": _order_and_key(),
        "responses": {
            "200": _json("The order is cancelled.", "ApiOrder"),
            "403": _problem("The request came from a page of another site."),
            "404": _problem("There is no such order, or the key is not its key."),
            "409": _problem("The order was rejected, so there is nothing to cancel; `reason` says why it was."),
            "413": _problem("The body is longer than 64 KiB."),
            "429": _too_many(),
            "503": _unavailable("It is not known whether the order is cancelled: ask again."),
        },
    }


def _openapi() -> Json:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": "describe",
        "summary": "This document",
        "responses": {"200": {"description": "OpenAPI 3.1.", "content": content}},
    }


def _schemas() -> Json:
    kinds = [contract.Catalogue, contract.PlaceOrder, ApiOrder, Problem]
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    schemas: Json = _as_ecma(components)
    schemas["PlaceOrder"]["properties"]["email"]["format"] = "email"
    return schemas


def _as_ecma(schema: Any) -> Any:
    """The schema with its patterns in the dialect of JSON Schema, whose anchors are not Python's."""
    if isinstance(schema, dict):
        return {name: _as_ecma(part) for name, part in schema.items()}
    if isinstance(schema, list):
        return [_as_ecma(part) for part in schema]
    return schema.replace("\\A", "^").replace("\\Z", "$") if isinstance(schema, str) else schema


def _parameters() -> Json:
    order_id = {"type": "string", "pattern": UUID}
    return {
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "The order id: a UUID in lower case, of the caller's making, the same for each repeat.",
            "schema": order_id,
            "example": _ORDER_ID,
        },
        "OrderId": {"name": "order_id", "in": "path", "required": True, "schema": order_id, "example": _ORDER_ID},
        "Key": {
            "name": "key",
            "in": "query",
            "required": True,
            "description": "The order's key, from the answer that accepted it.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"},
            "example": _KEY,
        },
    }


def _headers() -> Json:
    seconds = {"type": "integer", "minimum": 0}
    return {
        "Location": {
            "description": "The order, with its key.",
            "required": True,
            "schema": {"type": "string", "format": "uri-reference"},
        },
        "RetryAfter": {"description": "Seconds to wait before a repeat.", "required": True, "schema": seconds},
    }


def _order_and_key() -> list[Json]:
    return [{"$ref": "#/components/parameters/OrderId"}, {"$ref": "#/components/parameters/Key"}]


def _json(description: str, schema: str, example: Json | None = None) -> Json:
    content: Json = {"schema": _ref(schema)}
    if example is not None:
        content["example"] = example
    return {"description": description, "content": {"application/json": content}}


def _problem(description: str) -> Json:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": _ref("Problem")}}}


def _rejection(status: int) -> Json:
    reasons = ", ".join(f"`{reason}`" for reason, code in STATUS_OF_REASON.items() if code == status)
    return _problem(f"Not sold: {reasons}. `available` says what is left, where that is the reason.")


def _unavailable(description: str) -> Json:
    return {**_problem(description), "headers": {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}}


def _too_many() -> Json:
    return _unavailable("Too many requests at the moment: repeat this one, as it is.")


def _link(operation: str) -> Json:
    return {
        "operationId": operation,
        "parameters": {"path.order_id": "$response.body#/order_id", "query.key": "$response.body#/key"},
    }


def _ref(schema: str) -> Json:
    return {"$ref": f"#/components/schemas/{schema}"}
