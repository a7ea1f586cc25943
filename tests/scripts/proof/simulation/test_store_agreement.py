"""Whatever two sessions do, step by step, comes to the same in the simulated store and in PostgreSQL.

The steps are drawn from a seed, made of the product's own statements, and done in both at once: after each one the same
sessions wait, and in the end every session has read the same and the same is committed.
"""

from collections.abc import Callable
from random import Random

import pytest

from functions.orders.rules import Cancel, Place
from tests.scripts.proof.simulation.arenas import Arena, Simulated, Step
from tests.scripts.proof.simulation.steps import (
    Writer,
    accepting_,
    deciding,
    finding,
    giving_back,
    leasing,
    looking_up,
    order_id,
    place,
    publishing,
    say,
    show,
    trying_later,
)

STEPS = 30
SESSIONS = ("one", "other")
KINDS = ("seat", "standing")


class Both:
    """The two arenas, each with writers of its own; a session is in a transaction while it has one."""

    def __init__(self, seed: int, postgres: Arena) -> None:
        self.random = Random(seed)  # noqa: S311  # repeatable on purpose
        self.arenas: list[Arena] = [Simulated(seed), postgres]
        self.done: list[str] = []
        self._writers: dict[str, list[Writer]] = {}
        self._blocks: set[str] = set()
        for arena in self.arenas:
            arena.do("publisher", publishing(show(seat=4, standing=2)))

    def go_on(self) -> None:
        """One step of a session that does not wait."""
        waiting = self.arenas[0].waiting()
        session = self.random.choice([each for each in SESSIONS if each not in waiting])
        name, steps = self._next(session)
        self.done.append(f"{session}: {name}")
        for arena, step in zip(self.arenas, steps, strict=True):
            arena.do(session, step)
        assert self.arenas[0].waiting() == self.arenas[1].waiting(), self.done

    def end(self) -> None:
        """Everybody commits or rolls back, the one that does not wait first."""
        for _ in range(2 * len(SESSIONS)):
            for session in SESSIONS:
                if session not in self.arenas[0].waiting() and session in {*self._writers, *self._blocks}:
                    name, steps = self._over(session)
                    self.done.append(f"{session}: {name}")
                    for arena, step in zip(self.arenas, steps, strict=True):
                        arena.do(session, step)

    def _next(self, session: str) -> tuple[str, list[Step]]:
        if session in self._writers or (session in self._blocks and self.random.random() < 0.5):
            return self._over(session)
        if session in self._blocks:
            return self._pending_step()
        return self.random.choice((self._sale, self._sale, self._block, self._alone))(session)

    def _over(self, session: str) -> tuple[str, list[Step]]:
        writers = self._writers.pop(session, None)
        self._blocks.discard(session)
        if writers is not None and self.random.random() < 0.8:
            return "commits", [writer.commit for writer in writers]
        word = self.random.choice(("COMMIT", "ROLLBACK"))
        return word, [say(word)] * 2

    def _sale(self, session: str) -> tuple[str, list[Step]]:
        """One to three commands in one transaction."""
        sales = [self._command() for _ in range(self.random.randint(1, 3))]
        writers = self._writers[session] = [Writer(*sales) for _ in self.arenas]
        return f"begins {sales}", [writer.begin for writer in writers]

    def _command(self) -> Place | Cancel:
        number = self.random.randint(1, 4)
        if self.random.random() < 0.3:
            return Cancel(order_id(number))
        kinds = self.random.sample(KINDS, self.random.choice((1, 1, 2)))
        return place(number, **{kind: self.random.randint(1, 2) for kind in kinds})

    def _block(self, session: str) -> tuple[str, list[Step]]:
        self._blocks.add(session)
        return "BEGIN", [say("BEGIN")] * 2

    def _alone(self, _: str) -> tuple[str, list[Step]]:
        if self.random.random() < 0.7:
            return self._pending_step()
        seat, minute = self.random.randint(1, 6), self.random.randint(1, 50)
        return f"publishes {seat}", [publishing(show(seat=seat, standing=2), minute)] * 2

    def _pending_step(self) -> tuple[str, list[Step]]:
        number, tries = self.random.randint(1, 3), self.random.randint(0, 2)
        makers: dict[str, Callable[[], Step]] = {
            "accepts": lambda: accepting_(number, limit=2, seat=1 + number % 2),
            "finds": lambda: finding(number),
            "looks up": lambda: looking_up(number),
            "decides": lambda: deciding(number),
            "leases": lambda: leasing(self.random.choice((-1.0, 60.0))),
            "tries later": lambda: trying_later(number, tries, -1.0),
            "gives back": lambda: giving_back(number, tries),
        }
        name = self.random.choice(list(makers))
        step = makers[name]()
        return f"{name} {number}", [step, step]


@pytest.mark.parametrize("seed", range(1, 13))
def test_both_stores_come_to_the_same(seed: int, postgres: Callable[[], Arena]) -> None:
    both = Both(seed, postgres())
    for _ in range(STEPS):
        both.go_on()
    both.end()
    simulated, real = both.arenas
    told = {session: simulated.results.get(session) for session in ("publisher", *SESSIONS)}
    assert told == {session: real.results.get(session) for session in told}, both.done
    assert (simulated.stock(), simulated.orders()) == (real.stock(), real.orders()), both.done
    assert simulated.journal() == real.journal(), both.done
    simulated.close()
