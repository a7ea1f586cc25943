"""The sabotage: the real processes with one guard taken out, so that a proof which stays green without it is found out.

Each module here takes one guard out of the process that it is imported into: it replaces a part, for no setting of the
shop can. `commands` starts such processes in the place of the Procfile's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Guard = Literal["no-lock", "no-prior-outcome", "outcome-lost", "pending-not-durable", "sold-out-unchecked"]
Command = Literal["orders", "web"]
"""The process whose part it is, by its name in the Procfile."""


@dataclass(frozen=True)
class Sabotage:
    """What is taken out of which process, which promises that breaks, and which experiments can show it."""

    command: Command
    module: str
    breaks: tuple[str, ...]
    shown_by: tuple[str, ...]


SABOTAGES: Final[Mapping[Guard, Sabotage]] = {
    "no-lock": Sabotage("orders", "no_lock", ("P1", "P4"), ("function-killed", "split-shifted")),
    "no-prior-outcome": Sabotage("orders", "no_prior_outcome", ("P3", "P5"), ("drop-reply", "duplicate")),
    "outcome-lost": Sabotage("orders", "outcome_lost", ("P2", "P3"), ("ledger-database-killed", "function-killed")),
    "pending-not-durable": Sabotage("web", "pending_not_durable", ("P2",), ("frontend-killed-in-an-outage",)),
    "sold-out-unchecked": Sabotage("orders", "sold_out_unchecked", ("P4",), ("error",)),
}
SHOWN_BY: Final[Mapping[str, Sequence[str]]] = {name: one.shown_by for name, one in SABOTAGES.items()}
_ENTRIES: Final[Mapping[Command, str]] = {"orders": "orders", "web": "frontend"}


def commands(guard: str) -> Mapping[str, Sequence[str]]:
    """The commands that stand in the place of the Procfile's, by its names. Raises KeyError for no guard's name."""
    sabotage = {str(name): one for name, one in SABOTAGES.items()}[guard]
    entry = f"{__name__}.{_ENTRIES[sabotage.command]}"
    return {sabotage.command: ("python3", "-m", entry, guard)}
