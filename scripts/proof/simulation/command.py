"""The simulator's command line: what it takes, what it writes, and its exit codes."""

import argparse
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any, Final, TextIO

import msgspec

from scripts.proof.simulation.drawing import draw
from scripts.proof.simulation.plans import Plan
from scripts.proof.simulation.runs import Lived, Totals, replay, run
from scripts.proof.simulation.sabotage import SABOTAGES
from scripts.proof.simulation.shrinking import Shrinker

GOOD: Final = 0
VIOLATED: Final = 1
COULD_NOT: Final = 2
COMMAND: Final = "python3 -m scripts.proof.simulate"
PURCHASES: Final = 20_000
_FEW: Final = 4  # buyers, whose stories a reader can follow side by side
_TELL_EVERY_S: Final = 2.0
_DESCRIPTION: Final = """\
Sells in simulated time: the shop's and the function's own code on a simulated network, clock and database, with faults
between any two steps, all drawn from seeds. Each world is judged by the checker of the promises. A seed that breaks one
is made smaller, its story is told, and it replays exactly.

Exit codes: 0 every promise was kept, 1 a promise was broken, 2 it could not be run.
"""


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    much = parser.add_mutually_exclusive_group()
    much.add_argument("--seeds", type=_range, metavar="A-B", help="the worlds with these seeds")
    much.add_argument("--purchases", type=_number, default=PURCHASES, help="so many purchases (default: %(default)s)")
    much.add_argument("--seed", type=_number, help="one world")
    parser.add_argument("--replay", action="store_true", help="with --seed: tell its whole story")
    parser.add_argument("--sabotage", choices=tuple(SABOTAGES), help="with one guard removed: it must be found out")
    parser.add_argument("--jobs", type=_number, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--keep-going", action="store_true", help="after a broken promise too, without its story")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="(default: %(default)s)")
    options = parser.parse_args(words)
    if options.replay and options.seed is None:
        parser.error("--replay goes with --seed")
    return options


def main(words: Sequence[str]) -> int:
    """Do what was asked for, and return the exit code."""
    options = parse(words)
    if options.replay:
        return _replay(draw(options.seed), options.sabotage)
    progress = Progress(sys.stderr)
    totals, bad = Totals(), list[Lived]()
    for lived in _lives(options, totals):
        totals.add(lived)
        progress.tell(totals)
        if lived.broken:
            bad.append(lived)
            progress.found(lived)
            if not options.keep_going:
                break
    progress.end(totals)
    if options.output == "json":
        print(msgspec.json.format(msgspec.json.encode(_as_json(options, totals, bad, progress))).decode())
    else:
        _write(options, totals, bad, progress)
    return VIOLATED if bad or not totals.hides_failures else GOOD


class Progress:
    """A line on standard error now and then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._began = time.monotonic()
        self._told_at = self._began

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def tell(self, totals: Totals) -> None:
        if time.monotonic() - self._told_at > _TELL_EVERY_S:
            self._told_at = time.monotonic()
            self._stream.write(f"· {self.line(totals)}\n")
            self._stream.flush()

    def found(self, lived: Lived) -> None:
        """A seed that breaks something, at once: there may be hours to come."""
        self._stream.write(f"✗ seed {lived.seed}: {lived.broken[0].promise}  {lived.broken[0].what}\n")
        self._stream.flush()

    def end(self, totals: Totals) -> None:
        self._stream.write(f"✓ {self.line(totals)}\n")

    def line(self, totals: Totals) -> str:
        rate = totals.purchases / max(self.seconds, 1e-9) * 60
        return f"{totals.purchases:,} purchases in {totals.worlds:,} worlds, {self.seconds:.0f} s, {rate:,.0f} a minute"


def _lives(options: argparse.Namespace, totals: Totals) -> Iterator[Lived]:
    """The worlds asked for; by purchases, those from seed 1 on until there are enough."""
    if options.seed is not None:
        yield from run([options.seed], options.sabotage)
        return
    seeds: Iterable[int] = options.seeds or count(1)
    for lived in run(seeds, options.sabotage, options.jobs):
        yield lived
        if options.seeds is None and totals.purchases >= options.purchases:
            return


def _write(options: argparse.Namespace, totals: Totals, bad: Sequence[Lived], progress: Progress) -> None:
    share = f"{totals.errors} of {totals.buyers:,} buyers" if totals.buyers else "not asked for in these worlds"
    print(progress.line(totals))
    print(f"P1 to P5: {'broken' if bad else 'kept'} in {len(bad) or totals.worlds:,} worlds")
    print(f"P6, an error seen last where 30 % of the chaos revision's answers are errors: {share}")
    for lived in bad:
        print(f"\nseed {lived.seed} breaks {', '.join(sorted({each.promise for each in lived.broken}))}")
        for each in lived.broken[:5]:
            print(f"  {each.promise}  {each.what}")
        print(f"  again: {_again(lived.seed, options.sabotage)}")
    if bad and not options.keep_going:
        _tell_smallest(bad[0], options.sabotage)


def _tell_smallest(lived: Lived, sabotage: str | None) -> None:
    """Make the world smaller, and tell the story that is left."""
    promise = lived.broken[0].promise
    shrinker = Shrinker(lambda plan: promise in replay(plan, sabotage)[0].broken)
    plan = shrinker.shrink(draw(lived.seed))
    print(f"\nthe smallest world found that breaks {promise}, after {shrinker.tries} tries:")
    _replay(plan, sabotage, is_short=len(plan.visits) > _FEW)


def _replay(plan: Plan, sabotage: str | None, *, is_short: bool = False) -> int:
    """The story of a world; a short one is of the orders that broke a promise alone, and of all that names no order."""
    outcome, world = replay(plan, sabotage, is_told=True)
    broken = {order_id for _, violation in outcome.found for order_id in violation.order_ids} if is_short else ()
    print("\n".join(_plan_in_words(plan)))
    print("\n".join(world.story.lines(*broken)))
    for promise, violation in outcome.found:
        print(f"{promise}  {world.story.named(violation.what)}")
    if not outcome.found:
        print("every promise was kept")
    return VIOLATED if outcome.found else GOOD


def _plan_in_words(plan: Plan) -> Iterator[str]:
    yield f"seed {plan.seed}: capacities {dict(plan.capacities)}"
    yield f"{plan.to_chaos:.0%} of first tries to the chaos revision, whose faults are {plan.chaos or 'none'}"
    for visit in plan.visits:
        lines = ", ".join(f"{number} {kind}" for kind, number in visit.lines.items())
        yield f"buyer {visit.person.number} comes at {visit.at_s:.2f} s and wants {lines}"
    yield from (f"fault: {fault}" for fault in plan.faults)


def _again(seed: int, sabotage: str | None) -> str:
    return f"{COMMAND} --seed {seed} --replay" + (f" --sabotage {sabotage}" if sabotage else "")


def _as_json(options: argparse.Namespace, totals: Totals, bad: Sequence[Lived], progress: Progress) -> dict[str, Any]:
    return {
        "worlds": totals.worlds,
        "purchases": totals.purchases,
        "seconds": round(progress.seconds, 1),
        "purchases_per_minute": round(totals.purchases / max(progress.seconds, 1e-9) * 60),
        "simulated_seconds": round(totals.simulated_s),
        "sabotage": options.sabotage,
        "buyers_of_masked_failure": totals.buyers,
        "buyers_who_saw_an_error": totals.errors,
        "violations": [
            {"seed": lived.seed, "again": _again(lived.seed, options.sabotage), "broken": lived.broken} for lived in bad
        ],
    }


def _range(text: str) -> range:
    form = re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", text)
    if form is None or int(form[1]) > int(form[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form A-B")
    return range(int(form[1]), int(form[2]) + 1)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 9 and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)
