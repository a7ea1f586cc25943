"""The way from a shop to a function: a gateway that splits first tries, and messages that get lost or come twice."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Final

from frontend.replies import NoReply, Reply
from scripts.proof.simulation.exchanges import Exchange, Hear
from scripts.proof.simulation.functions import Function
from scripts.proof.simulation.plans import Fault, Leg, Plan
from scripts.proof.simulation.story import Story
from scripts.proof.simulation.timeline import Timeline

WEIGHTED: Final = "http://orders/"
STABLE: Final = "http://stable-orders/"
HOP_S: Final = 0.002  # of a message, on average
_NOBODY_THERE: Final = Reply(503, {}, b"no healthy upstream")


class Faults:
    """The faults that hit messages: each is found by whose message it is, and the how many-th on its leg."""

    def __init__(self, plan: Plan) -> None:
        self._of = {(fault.where, fault.visit, fault.nth): fault for fault in plan.faults if fault.visit >= 0}
        self._visits = {visit.person.order_id: visit.person.number for visit in plan.visits}
        self._counted: Counter[tuple[str, int]] = Counter()

    def next(self, leg: Leg, order_id: str) -> Fault | None:
        """What hits the next message of this order."""
        visit = self._visits[order_id]
        self._counted[leg, visit] += 1
        return self._of.get((leg, visit, self._counted[leg, visit]))


class Network:
    """Carries requests to the revisions. `unreachable_until` and `all_to_chaos_until` are moments of the world."""

    def __init__(
        self,
        timeline: Timeline,
        functions: Mapping[str, Function],
        to_chaos: float,
        faults: Faults,
        randoms: Mapping[str, Random],
        story: Story,
    ) -> None:
        self.unreachable_until = 0.0
        self.all_to_chaos_until = 0.0
        self._timeline = timeline
        self._functions = functions
        self._to_chaos = to_chaos
        self._faults = faults
        self._randoms = randoms
        self._story = story

    def send(self, shop: str, url: str, headers: Mapping[str, str], body: bytes, hear: Hear) -> Callable[[], object]:
        """Carry a request; returns what the caller does once it waits no longer."""
        order_id = headers["ce-subject"]
        random, fault = self._randoms[order_id], self._faults.next("try", order_id)
        revision = self._revision(url, random)
        if self._story.is_told:
            what = headers["ce-type"].rpartition(".")[2]
            self._story.tell(shop, f"sends {what}, try {headers['ce-attempt']}, to {revision}", order_id)
        if fault is not None:
            self._story.tell("network", f"FAULT: {fault}", order_id)
        if (fault is not None and fault.kind == "lost") or self._timeline.now < self.unreachable_until:
            return _nothing
        loses_reply = fault is not None and fault.kind == "lost_reply"
        exchange = Exchange(headers, body, partial(self._back, revision, order_id, None if loses_reply else hear))
        late_s = fault.for_s if fault is not None and fault.kind == "late" else 0.0
        self._timeline.after(random.expovariate(1 / HOP_S) + late_s, self._deliver, revision, exchange, hear)
        if fault is not None and fault.kind == "twice":
            again = Exchange(headers, body, _unheard)
            elsewhere = random.choice(("stable", revision))
            self._timeline.after(random.expovariate(1 / HOP_S) + fault.for_s, self._deliver, elsewhere, again, _unheard)
        return partial(self._timeline.after, HOP_S, exchange.leave)

    def heal(self) -> None:
        self.unreachable_until = self.all_to_chaos_until = self._timeline.now

    def _revision(self, url: str, random: Random) -> str:
        if url == STABLE:
            return "stable"
        share = 1.0 if self._timeline.now < self.all_to_chaos_until else self._to_chaos
        return "chaos" if random.random() < share else "stable"

    def _deliver(self, revision: str, exchange: Exchange, hear: Hear) -> None:
        """With nobody there the gateway says so."""
        if not self._functions[revision].receive(exchange):
            self._timeline.after(HOP_S, hear, _NOBODY_THERE)

    def _back(self, revision: str, order_id: str, hear: Hear | None, reply: Reply | NoReply) -> None:
        if self._story.is_told:
            self._story.tell(revision, f"answers {_word(reply)}", order_id)
        if hear is not None and self._timeline.now >= self.unreachable_until:
            self._timeline.after(self._randoms[order_id].expovariate(1 / HOP_S), hear, reply)


def _word(reply: Reply | NoReply) -> str:
    if isinstance(reply, NoReply):
        return reply.why
    return reply.headers.get("ce-type", "").rpartition(".")[2] or f"with status {reply.status}"


def _nothing() -> None:
    """Nobody waits for what never arrived."""


def _unheard(_: Reply | NoReply) -> None:
    """An answer that nobody asked for."""
