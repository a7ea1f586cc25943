"""One experiment under way: the shop, its sale, the history of it, and in the end the verdict.

The Chaos Toolkit calls functions by their names, so there is one session at a time in a process: `current` is it.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg

from functions.orders import contract
from scripts.experiments.asking import ask
from scripts.experiments.comparing import Watch
from scripts.experiments.faults import Faults
from scripts.experiments.target import Target, TargetError
from scripts.proof.checker import Verdict, check, load_ledger, load_pending
from scripts.proof.history import Attempt, End, History, Run
from scripts.proof.sale.arrivals import flash_sale, waves
from scripts.proof.sale.client import Address
from scripts.proof.sale.crowd import Cohort, Crowd, Habits
from scripts.proof.sale.sale import Sale
from scripts.proof.sequential import Comparison

TICKET_TYPE: Final = "place"
PRICE: Final = 1000
PATIENCE_S: Final = 120.0
_DECIDED_WITHIN_S: Final = 40.0  # a little longer than the checker allows, so that it sees what is late
_READ_WITHIN_S: Final = 20.0
_LISTED_WITHIN_S: Final = 30.0
_LONG: Final = 5000  # buyers, from which on they come in waves


@dataclass(frozen=True)
class Terms:
    """What is run, and how it is repeated; the history goes into `folder`.

    The crowd has these `habits`. Who has no answer `patience_s` seconds after the last fault will have none.
    """

    name: str
    hypothesis: str
    seed: int
    folder: Path
    command: str
    sabotage: str | None = None
    patience_s: float = PATIENCE_S
    habits: Habits = field(default_factory=Habits)


class Session:
    """An experiment on a target. What its actions and probes do goes through here."""

    def __init__(self, target: Target, terms: Terms) -> None:
        self.target = target
        self.terms = terms
        self.history = History(terms.folder / "history.jsonl")
        self.faults = Faults(target, self.history)
        self.verdict: Verdict | None = None
        self.sale: Sale | None = None
        self.watch: Watch | None = None
        self.revisions: dict[str, str] = {}
        """Which revision decided an order, once the sale was judged."""
        self.listeners: list[Callable[[Attempt], None]] = []
        self._slug = ""
        self._is_over = False
        self._last_fault_ended_at: float | None = None

    def open_sale(self, buyers: int, places: int, over_s: float, *, controls: float = 0.0) -> None:
        """Put a show on sale to so many buyers: half of them come at once, all within `over_s` seconds.

        Where the show is on no page, nobody buys by one.
        """
        self._slug = self._publish(places)
        history = self.history.__enter__()
        history.write(self._head(places))
        history.shifted(self.target.split())
        terms = self.terms
        habits = terms.habits if self.target.has_pages else replace(terms.habits, without_script=0.0)
        curve = flash_sale(over_s) if buyers < _LONG else waves(buyers, buyers / over_s)
        crowd = Crowd(self._slug, {TICKET_TYPE: PRICE}, buyers, curve, terms.seed, habits, controls=controls)
        shops = self.target.shops()
        urls: dict[Cohort, Address | None] = {"treated": shops["treated"], "control": shops.get("control")}
        if not controls:
            urls["control"] = None
        self.sale = Sale(urls, crowd, history, on_attempt=self._heard).__enter__()

    def _head(self, places: int) -> Run:
        terms = self.terms
        return Run(
            name=terms.name,
            seed=terms.seed,
            target=self.target.name,
            at=self.history.now()[0],
            show=self._slug,
            capacity={TICKET_TYPE: places},
            command=terms.command,
            versions=dict(self.target.versions()),
            sabotage=terms.sabotage,
            price=PRICE,
            hypothesis=terms.hypothesis,
        )

    def compare(self, comparison: Comparison) -> Watch:
        """Compare the two cohorts of the sale from now on."""
        self.watch = Watch(comparison, self.history.now()[1])
        self.listeners.append(self.watch.hear)
        return self.watch

    def finish_sale(self, within_s: float | None = None, *, faults_go_on: bool = False) -> None:
        """Wait until everybody has been answered and everything accepted is decided; then close the history.

        What is still open then is left for the checker to find. Faults are over by now, or once everybody has come.
        """
        sale, within_s = self._sale(), within_s or self.terms.patience_s
        if faults_go_on:
            sale.wait_for(lambda _: sale.has_everybody_come, within_s)
        self._last_fault_ended_at = self.history.now()[0]
        sale.wait_for(lambda _: sale.has_answered_everybody, within_s)
        sale.wait_for(lambda _: self.undecided() == 0, min(_DECIDED_WITHIN_S, self.terms.patience_s))
        sale.look_now()
        sale.wait_for(lambda _: sale.is_over, _READ_WITHIN_S)
        self.close_sale()

    def close_sale(self) -> None:
        """Nobody buys any more; the history is complete as far as it goes."""
        if self.sale is None or self._is_over:
            return
        self._is_over = True
        self.sale.stop()
        at, elapsed = self.history.now()
        self.history.write(End(at, elapsed, self._last_fault_ended_at))
        self.history.__exit__(None, None, None)

    def undecided(self) -> int:
        """How many purchases are accepted and not decided. Raises TargetError when the store can't be read."""
        return _count(self.target.pending_url(), "SELECT count(*) FROM pending_purchases WHERE state <> 'decided'")

    def judge(self) -> Verdict:
        """The verdict on what was sold. Raises CannotCheck."""
        ledger = load_ledger(self.target.ledger_url(), self._slug)
        order_ids = [person.order_id for person in self._sale().buyers]
        pending = load_pending(self.target.pending_url(), order_ids)
        lines = (line for _, line in self.target.log_lines())
        self.verdict = check(self.history.path, ledger, pending, lines)
        self.revisions = {order_id: _short(order.revision) for order_id, order in ledger.orders.items()}
        return self.verdict

    def wait_for_confirmed(self, share: float, within_s: float) -> bool:
        """Whether so large a share of all buyers was told that they have tickets, within the time."""
        sale = self._sale()
        return sale.wait_for(lambda _: sale.saw["confirmed"] >= share * sale.crowd.count, within_s)

    def _sale(self) -> Sale:
        if self.sale is None:
            raise TargetError("no sale was opened in this experiment: the action open_sale comes first")
        return self.sale

    def _heard(self, attempt: Attempt) -> None:
        for listener in self.listeners:
            listener(attempt)

    def _publish(self, places: int) -> str:
        now = datetime.now(UTC)
        slug = f"proof-{self.terms.name}-{time.time_ns() // 1_000_000:x}"
        kind = contract.TicketType(TICKET_TYPE, "Place", PRICE, "EUR", capacity=places, limit_per_order=4)
        day = timedelta(days=1)
        begins, opened, ends = now + 2 * day, now - day, now + day
        hidden = not self.target.has_pages
        self.target.publish(
            contract.Show(slug, "The proof", "Old Foundry", begins, opened, ends, (kind,), hidden=hidden)
        )
        if self.target.has_pages:
            for shop in self.target.shops().values():
                _wait_until_listed(shop, slug)
        return slug


_current: Session | None = None


def current() -> Session:
    """The experiment under way. Raises TargetError when there is none."""
    if _current is None:
        raise TargetError("no experiment is under way: it needs the control scripts.experiments.control")
    return _current


def begin(session: Session) -> None:
    """From now on this is the experiment under way."""
    global _current  # noqa: PLW0603  # the Chaos Toolkit knows functions by name alone
    _current = session


def end() -> None:
    """The experiment is over."""
    global _current  # noqa: PLW0603
    with suppress(TargetError):
        current().close_sale()
    _current = None


def _short(revision: str) -> str:
    """`stable` or `chaos` of a revision's name."""
    return next((name for name in ("stable", "chaos") if f"-{name}-" in revision), revision)


def _wait_until_listed(shop: Address, slug: str) -> None:
    """A shop asks for its list every second: who comes before would be told that there is no such show."""
    deadline = time.monotonic() + _LISTED_WITHIN_S
    while ask(shop, f"/shows/{slug}")[0] != 200:
        if time.monotonic() > deadline:
            raise TargetError(f"the shop at {shop.host} doesn't list the show within {_LISTED_WITHIN_S:g} s")
        time.sleep(0.1)


def _count(url: str, query: str) -> int:
    try:
        with psycopg.connect(url, connect_timeout=5) as session:
            row = session.execute(query.encode()).fetchone()
    except psycopg.Error as error:
        raise TargetError(f"the database can't be read: {error}") from error
    return int(row[0]) if row else 0
