"""The catalogue as the shop shows it: half a second old at most, or the last known one, marked as such."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import msgspec

from frontend import traces
from frontend.orders_client import OrdersClient, Unconfirmed
from functions.orders import contract

MAX_AGE_S: Final = 0.5
FRESH_S: Final = 0.7  # since it arrived; the function's own copy may be 0.3 s older
FORGET_S: Final = 600.0
WAIT_S: Final = 2.5  # a refresh is one call of the function, which gives up earlier


@dataclass(frozen=True)
class Snapshot:
    """All shows at `catalogue.as_of`; `fresh` is False for last known values, because the function is away."""

    catalogue: contract.Catalogue
    fresh: bool


@dataclass(frozen=True)
class _Known:
    """What came of the refreshes so far; replaced as a whole, so that readers need no lock."""

    catalogue: contract.Catalogue | None = None
    arrived_at: float = float("-inf")
    asked_at: float = float("-inf")
    away: bool = False


class CatalogueCache:
    """Asks the function for the catalogue at most twice a second, for however many readers.

    While one reader asks, the others get what is known if it is still fresh or the function is away, and wait
    for the answer otherwise, `WAIT_S` at most.
    """

    def __init__(
        self,
        client: OrdersClient,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._clock = clock
        self._now = now
        self._known = _Known()
        self._asking = threading.Lock()

    def get(self) -> Snapshot | None:
        """The catalogue; None if it was never known.

        In last known values the sales windows are judged anew; after ten minutes what is left is not known any more.
        """
        if self._is_due() and self._asking.acquire(timeout=self._patience()):
            try:
                if self._is_due():  # not if another reader just asked
                    self._ask()
            finally:
                self._asking.release()
        return self._snapshot()

    def _is_due(self) -> bool:
        return self._clock() - self._known.asked_at >= MAX_AGE_S

    def _patience(self) -> float:
        known = self._known
        useful = known.catalogue is not None and (known.away or self._age() <= FRESH_S)
        return 0 if useful else WAIT_S

    def _ask(self) -> None:
        answer = self._client.catalogue(traces.current())
        at = self._clock()
        if isinstance(answer, Unconfirmed):
            self._known = replace(self._known, asked_at=at, away=True)
        else:
            self._known = _Known(answer, arrived_at=at, asked_at=at)

    def _age(self) -> float:
        return self._clock() - self._known.arrived_at

    def _snapshot(self) -> Snapshot | None:
        catalogue, age = self._known.catalogue, self._age()
        if catalogue is None:
            return None
        if age <= FRESH_S:
            return Snapshot(catalogue, fresh=True)
        now = self._now()
        shows = tuple(_as_last_known(show, now, forget=age > FORGET_S) for show in catalogue.shows)
        return Snapshot(contract.Catalogue(catalogue.as_of, shows), fresh=False)


def _as_last_known(show: contract.ListedShow, now: datetime, *, forget: bool) -> contract.ListedShow:
    types = show.ticket_types
    if forget:
        types = tuple(msgspec.structs.replace(ticket_type, available=None) for ticket_type in types)
    return msgspec.structs.replace(show, on_sale=show.sales_start <= now < show.sales_end, ticket_types=types)
