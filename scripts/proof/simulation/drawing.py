"""Draws the plan of a world from its seed."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

from scripts.proof.sale.crowd import Plan as Person
from scripts.proof.simulation.plans import LIMIT, PRICE, Fault, Kind, Plan, Publication, Visit

KINDS: Final = ("gallery", "seat", "stalls")
OF_ERRORS_ALONE: Final = "error:0.3"
_CHAOS: Final = (
    OF_ERRORS_ALONE,
    "error:0.2,drop_reply:0.2",
    "drop_reply:0.4",
    "duplicate:0.5",
    "latency:0.5:800ms",
    "hang:0.2:late,duplicate:0.2",
    "hang:0.3:never",
    "crash:0.1:after",
    "crash:0.1:before,crash:0.1:after,drop_reply:0.1",
    "error:0.1,latency:0.2:400ms,hang:0.05:never,hang:0.05:late,drop_reply:0.1,duplicate:0.1,crash:0.05:after",
)
_PROCESSES: Final = ("stable", "chaos", "shop-1", "shop-2", "orders-db", "pending-db")
_SALE_S: Final = 8.0
_PATIENCE_S: Final = 300.0


def draw(seed: int) -> Plan:
    """The plan of the world with this seed."""
    random = Random(seed)  # noqa: S311  # repeatable on purpose
    visits = _visits(random)
    capacities = _capacities(random, visits)
    of_errors_alone = random.random() < 0.15
    return Plan(
        seed=seed,
        capacities=capacities,
        to_chaos=1.0 if of_errors_alone else random.choice((0.0, 0.2, 0.5, 1.0)),
        chaos=OF_ERRORS_ALONE if of_errors_alone else random.choice(_CHAOS),
        visits=visits,
        faults=() if of_errors_alone else _faults(random, visits),
        publications=_publications(random, capacities) if random.random() < 0.2 else (),
        pending_limit=random.choice((1000, 1000, 1000, 5)),
    )


def _visits(random: Random) -> tuple[Visit, ...]:
    """A burst and a tail; now and then somebody uses the order id of another purchase for one of his own.

    Three of one order id there never are: the third could be the same purchase as the first.
    """
    visits: list[Visit] = []
    for number in range(random.choice((5, 10, 15, 20, 25, 30, 40, 60))):
        order_id = str(uuid.UUID(int=random.getrandbits(128), version=4))
        kinds: Sequence[str] = random.sample(KINDS, random.choice((1, 1, 1, 1, 2, 3)))
        lines = {kind: random.choice((1, 1, 1, 2, 2, 3, 4)) for kind in kinds}
        if visits and random.random() < 0.02:
            other = random.choice(visits)
            if sum(visit.person.order_id == other.person.order_id for visit in visits) == 1:
                order_id = other.person.order_id
                lines = {kind: 1 + number % LIMIT for kind, number in other.lines.items()}
        at_s = random.random() * (1.0 if random.random() < 0.5 else _SALE_S)
        visits.append(Visit(at_s, _person(random, number, order_id, lines), lines, random.getrandbits(48)))
    return tuple(visits)


def _person(random: Random, number: int, order_id: str, lines: dict[str, int]) -> Person:
    """The habits are more frequent than those of people: it is they that are put to the test."""
    return Person(
        number=number,
        order_id=order_id,
        ticket_type=next(iter(lines)) if len(lines) == 1 else "",
        quantity=sum(lines.values()),
        price=PRICE,
        cohort="treated",
        without_script=False,
        double_clicks=random.random() < 0.25,
        leaves_after_s=random.choice((0.002, 0.01, 0.05, 0.5, 2.0)) if random.random() < 0.15 else None,
        away_s=random.random() * 8.0,
        reloads=tuple(random.random() * 4.0 for _ in range(random.choice((0, 0, 0, 1, 2)))),
        sees_pages=False,
        cancels_after_s=random.random() * 4.0 if random.random() < 0.2 else None,
        patience_s=_PATIENCE_S,
    )


def _capacities(random: Random, visits: Sequence[Visit]) -> dict[str, int]:
    """Scarce, most of the time."""
    wanted = {kind: sum(visit.lines.get(kind, 0) for visit in visits) for kind in KINDS}
    return {kind: max(1, round(number * random.choice((0.2, 0.4, 0.6, 0.9, 1.2)))) for kind, number in wanted.items()}


def _publications(random: Random, capacities: dict[str, int]) -> tuple[Publication, ...]:
    def one() -> Publication:
        changed = {kind: max(1, number + random.randint(-3, 3)) for kind, number in capacities.items()}
        return Publication(random.random() * _SALE_S, changed)

    return tuple(one() for _ in range(random.choice((1, 2))))


def _faults(random: Random, visits: Sequence[Visit]) -> tuple[Fault, ...]:
    """Most worlds have a few, which is when it can be seen what each one does; some have many."""
    makers: Sequence[Callable[[Random, Sequence[Visit]], Fault]] = (_of_message, _of_message, _of_process, _of_database)
    number = random.choice((0, 1, 2, 3, 4, 6, 10, 16))
    some = [random.choice(makers)(random, visits) for _ in range(number)]
    return (*some, *_outage(random, visits)) if random.random() < 0.25 else tuple(some)


def _outage(random: Random, visits: Sequence[Visit]) -> Iterator[Fault]:
    """No function for longer than a call lasts, so that purchases are accepted; and trouble where they are kept."""
    at_s, for_s = random.choice(visits).at_s, 6.0 + 3.0 * random.random()
    if random.random() < 0.5:
        yield Fault("unreachable", "network", at_s, for_s=for_s)
    else:
        yield from (Fault("crash", where, at_s, random.randint(0, 30), for_s) for where in ("stable", "chaos"))
    for where, share in (("shop-1", 0.4), ("shop-2", 0.4), ("pending-db", 0.3)):
        if random.random() < share:
            soon_s = at_s + 6.0 + 3.0 * random.random()
            yield Fault("crash", where, soon_s, random.randint(0, 20), 0.1 + random.random())


def _of_message(random: Random, visits: Sequence[Visit]) -> Fault:
    kind: Kind = random.choice(("lost", "lost_reply", "lost_reply", "late", "twice"))
    for_s = random.choice((0.05, 0.5, 2.5)) * random.random() if kind in ("late", "twice") else 0.0
    visit = random.choice(visits).person.number
    return Fault(kind, random.choice(("page", "try", "try")), for_s=for_s, visit=visit, nth=random.choice((1, 1, 2, 3)))


def _of_process(random: Random, visits: Sequence[Visit]) -> Fault:
    """Mostly when somebody buys, for then there is something to be lost."""
    at_s = random.choice(visits).at_s + random.random() * random.choice((0.01, 0.1, 2.0))
    kind: Kind = random.choice(("crash", "crash", "crash", "clock", "unreachable", "shift"))
    if kind in ("unreachable", "shift"):
        return Fault(kind, "network", at_s, for_s=random.choice((1.0, 7.0)) * random.random())
    where = random.choice(_PROCESSES[:4] if kind == "clock" else _PROCESSES)
    if kind == "clock":
        return Fault(kind, where, at_s, for_s=random.choice((1.0, 60.0, 400.0)) * (2 * random.random() - 1))
    return Fault(kind, where, at_s, random.randint(0, 60), random.choice((0.3, 1.0, 7.0)) * random.random() + 0.05)


def _of_database(random: Random, visits: Sequence[Visit]) -> Fault:
    at_s = random.choice(visits).at_s
    kind: Kind = random.choice(("cut_before", "cut_after", "cut_after", "deadlock", "cancelled", "stall", "silent"))
    for_s = random.choice((0.3, 2.0, 5.0)) * random.random() if kind in ("stall", "silent") else 0.0
    where = random.choice(("orders-db", "orders-db", "pending-db"))
    return Fault(kind, where, at_s, random.randint(0, 40), for_s)
