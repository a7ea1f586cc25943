"""What must hold at every instant: looked at after each commit of the ledger, not only in the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from functions.orders.contract import Order
from scripts.proof.checker.verdict import Promise, Violation
from scripts.proof.simulation.rows import Change, Store

Found = tuple[Promise, Violation]


class Instants:
    """Counts the tickets from the orders, and never believes what the stock says of itself."""

    def __init__(self, store: Store) -> None:
        self.found: list[Found] = []
        self._store = store
        self._held: Counter[str] = Counter()
        self._versions: dict[str, int] = {}
        self.begin_again()
        store.on_commit = self._look
        store.on_loss = self.begin_again

    def begin_again(self) -> None:
        """Count anew, after commits were lost."""
        self._held.clear()
        for row in self._store.now("orders").values():
            self._count(row, 1)
        self._versions = {key[1]: row.version for key, row in self._store.now("stock").items()}

    def _look(self, changes: Sequence[Change]) -> None:
        before = dict(self._versions)
        for change in changes:
            if change.table == "orders":
                self._count(change.before, -1)
                self._count(change.after, 1)
            elif change.table == "stock_journal":
                self._follow(change.after)
        for change in changes:
            if change.table == "orders" and change.after.order.reason == "sold_out":
                self._look_whether_it_was(change.after.order, before)
            elif change.table == "stock":
                self._look_at_stock(change.key[1], change.after)

    def _count(self, row: Any, sign: int) -> None:
        if row is not None and row.order.status == "confirmed":
            for line in row.order.lines:
                self._held[line.ticket_type] += sign * line.quantity

    def _follow(self, step: Any) -> None:
        expected = self._versions.get(step.ticket_type, 0) + 1
        if step.version != expected:
            self._find("P1", f"{step.ticket_type}: version {step.version} comes after {expected - 1}", step.order_id)
        self._versions[step.ticket_type] = step.version

    def _look_at_stock(self, kind: str, stock: Any) -> None:
        held = self._held[kind]
        if held > stock.capacity:
            self._find("P1", f"{kind}: {held} tickets are confirmed of {stock.capacity}, at version {stock.version}")
        if held != stock.sold:
            self._find("P4", f"{kind}: {stock.sold} are said to be sold and {held} tickets are confirmed")

    def _look_whether_it_was(self, order: Order, before: Mapping[str, int]) -> None:
        """The decision was made under the lock, so by no version from before this commit but the last."""
        for left in order.available:
            kind, version = left.ticket_type, left.version
            if not before[kind] <= version <= self._versions[kind]:
                what = f"sold out is decided by version {version} of {kind}, when it was at {before[kind]} already"
                self._find("P4", what, order.order_id)

    def _find(self, promise: Promise, what: str, order_id: str | None = None) -> None:
        self.found.append((promise, Violation(what, (order_id,) if order_id else ())))
