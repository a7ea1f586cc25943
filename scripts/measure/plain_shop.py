"""A shop as one writes it in an afternoon, for comparison: one call of the function, and a sorry page if it fails.

Written by the quick starts of Flask and requests; it has no database, no second try, and checks nothing.
"""

import os
import time
import uuid
from datetime import UTC, datetime
from typing import Final

import msgspec
import requests
from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from functions.orders import contract

TRY_S: Final = 2.0

app = Flask(__name__)


@app.get("/readyz")
def readyz() -> str:
    """Always ready."""
    return "ok"


@app.post("/shows/<slug>/orders")
def buy(slug: str) -> Response | tuple[str, int]:
    """Places the order of a form."""
    form = request.form
    wanted = {name.removeprefix("quantity-"): int(text) for name, text in form.items() if name.startswith("quantity-")}
    lines = tuple(contract.OrderLine(kind, quantity) for kind, quantity in wanted.items())
    total = sum(quantity * int(form[f"price-{kind}"]) for kind, quantity in wanted.items())
    order = contract.PlaceOrder(slug, lines, form["name"], form["email"], total)
    try:
        answer = call(form["order_id"], order)
        answer.raise_for_status()
    except requests.RequestException:
        return "<h1>Sorry, something went wrong. Your order failed.</h1>", 503
    if answer.headers["ce-type"] != contract.CONFIRMED:
        return "<h1>Sorry, that is not to be had.</h1>", 409
    return redirect(f"/orders/{form['order_id']}", 303)


def call(order_id: str, order: contract.PlaceOrder) -> requests.Response:
    """One signed request to the function. Raises requests.RequestException."""
    event = contract.Event(
        id=order_id,
        type=contract.PLACE,
        source="/plain-shop",
        time=datetime.now(UTC),
        data=msgspec.json.encode(order),
        time_left_ms=round(TRY_S * 1000),
        attempt=1,
        traceparent=f"00-{uuid.uuid4().hex}-0123456789abcdef-01",
    )
    headers, body = contract.encode_event(event)
    signature = contract.sign(os.environ["SIGNING_SECRETS"], event, body, at=time.time())
    headers[contract.SIGNATURE_HEADER] = signature
    return requests.post(os.environ["ORDERS_URL"], body, headers=headers, timeout=TRY_S)
