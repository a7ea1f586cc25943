"""The catalogue as the shop shows it: half a second old at most, or the last known one, marked as such."""

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog

from frontend import traces
from frontend.orders_client import OrdersClient, Unconfirmed
from functions.orders import contract

MAX_AGE_S: Final = 0.5
FRESH_S: Final = 0.7  # since it arrived; the function's own copy may be 0.3 s older
FORGET_S: Final = 600.0
WARM_S: Final = 10.0  # who answered so lately isn't starting from cold, and should answer soon
WAIT_S: Final = 2.6  # a cold start is waited for; a refresh is one call of the function, which gives up earlier
SHORT_WAIT_S: Final = 0.3

log: structlog.stdlib.BoundLogger = structlog.get_logger()


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

    The refresh has a thread of its own, and a reader waits for it only as long as that may help: for a cold start
    while nothing or only old values are known, else a moment, and not at all while the function is away.
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
        self._beginning = threading.Lock()
        self._answered = threading.Event()  # of the last refresh; clear while it runs
        self._answered.set()

    def get(self) -> Snapshot | None:
        """The catalogue; None if it was never known.

        In last known values the sales windows are judged anew; after ten minutes what is left is not known any more.
        """
        if self._is_due():
            began = self._begin_refresh()
            self._answered.wait(self._patience(began))
        return self._snapshot()

    def _is_due(self) -> bool:
        return self._clock() - self._known.asked_at >= MAX_AGE_S

    def _patience(self, began: bool) -> float:
        """How long to wait for the refresh: as for a cold start when it may be one, for whoever began it a moment."""
        if not self._known.away and (self._known.catalogue is None or self._age() > WARM_S):
            return WAIT_S
        if began or (not self._known.away and self._age() > FRESH_S):
            return SHORT_WAIT_S
        return 0

    def _begin_refresh(self) -> bool:
        """Whether a refresh was begun: none is while one runs, or if one just ended."""
        with self._beginning:
            if not self._answered.is_set() or not self._is_due():
                return False
            self._answered.clear()
        # With the context of the reader go the fields of its log lines.
        refresh = threading.Thread(target=copy_context().run, args=(self._refresh, traces.current()), daemon=True)
        try:
            refresh.start()
        except RuntimeError:  # no thread is to be had; the next reader tries again
            self._answered.set()
        return True

    def _refresh(self, traceparent: str) -> None:
        try:
            self._learn(self._client.catalogue(traceparent))
        except Exception:
            log.exception("bug")
            self._learn(Unconfirmed("bug"))
        finally:
            self._answered.set()

    def _learn(self, answer: contract.Catalogue | Unconfirmed) -> None:
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
