"""What happens in one world, drawn from its seed before it begins: who buys what, and which faults hit where.

Plain data, so that a world can be made smaller piece by piece, and still repeats exactly.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

import msgspec

from scripts.proof.sale.crowd import Plan as Person

SLUG = "last-night"
PRICE = 1000
LIMIT = 4  # tickets of a type for one order

Kind = Literal[
    "lost",  # a message never arrives
    "lost_reply",  # what it asks for is done, and the answer never arrives
    "late",  # it takes `for_s` longer
    "twice",  # it arrives a second time, `for_s` later
    "crash",  # a process ends before one of its steps, and is back after `for_s`
    "clock",  # the clock of a process is wrong by `for_s`
    "cut_before",  # the line to a database breaks: what was sent never arrives
    "cut_after",  # the same, once what was sent is carried out
    "deadlock",  # a statement fails so
    "cancelled",  # the same, for its time is over
    "stall",  # every statement takes `for_s`
    "silent",  # nothing arrives at a database or from it, for `for_s`
    "unreachable",  # no shop reaches a function, for `for_s`
    "shift",  # all first tries go to the chaos revision, for `for_s`
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
Leg = Literal["page", "try"]
"""From a browser to a shop, or from a shop to a function."""


class Visit(msgspec.Struct, frozen=True):
    """One buyer, who comes at `at_s`; `lines` are tickets by type, and `seed` makes the pauses and the network's."""

    at_s: float
    person: Person
    lines: Mapping[str, int]
    seed: int


class Fault(msgspec.Struct, frozen=True):
    """One fault. Of a message: `where` is its leg, and it hits the `nth` of the buyer `visit`.

    Any other: `where` is a process; it comes `steps` steps of that process after `at_s`.
    """

    kind: Kind
    where: str
    at_s: float = 0.0
    steps: int = 0
    for_s: float = 0.0
    visit: int = -1
    nth: int = 0

    def __str__(self) -> str:
        if self.visit >= 0:
            when = f"{self.nth}. {self.where} of buyer {self.visit}"
        else:
            when = f"{self.where}, {self.steps} steps after {self.at_s:.2f} s"
        return f"{self.kind} {when}" + (f", for {self.for_s:.2f} s" if self.for_s else "")


class Publication(msgspec.Struct, frozen=True):
    """The show is published again, with these capacities."""

    at_s: float
    capacities: Mapping[str, int]


class Plan(msgspec.Struct, frozen=True):
    """One world; `to_chaos` is the share of first tries that the split sends to the chaos revision."""

    seed: int
    capacities: Mapping[str, int]
    to_chaos: float
    chaos: str
    visits: tuple[Visit, ...]
    faults: tuple[Fault, ...]
    publications: tuple[Publication, ...] = ()
    pending_limit: int = 1000

    @property
    def faults_end_at(self) -> float:
        """When the last fault is over, in seconds of the world; one that still waits for its step never comes."""
        ends = [fault.at_s + (fault.for_s if fault.kind != "clock" else 0.0) for fault in self.faults]
        return max(ends, default=0.0) + 2.0

    @property
    def is_of_errors_alone(self) -> bool:
        """Whether nothing is wrong but the errors of the chaos revision: promise 6."""
        return not self.faults and self.chaos == "error:0.3"
