"""The two measures of a steady state, over what the shop has counted."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scripts.inside.counting import Counted
from scripts.inside.pages import CALLS, SAW

VISIBLE_ERRORS: Final = ("unconfirmed", "busy")


@dataclass(frozen=True)
class Share:
    """So many `bad` ones of so many `events`, and what they are made of."""

    events: int
    bad: int
    detail: Mapping[str, Any]

    @property
    def share(self) -> float:
        """From 0 to 1; 0 when nothing happened."""
        return self.bad / self.events if self.events else 0.0


def buyers(counted: Counted) -> Share:
    """Visible errors among the answers to purchases; a form with a mistake in it tells nothing about the function."""
    saw: Counter[str] = Counter()
    for (name, labels), value in counted.items():
        if name == SAW and (what := dict(labels).get("what", "")) != "invalid":
            saw[what] += round(value)
    return Share(saw.total(), sum(saw[what] for what in VISIBLE_ERRORS), {what: n for what, n in saw.items() if n})


def calls(counted: Counted) -> Share:
    """First tries on the weighted route that decided nothing, among all of them; in detail by revision.

    A try without an answer has no revision to its name: it is among those of the revision "".
    """
    tries: dict[str, Counter[str]] = {}
    for (name, labels), value in counted.items():
        label = dict(labels)
        if name == CALLS and value and (label.get("attempt"), label.get("route")) == ("1", "weighted"):
            of_revision = tries.setdefault(label.get("revision", ""), Counter())
            of_revision["tries"] += round(value)
            of_revision["undecided"] += round(value) if label.get("outcome") != "decided" else 0
    all_tries = sum(tries.values(), Counter[str]())
    return Share(all_tries["tries"], all_tries["undecided"], {revision: dict(n) for revision, n in tries.items()})


MEASURES: Final[Mapping[str, Callable[[Counted], Share]]] = {"buyers": buyers, "calls": calls}
