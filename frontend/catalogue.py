"""The catalogue as the shop shows it: half a second old at most, or the last known one, marked as such."""

from dataclasses import dataclass

from frontend import traces
from frontend.orders_client import OrdersClient, Unconfirmed
from functions.orders import contract


@dataclass(frozen=True)
class Snapshot:
    """All shows at `catalogue.as_of`; `fresh` is False for last known values, because the function is away."""

    catalogue: contract.Catalogue
    fresh: bool


class CatalogueCache:
    """Asks the function for the catalogue, at most twice a second."""

    def __init__(self, client: OrdersClient) -> None:
        self._client = client

    def get(self) -> Snapshot | None:
        """The catalogue; None if it was never known."""
        answer = self._client.catalogue(traces.current())
        return None if isinstance(answer, Unconfirmed) else Snapshot(answer, fresh=True)
