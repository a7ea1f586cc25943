"""The one use case behind the purchase form and the API: place the order, and accept it durably if nobody can say."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from frontend.flights import Flights
from frontend.metrics import Metrics
from frontend.orders_client import Confirmed, OrdersClient, Rejected, Unconfirmed
from frontend.pending.purchases import Accepted, PendingPurchase, PendingPurchases
from functions.orders import contract


@dataclass(frozen=True)
class Pending:
    """The purchase is kept durably, and will be decided; no ticket is reserved by it."""

    purchase: PendingPurchase


def buy(
    client: OrdersClient,
    pending: PendingPurchases,
    order_id: str,
    order: contract.PlaceOrder,
    pressed_at: datetime,
    traceparent: str,
    metrics: Metrics | None = None,
    flights: Flights | None = None,
) -> Confirmed | Rejected | Pending | Unconfirmed:
    """Buys once, however often it is called with this `order_id` and `order`.

    Unconfirmed only if the purchase was not accepted either. `metrics` counts what is decided here; what a worker
    decides later it counts itself. Who buys the same in `flights` already is joined.
    """
    act = partial(_buy, client, pending, order_id, order, pressed_at, traceparent, metrics)
    return flights.join((order_id, order), act) if flights is not None else act()


def _buy(
    client: OrdersClient,
    pending: PendingPurchases,
    order_id: str,
    order: contract.PlaceOrder,
    pressed_at: datetime,
    traceparent: str,
    metrics: Metrics | None,
) -> Confirmed | Rejected | Pending | Unconfirmed:
    answer = client.place(order_id, order, pressed_at, traceparent)
    if isinstance(answer, Unconfirmed):
        return _accept(pending, order_id, order, pressed_at, traceparent, answer)
    if metrics is not None:
        metrics.decided("confirmed" if isinstance(answer, Confirmed) else f"rejected:{answer.rejection.reason}")
    return answer


def _accept(
    pending: PendingPurchases,
    order_id: str,
    order: contract.PlaceOrder,
    pressed_at: datetime,
    traceparent: str,
    unanswered: Unconfirmed,
) -> Rejected | Pending | Unconfirmed:
    match pending.accept(order_id, order, pressed_at, traceparent):
        case Accepted(PendingPurchase(outcome=contract.Rejection() as rejection)):
            return Rejected(rejection)  # which stays, whatever happens
        case Accepted(PendingPurchase(outcome=contract.Cancelled())):
            return Rejected(contract.Rejection(order_id, "cancelled"))
        case Accepted(PendingPurchase(outcome=None) as purchase):
            return Pending(purchase)
    # Also for one that was sold before, for it may have been cancelled since; and for another purchase with this order
    # id: that one only waits here, and nobody knows which of the two the function has.
    return unanswered
