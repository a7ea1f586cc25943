"""What a world came to: lives it, and judges it with the checker that judges real runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.heard import hear
from scripts.proof.checker.judging import judge
from scripts.proof.checker.verdict import Promise
from scripts.proof.checker.visible_errors import saw_an_error
from scripts.proof.history import End as EndOfHistory
from scripts.proof.history import Entry, Run
from scripts.proof.simulation import snapshots
from scripts.proof.simulation.instants import Found
from scripts.proof.simulation.plans import PRICE, SLUG, Plan
from scripts.proof.simulation.processes import BEGINS_AT
from scripts.proof.simulation.strangers import strangers, told_too_much, without
from scripts.proof.simulation.world import World

COMMAND: Final = "python3 -m scripts.proof.simulate"
Break = Callable[[World], AbstractContextManager[None]]


@dataclass(frozen=True)
class Outcome:
    """`found` are violations of promises 1 to 5; `errors` are buyers whose last answer was an error, of `buyers`."""

    plan: Plan
    found: tuple[Found, ...]
    buyers: int
    errors: int
    purchases: int
    entries: tuple[Entry, ...]

    @property
    def broken(self) -> tuple[Promise, ...]:
        """The promises that were broken, each once."""
        return tuple(sorted({promise for promise, _ in self.found}))


def live(world: World, breaks: Break = lambda _: nullcontext()) -> Outcome:
    """Let a world, of which something may be broken, live to its end, and judge it."""
    with breaks(world):
        world.live()
    ledger, pending = snapshots.ledger(world.orders_db.store), snapshots.pending(world.pending_db.store)
    entries: list[Entry] = [_head(world.plan), *world.browsers.entries, _end(world)]
    others = strangers(world.plan, ledger)
    heard = hear(without(entries, others))
    found: list[Found] = [*world.instants.found, *(("P3", each) for each in told_too_much(entries, others))]
    for row in judge(Evidence(heard, ledger, pending)).rows:
        if row.promise != "P6":
            found += [(row.promise, violation) for check in row.checks for violation in check.shown]
    return Outcome(
        plan=world.plan,
        found=tuple(dict.fromkeys(found)),
        buyers=len(heard.answers),
        errors=sum(saw_an_error(last) for last in heard.answers.values()),
        purchases=len(world.plan.visits),
        entries=tuple(entries),
    )


def _head(plan: Plan) -> Run:
    capacity = {
        kind: max([room, *(each.capacities.get(kind, 0) for each in plan.publications)])
        for kind, room in plan.capacities.items()
    }
    return Run("simulation", plan.seed, "simulation", BEGINS_AT.timestamp(), SLUG, capacity, COMMAND, price=PRICE)


def _end(world: World) -> EndOfHistory:
    ended_at = BEGINS_AT.timestamp() + world.plan.faults_end_at
    return EndOfHistory(world.world.unix_time(), world.timeline.now, ended_at)
