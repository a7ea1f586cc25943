"""The pending purchases in PostgreSQL, as the shop's pages use them."""

from datetime import datetime
from typing import Final, LiteralString

from frontend.metrics import Metrics
from frontend.pending import records
from frontend.pending.database import Database, Session
from frontend.pending.purchases import Accepted, Away, Full, Outcome, PendingPurchase, Reused, word_of
from frontend.pending.records import COLUMNS, DECIDE, as_json, decision, read_purchase
from functions.orders import contract

# Values go beside the text, and so into no log of the server's.
_ACCEPT: Final[LiteralString] = f"""
    SELECT {COLUMNS} FROM accept_pending(
        %(order_id)s, %(fingerprint)s, %(command)s, %(pressed_at)s, %(traceparent)s, %(limit)s
    )
"""  # noqa: S608


class PostgresPending:
    """PendingPurchases in `database`, of which at most `limit` may wait; shared by all threads."""

    def __init__(self, database: Database, limit: int, metrics: Metrics) -> None:
        self._database = database
        self._metrics = metrics
        self._limit = limit

    def accept(
        self, order_id: str, order: contract.PlaceOrder, pressed_at: datetime, traceparent: str
    ) -> Accepted | Reused | Full | Away:
        """Keeps the purchase; it is on the server's disk before this returns Accepted."""
        fingerprint = contract.fingerprint(order)
        asked = {
            "order_id": order_id,
            "fingerprint": fingerprint,
            "command": as_json(order),
            "pressed_at": pressed_at,
            "traceparent": traceparent,
            "limit": self._limit,
        }

        def insert(session: Session) -> PendingPurchase | None:
            row = session.execute(_ACCEPT, asked).fetchone()
            return read_purchase(row) if row else None

        match self._database.run(insert):
            case None:
                return Full()
            case PendingPurchase() as purchase:
                return Accepted(purchase) if purchase.fingerprint == fingerprint else Reused(order_id)
        return Away()

    def find(self, order_id: str) -> PendingPurchase | Away | None:
        """The purchase of this order id in its present state."""
        return self._database.run(lambda session: records.find(session, order_id))

    def settle(self, order_id: str, outcome: Outcome) -> None:
        """Keeps what the function said of a purchase that still waits."""
        said = decision(order_id, outcome)
        if self._database.run(lambda session: session.execute(DECIDE, said).rowcount) == 1:
            self._metrics.decided(word_of(outcome))
