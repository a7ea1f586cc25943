"""All that the checks look at."""

from dataclasses import dataclass

from scripts.proof.checker.heard import Heard, Purchase
from scripts.proof.checker.snapshots import LedgerSnapshot, PendingSnapshot, StoredOrder, StoredPurchase

CUT_SHORT = "the run was cut short"
CUT_OFF = "a buyer was still waiting for the first answer"
NO_PENDING = "the pending store wasn't read"


@dataclass(frozen=True)
class Evidence:
    """What buyers heard and what the stores hold; `pending` is None when that store couldn't be read."""

    heard: Heard
    ledger: LedgerSnapshot
    pending: PendingSnapshot | None

    def stored(self, purchase: Purchase) -> StoredOrder | None:
        """The ledger's order of this id."""
        return self.ledger.orders.get(purchase.order_id)

    def waiting(self, purchase: Purchase) -> StoredPurchase | None:
        """The pending store's row of this id."""
        return self.pending.purchases.get(purchase.order_id) if self.pending else None

    @property
    def why_not_to_the_end(self) -> str | None:
        """Why what must be so only in the end can't be asked of this run."""
        return None if self.heard.end is not None else CUT_SHORT

    @property
    def why_not_of_everybody(self) -> str | None:
        """Why the history may lack something that a buyer asked for."""
        return self.why_not_to_the_end or (CUT_OFF if self.heard.never_answered else None)
