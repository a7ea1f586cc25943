"""Many worlds, one after the other or in several processes, in the order of their seeds, and what came of them all."""

import gc
import logging
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from typing import Final

import msgspec
import structlog

from scripts.proof.checker.visible_errors import VISIBLE_ERRORS
from scripts.proof.simulation.drawing import draw
from scripts.proof.simulation.plans import Plan
from scripts.proof.simulation.sabotage import SABOTAGES
from scripts.proof.simulation.verdicts import Outcome, live
from scripts.proof.simulation.world import World

_AT_ONCE: Final = 10  # worlds that a process is given
_COLLECT_EVERY: Final = 50  # worlds: what they leave behind are cycles, and looking for them all the time costs a tenth


class Broken(msgspec.Struct, frozen=True):
    """A promise that was broken, by which orders, in words."""

    promise: str
    what: str
    order_ids: tuple[str, ...] = ()


class Lived(msgspec.Struct, frozen=True):
    """One world in numbers; `buyers` and `errors` are of worlds with nothing but the errors of the chaos revision."""

    seed: int
    purchases: int
    simulated_s: float
    broken: tuple[Broken, ...]
    buyers: int = 0
    errors: int = 0


class Totals(msgspec.Struct):
    """All worlds so far."""

    worlds: int = 0
    purchases: int = 0
    simulated_s: float = 0.0
    buyers: int = 0
    errors: int = 0

    def add(self, lived: Lived) -> None:
        self.worlds += 1
        self.purchases += lived.purchases
        self.simulated_s += lived.simulated_s
        self.buyers += lived.buyers
        self.errors += lived.errors

    @property
    def hides_failures(self) -> bool:
        """Promise 6, over all worlds in which it is asked for."""
        return self.errors <= VISIBLE_ERRORS * self.buyers


@contextmanager
def quiet() -> Iterator[None]:
    """What the shop and the function log is for their operators: a simulated crash is no news."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def replay(plan: Plan, sabotage: str | None = None, *, is_told: bool = False) -> tuple[Outcome, World]:
    """What comes of a plan, the same each time, and the world it came of."""
    world = World(plan, is_told=is_told)
    with quiet():
        outcome = live(world, SABOTAGES[sabotage].breaks) if sabotage else live(world)
    return outcome, world


def run(seeds: Iterable[int], sabotage: str | None = None, jobs: int = 1) -> Iterator[Lived]:
    """What comes of each seed, in their order."""
    if jobs == 1:
        for number, seed in enumerate(seeds):
            with _seldom_collected(number):
                yield _live(seed, sabotage)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as processes:
        pieces = _pieces(iter(seeds))
        waiting = [processes.submit(_live_all, piece, sabotage) for piece in islice(pieces, 2 * jobs)]
        try:
            while waiting:
                lived = waiting.pop(0).result()
                waiting += [processes.submit(_live_all, piece, sabotage) for piece in islice(pieces, 1)]
                yield from lived
        finally:
            for future in waiting:
                future.cancel()


def _pieces(seeds: Iterator[int]) -> Iterator[list[int]]:
    for first in seeds:
        yield list(chain([first], islice(seeds, _AT_ONCE - 1)))


def _live_all(seeds: list[int], sabotage: str | None) -> list[Lived]:
    return list(run(seeds, sabotage))


@contextmanager
def _seldom_collected(number: int) -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        if number % _COLLECT_EVERY == _COLLECT_EVERY - 1:
            gc.collect()


def _live(seed: int, sabotage: str | None) -> Lived:
    plan = draw(seed)
    outcome, world = replay(plan, sabotage)
    is_counted = plan.is_of_errors_alone
    return Lived(
        seed=seed,
        purchases=outcome.purchases,
        simulated_s=world.timeline.now,
        broken=tuple(Broken(promise, each.what, each.order_ids) for promise, each in outcome.found),
        buyers=outcome.buyers if is_counted else 0,
        errors=outcome.errors if is_counted else 0,
    )
