"""What a world came to: lives it, and judges it with the checker that judges real runs."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final

from scripts.proof.checker.evidence import Evidence
from scripts.proof.checker.heard import hear
from scripts.proof.checker.judging import judge
from scripts.proof.checker.verdict import Promise, Violation
from scripts.proof.checker.visible_errors import saw_an_error
from scripts.proof.history import End as EndOfHistory
from scripts.proof.history import Entry, Run
from scripts.proof.simulation import snapshots
from scripts.proof.simulation.instants import Found
from scripts.proof.simulation.plans import PRICE, SLUG, Plan
from scripts.proof.simulation.processes import BEGINS_AT
from scripts.proof.simulation.strangers import strangers, told_too_much, without
from scripts.proof.simulation.world import ENOUGH_S, World

COMMAND: Final = "python3 -m scripts.proof.simulate"
Break = Callable[[World], AbstractContextManager[None]]


@dataclass(frozen=True)
class Outcome:
    """What was found broken in a world, and its history.

    Promise 6 is a share of all buyers in many worlds: here `errors` are those whose last answer was an error, of
    `buyers`. Who waits for ever is found in any world.
    """

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
    evidence = Evidence(hear(without(entries, others)), ledger, pending)
    strange: Iterable[Found] = (("P3", each) for each in told_too_much(entries, others))
    last_answers = evidence.heard.answers.values()
    return Outcome(
        plan=world.plan,
        found=tuple(dict.fromkeys([*world.instants.found, *strange, *_waiting(world), *_judged(evidence)])),
        buyers=len(last_answers),
        errors=sum(map(saw_an_error, last_answers)),
        purchases=len(world.plan.visits),
        entries=tuple(entries),
    )


def _judged(evidence: Evidence) -> Iterator[Found]:
    for row in judge(evidence).rows:
        if row.promise != "P6":
            yield from ((row.promise, violation) for check in row.checks for violation in check.shown)


def _waiting(world: World) -> Iterator[Found]:
    if world.browsers.present:
        what = f"{world.browsers.present} buyers wait for an answer {ENOUGH_S:g} s after the last fault"
        yield "P6", Violation(what)


def _head(plan: Plan) -> Run:
    capacity = {
        kind: max([room, *(each.capacities.get(kind, 0) for each in plan.publications)])
        for kind, room in plan.capacities.items()
    }
    return Run("simulation", plan.seed, "simulation", BEGINS_AT.timestamp(), SLUG, capacity, COMMAND, price=PRICE)


def _end(world: World) -> EndOfHistory:
    ended_at = BEGINS_AT.timestamp() + world.plan.faults_end_at
    return EndOfHistory(world.world.unix_time(), world.timeline.now, ended_at)
