"""Without the lock: a stock row is read as it is, and two writers decide on the same places.

The guard: `FOR NO KEY UPDATE` when the stock is read, under which the next stock version is taken too. Behind it stands
the journal's key, which lets only one of two writers keep a version; as a version that is taken without a lock has to
live with its double, a repeated one is dropped here. The later writer then puts back what the earlier one took, and
more tickets are sold than there are places: P1, and P4, for the row tells what is not so.
Shown while both revisions write at the same time: with the traffic split between them.
"""

from typing import Final

from functions.orders import store
from scripts.proof.sabotage.replacing import changed, replace

_LOCK: Final = "FOR NO KEY UPDATE"
_JOURNAL: Final = "FROM changes\n)"
_KEEPS_THE_FIRST: Final = "FROM changes\n    ON CONFLICT DO NOTHING\n)"


def take_out() -> None:
    """Take the guard out of this process."""
    replace(store, "_LOCK_STOCK", changed(store._LOCK_STOCK, _LOCK, ""))
    replace(store, "_WRITE", changed(store._WRITE, _JOURNAL, _KEEPS_THE_FIRST))
