"""Makes a failing world smaller, piece by piece, as long as it goes on breaking the same promise.

Delta debugging (ddmin) over buyers, faults and publications. Source: A. Zeller, R. Hildebrandt, "Simplifying and
isolating failure-inducing input", IEEE Transactions on Software Engineering 28 (2002). Then each piece is made plainer.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import msgspec

from scripts.proof.simulation.plans import Fault, Plan, Publication, Visit

Piece = Visit | Fault | Publication
MOST_TRIES = 600


class Shrinker:
    """`fails` says whether a world still breaks the promise; it is asked `MOST_TRIES` times at most."""

    def __init__(self, fails: Callable[[Plan], bool], most_tries: int = MOST_TRIES) -> None:
        self.tries = 0
        self._tried = set[bytes]()
        self._fails = fails
        self._most_tries = most_tries

    def shrink(self, plan: Plan) -> Plan:
        """The smallest world found; `plan`, which fails, if none is."""
        self._tried.add(msgspec.json.encode(plan))
        while self.tries < self._most_tries:
            smaller = self._plainer(self._fewer(plan))
            if smaller == plan:
                break
            plan = smaller
        return plan

    def _fewer(self, plan: Plan) -> Plan:
        pieces, parts = _pieces(plan), 2
        while len(pieces) > 1:
            size = -(-len(pieces) // parts)
            for at in range(0, len(pieces), size):
                rest = [*pieces[:at], *pieces[at + size :]]
                if self._still_fails(_of(plan, rest)):
                    pieces, parts = rest, max(parts - 1, 2)
                    break
            else:
                if size == 1:
                    break
                parts = min(2 * parts, len(pieces))
        return _of(plan, pieces)

    def _plainer(self, plan: Plan) -> Plan:
        for change in _CHANGES:
            found: Plan | None = plan
            while found is not None:
                plan = found
                found = next((plainer for plainer in change(plan) if self._still_fails(plainer)), None)
        return plan

    def _still_fails(self, plan: Plan) -> bool:
        key = msgspec.json.encode(plan)
        if self.tries >= self._most_tries or not plan.visits or key in self._tried:
            return False
        self._tried.add(key)
        self.tries += 1
        return self._fails(plan)


def _pieces(plan: Plan) -> list[Piece]:
    return [*plan.visits, *plan.faults, *plan.publications]


def _of(plan: Plan, pieces: Sequence[Piece]) -> Plan:
    """The plan with these pieces alone; a fault of a buyer who doesn't come is none."""
    visits = tuple(piece for piece in pieces if isinstance(piece, Visit))
    numbers = {-1, *(visit.person.number for visit in visits)}
    faults = tuple(piece for piece in pieces if isinstance(piece, Fault) and piece.visit in numbers)
    publications = tuple(piece for piece in pieces if isinstance(piece, Publication))
    return msgspec.structs.replace(plan, visits=visits, faults=faults, publications=publications)


def _without_chaos(plan: Plan) -> Iterator[Plan]:
    yield msgspec.structs.replace(plan, chaos="", to_chaos=0.0)
    parts = plan.chaos.split(",")
    for gone in range(len(parts)):
        yield msgspec.structs.replace(plan, chaos=",".join([*parts[:gone], *parts[gone + 1 :]]))


def _without_habits(plan: Plan) -> Iterator[Plan]:
    """Each buyer without one habit after the other."""
    for at, visit in enumerate(plan.visits):
        person = visit.person
        for plainer in (
            replace(person, reloads=()),
            replace(person, cancels_after_s=None),
            replace(person, double_clicks=False),
            replace(person, leaves_after_s=None),
        ):
            visits = list(plan.visits)
            visits[at] = msgspec.structs.replace(visit, person=plainer)
            yield msgspec.structs.replace(plan, visits=tuple(visits))


def _with_one_line(plan: Plan) -> Iterator[Plan]:
    """Each buyer with one ticket type instead of several."""
    for at, visit in enumerate(plan.visits):
        for kind, number in visit.lines.items() if len(visit.lines) > 1 else ():
            person = replace(visit.person, ticket_type=kind, quantity=number)
            visits = list(plan.visits)
            visits[at] = msgspec.structs.replace(visit, person=person, lines={kind: number})
            yield msgspec.structs.replace(plan, visits=tuple(visits))


def _sooner(plan: Plan) -> Iterator[Plan]:
    """Each fault of a process after fewer steps."""
    for at, fault in enumerate(plan.faults):
        for steps in (0, fault.steps // 2, fault.steps - 1) if fault.steps else ():
            faults = list(plan.faults)
            faults[at] = msgspec.structs.replace(fault, steps=steps)
            yield msgspec.structs.replace(plan, faults=tuple(faults))


_CHANGES: Sequence[Callable[[Plan], Iterator[Plan]]] = (_without_chaos, _without_habits, _with_one_line, _sooner)
