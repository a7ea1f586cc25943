"""The pending purchases as the workers use them: the seam, and PostgreSQL behind it."""

from dataclasses import dataclass
from typing import Final, LiteralString, Protocol

from frontend.pending.database import Database, Session
from frontend.pending.policy import KEPT, LEASE_S, REFUSED_KEPT
from frontend.pending.purchases import Away, Outcome, PendingPurchase
from frontend.pending.records import COLUMNS, DECIDE, decision, read_purchase

FEW: Final = 100  # rows that one transaction of the housekeeping changes

# SKIP LOCKED: what another worker is just taking is passed over, neither waited for nor taken twice.
_LEASE: Final[LiteralString] = f"""
    UPDATE pending_purchases SET next_try_at = now() + make_interval(secs => %(lease_s)s), tries = tries + 1
    WHERE order_id = (
        SELECT order_id FROM pending_purchases WHERE state = 'pending' AND next_try_at <= now()
        ORDER BY place_in_line LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING {COLUMNS}
"""  # noqa: S608
# The number of the try says whether the lease is still this worker's own.
_TRY_LATER: Final = """
    UPDATE pending_purchases
    SET next_try_at = now() + make_interval(secs => %(in_s)s), last_failure = %(failure)s
    WHERE order_id = %(order_id)s AND state = 'pending' AND tries = %(tries)s
"""
_GIVE_BACK: Final = """
    UPDATE pending_purchases SET next_try_at = now(), tries = tries - 1
    WHERE order_id = %(order_id)s AND state = 'pending' AND tries = %(tries)s
"""
# One that is leased is being tried, and may be decided any moment.
_GIVE_UP: Final = """
    UPDATE pending_purchases SET state = 'dead', decided_at = now()
    WHERE order_id IN (
        SELECT order_id FROM pending_purchases
        WHERE state = 'pending' AND next_try_at <= now() AND waiting_since <= now() - make_interval(secs => %(after_s)s)
        ORDER BY place_in_line LIMIT %(few)s FOR UPDATE SKIP LOCKED
    )
    RETURNING order_id
"""
_FORGET: Final = """
    DELETE FROM pending_purchases
    WHERE order_id IN (
        SELECT order_id FROM pending_purchases
        WHERE state = 'decided' AND decided_at < now() - %(kept)s
            AND (message IS NULL OR decided_at < now() - %(refused_kept)s)
        ORDER BY decided_at LIMIT %(few)s FOR UPDATE SKIP LOCKED
    )
"""
_DEPTH: Final = """
    SELECT count(*) FILTER (WHERE state = 'pending'),
        coalesce(extract(epoch FROM now() - min(accepted_at) FILTER (WHERE state = 'pending')), 0),
        count(*) FILTER (WHERE state = 'dead')
    FROM pending_purchases WHERE state IN ('pending', 'dead')
"""


@dataclass(frozen=True)
class Depth:
    """How many purchases wait, for how many seconds the oldest of them, and how many are dead letters."""

    waiting: int
    oldest_s: float
    dead: int


class PendingQueue(Protocol):
    """What the workers do with the pending purchases. A store that can't be had is Away, and nothing was done."""

    def lease(self) -> PendingPurchase | Away | None:
        """The first purchase in line that is due, for nobody else during `LEASE_S`; None if none is."""

    def decide(self, purchase: PendingPurchase, outcome: Outcome) -> bool | Away:
        """Keeps the outcome, and says whether it is the first one."""

    def try_later(self, purchase: PendingPurchase, in_s: float, failure: str) -> None:
        """Ends the lease of `purchase`, if it is still its holder's, so that it is due in `in_s` seconds."""

    def give_back(self, purchase: PendingPurchase) -> None:
        """Ends the lease as if there had been none."""

    def give_up(self, after_s: float) -> list[str] | Away:
        """Makes dead letters of a few purchases that wait `after_s` seconds or longer; their order ids."""

    def forget(self) -> int | Away:
        """Removes a few purchases that were decided long ago; how many."""

    def depth(self) -> Depth | Away:
        """How many wait."""


class PostgresQueue:
    """The PendingQueue in `database`; shared by all threads, and by the workers of all processes."""

    def __init__(self, database: Database, lease_s: float = LEASE_S) -> None:
        self._database = database
        self._lease_s = lease_s

    def lease(self) -> PendingPurchase | Away | None:
        """The first purchase in line that is due and that no other worker holds."""

        def take(session: Session) -> PendingPurchase | None:
            row = session.execute(_LEASE, {"lease_s": self._lease_s}).fetchone()
            return read_purchase(row) if row else None

        return self._database.run(take)

    def decide(self, purchase: PendingPurchase, outcome: Outcome) -> bool | Away:
        """Keeps the outcome, unless there is one."""
        said = decision(purchase.order_id, outcome)
        return self._database.run(lambda session: session.execute(DECIDE, said).rowcount == 1)

    def try_later(self, purchase: PendingPurchase, in_s: float, failure: str) -> None:
        """Ends the lease; if the store is away, the lease ends by itself."""
        later = {"order_id": purchase.order_id, "tries": purchase.tries, "in_s": in_s, "failure": failure}
        self._database.run(lambda session: session.execute(_TRY_LATER, later).rowcount)

    def give_back(self, purchase: PendingPurchase) -> None:
        """Ends the lease as if there had been none."""
        held = {"order_id": purchase.order_id, "tries": purchase.tries}
        self._database.run(lambda session: session.execute(_GIVE_BACK, held).rowcount)

    def give_up(self, after_s: float) -> list[str] | Away:
        """Makes dead letters of at most `FEW` purchases that wait too long."""
        too_long = {"after_s": after_s, "few": FEW}
        return self._database.run(lambda session: [str(row[0]) for row in session.execute(_GIVE_UP, too_long)])

    def forget(self) -> int | Away:
        """Removes at most `FEW` decided purchases; dead letters stay until an operator has looked at them."""
        old = {"kept": KEPT, "refused_kept": REFUSED_KEPT, "few": FEW}
        return self._database.run(lambda session: session.execute(_FORGET, old).rowcount)

    def depth(self) -> Depth | Away:
        """How many wait, in all processes together."""

        def count(session: Session) -> Depth:
            waiting, oldest_s, dead = session.execute(_DEPTH).fetchone() or (0, 0, 0)
            return Depth(waiting, float(oldest_s), dead)

        return self._database.run(count)
