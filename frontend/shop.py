"""What the views use, built once in `create_app`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from flask import current_app

from frontend.catalogue import CatalogueCache
from frontend.flights import Flights
from frontend.keys import told_key
from frontend.metrics import Metrics
from frontend.orders_client import OrdersClient
from frontend.pending.purchases import PendingPurchases
from frontend.settings import Settings

EXTENSION = "flametickets"


def utc_now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Shop:
    """The parts of the shop; `now` is its only clock of the day."""

    settings: Settings
    client: OrdersClient
    catalogue: CatalogueCache
    pending: PendingPurchases
    metrics: Metrics
    now: Callable[[], datetime] = utc_now
    flights: Flights = field(default_factory=Flights)

    def told_key(self, order_id: str, key: str) -> str:
        """The key that goes with an outcome: for the links on its page, and for those that the browser keeps."""
        return told_key(self.settings.order_key_secret, order_id, key)


def current_shop() -> Shop:
    """The Shop of the application that answers this request."""
    return cast(Shop, current_app.extensions[EXTENSION])
