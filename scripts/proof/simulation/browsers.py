"""The buyers: each a person with a browser, in a thread of its own, who does what the plan says until it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final

from scripts.proof.history import Attempt, Entry
from scripts.proof.sale.attempts import Tried, line
from scripts.proof.sale.buyer import ANSWER_WITHIN_S, Answer, Request
from scripts.proof.sale.person import Person
from scripts.proof.sale.told import told
from scripts.proof.simulation import threads
from scripts.proof.simulation.networks import HOP_S, Faults
from scripts.proof.simulation.plans import PRICE, SLUG, Visit
from scripts.proof.simulation.processes import Process
from scripts.proof.simulation.shops import Shop
from scripts.proof.simulation.story import Story

_NOTHING: Final = Answer()


class Browsers:
    """Lets the visits of a plan happen in the process `world`, which never ends; `entries` is the history."""

    def __init__(
        self,
        world: Process,
        shops: Sequence[Shop],
        faults: Faults,
        randoms: Mapping[str, Random],
        story: Story,
    ) -> None:
        self.entries: list[Entry] = []
        self.present = 0
        self._world = world
        self._shops = shops
        self._faults = faults
        self._randoms = randoms
        self._story = story

    def expect(self, visit: Visit) -> None:
        """Let somebody come."""
        self.present += 1
        self._world.timeline.at(visit.at_s, self._world.thread, partial(self._visit, visit))

    def _visit(self, visit: Visit) -> None:
        person = Person(visit.person, SLUG, Random(visit.seed).random)  # noqa: S311  # repeatable on purpose
        person.begin(self._world.timeline.now)
        while (step := person.next) is not None:
            threads.sleep(step.pause_s)
            asked = [self._ask(visit, each, step.leaves_after_s) for each in step.requests]
            tried = [self._hear(each) for each in asked]
            person.hear([each.answer for each in tried], self._world.timeline.now)
            for each in tried:
                self.entries.append(self._line(person, visit, each))
        self.present -= 1

    def _ask(self, visit: Visit, request: Request, leaves_after_s: float | None) -> "_Asked":
        order_id, timeline = visit.person.order_id, self._world.timeline
        trace = f"00-{order_id.replace('-', '')}-{visit.person.number + 1:016x}-01"
        if request.body is not None:
            lines = [{"ticket_type": kind, "quantity": number} for kind, number in visit.lines.items()]
            total = PRICE * sum(visit.lines.values())
            request = replace(request, body={**request.body, "lines": lines, "expected_total": total})
        self._story.tell(f"buyer {visit.person.number}", f"asks: {request.action}", order_id)
        asked = _Asked(request, self._world, trace)
        timeline.after(leaves_after_s or ANSWER_WITHIN_S, asked.answer.give, _NOTHING)
        random, fault = self._randoms[order_id], self._faults.next("page", order_id)
        if fault is not None:
            self._story.tell("network", f"FAULT: {fault}", order_id)
        if fault is not None and fault.kind == "lost":
            return asked
        loses_reply = fault is not None and fault.kind == "lost_reply"
        late_s = fault.for_s if fault is not None and fault.kind == "late" else 0.0
        timeline.after(random.expovariate(1 / HOP_S) + late_s, self._arrive, asked, random, loses_reply)
        if fault is not None and fault.kind == "twice":
            again = _Asked(request, self._world, trace)
            timeline.after(random.expovariate(1 / HOP_S) + fault.for_s, self._arrive, again, random, True)
        return asked

    def _arrive(self, asked: "_Asked", random: Random, loses_reply: bool) -> None:
        """One of the shops gets it; while that one is gone, and if it goes in between, the browser hears nothing."""
        shop = random.choice(self._shops)
        broken = partial(self._world.timeline.after, HOP_S, asked.answer.give, _NOTHING)

        def back(answer: Answer) -> None:
            shop.not_at_end(broken)
            if not loses_reply:
                self._world.timeline.after(random.expovariate(1 / HOP_S), asked.answer.give, answer)

        if shop.receive(asked.request, asked.traceparent, back):
            shop.at_end(broken)
        else:
            broken()

    def _hear(self, asked: "_Asked") -> Tried:
        answer = asked.answer.take()
        end = self._world.timeline.now
        return Tried(asked.request, answer, asked.start, self._world.unix_time(), end, asked.traceparent)

    def _line(self, person: Person, visit: Visit, tried: Tried) -> Attempt:
        told_now = line(person, tried, None, last=person.next is None)
        if self._story.is_told:
            tickets = f" {', '.join(told_now.tickets)}" if told_now.tickets else ""
            what = f"hears {told(tried.answer)} {told_now.reason or ''}".rstrip() + tickets
            self._story.tell(f"buyer {visit.person.number}", what, visit.person.order_id)
        return told_now


class _Asked:
    """A request on its way, and the answer that its browser waits for."""

    def __init__(self, request: Request, world: Process, traceparent: str) -> None:
        self.request = request
        self.traceparent = traceparent
        self.start = world.unix_time()
        self.answer = threads.Answer[Answer]()
