"""The pending purchases as an operator uses them: read, have sent again, refuse."""

from collections.abc import Sequence
from typing import Final, LiteralString

from frontend.pending import records
from frontend.pending.database import Database, Session
from frontend.pending.purchases import Away, Outcome, PendingPurchase, State
from frontend.pending.records import COLUMNS, decision, read_purchase

_LIST: Final[LiteralString] = f"""
    SELECT {COLUMNS} FROM pending_purchases WHERE state = ANY(%(states)s) ORDER BY place_in_line LIMIT %(limit)s
"""  # noqa: S608
_REPLAY: Final = """
    UPDATE pending_purchases SET state = 'pending', decided_at = NULL, next_try_at = now(), waiting_since = now()
    WHERE order_id = ANY(%(order_ids)s::uuid[]) AND state = 'dead'
    RETURNING order_id
"""
# Whatever became of it since it was read: the cancel came last.
_REFUSE: Final = """
    UPDATE pending_purchases
    SET state = 'decided', outcome = %(outcome)s, outcome_kind = %(kind)s, decided_at = now(), message = %(message)s
    WHERE order_id = %(order_id)s
"""


class Desk:
    """What an operator may do with the pending purchases in `database`. A store that can't be had is Away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look(self, states: Sequence[State], limit: int) -> list[PendingPurchase] | Away:
        """The first `limit` purchases in these states, in the order of acceptance."""
        asked = {"states": list(states), "limit": limit}
        return self._database.run(lambda session: [read_purchase(row) for row in session.execute(_LIST, asked)])

    def replay(self, order_ids: Sequence[str]) -> set[str] | Away:
        """Lets the workers try these again, for as long as a new purchase; returns those that were dead letters."""

        def revive(session: Session) -> set[str]:
            return {str(row[0]) for row in session.execute(_REPLAY, {"order_ids": list(order_ids)})}

        return self._database.run(revive)

    def find(self, order_id: str) -> PendingPurchase | Away | None:
        """The purchase of this order id; None if none was accepted, or it was forgotten."""
        return self._database.run(lambda session: records.find(session, order_id))

    def end(self, order_id: str, outcome: Outcome, message: str | None) -> bool | Away:
        """Keeps what came of refusing a purchase, with what its buyer is told; False if it is gone."""
        ended = decision(order_id, outcome) | {"message": message}
        return self._database.run(lambda session: session.execute(_REFUSE, ended).rowcount == 1)
