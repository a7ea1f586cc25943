"""Refusing a dead letter: the cancel is sent to the function, and what came of it is kept with a message."""

from dataclasses import dataclass

from frontend.orders_client import Cancelled, Found, OrdersClient, Rejected, Unconfirmed
from frontend.pending.purchases import Outcome, PendingPurchase
from functions.orders import contract


@dataclass(frozen=True)
class Ended:
    """What the purchase came to; `before` is what the function knew of it, None if it never arrived."""

    outcome: Outcome
    before: contract.Order | None


def end(client: OrdersClient, purchase: PendingPurchase, traceparent: str) -> Ended | Unconfirmed:
    """Cancels the order of `purchase`, so that it can never be sold; one that was rejected stays so.

    Where its id turned out to be another buyer's, that order is left as it is: it was not this purchase's.
    """
    found = client.lookup(purchase.order_id, traceparent)
    if isinstance(found, Unconfirmed):
        return found
    order = found.order if isinstance(found, Found) else None
    match client.cancel(purchase.order_id, purchase.fingerprint, traceparent):
        case Cancelled():
            return Ended(contract.Cancelled(purchase.order_id), order)
        case Rejected(rejection):
            return Ended(rejection, None if rejection.reason == "id_reused" else order)
        case Unconfirmed() as unconfirmed:
            return unconfirmed
