"""The threads that send pending purchases again until they are decided, and the one that keeps house."""

import random
import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from frontend.metrics import Metrics
from frontend.orders_client import OrdersClient
from frontend.pending import policy
from frontend.pending.policy import Decide, GiveBack, Lease, Send, TryLater, Wait
from frontend.pending.purchases import Away, Outcome, PendingPurchase, word_of
from frontend.pending.queue import FEW, PendingQueue

LOOK_S: Final = 1.0  # between two looks of the housekeeper
FORGET_S: Final = 60.0  # between two removals
AFTER_A_BUG_S: Final = 1.0
STOP_WITHIN_S: Final = 8.0  # a try and what is stored of it

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class Worker:
    """Sends one purchase after the other; any number of them, in any number of processes, share a queue."""

    def __init__(
        self,
        queue: PendingQueue,
        client: OrdersClient,
        metrics: Metrics,
        chance: policy.Chance = random.random,
    ) -> None:
        self._queue = queue
        self._client = client
        self._metrics = metrics
        self._chance = chance

    def turn(self) -> float:
        """Tries one purchase, if one is due; returns the seconds to wait before the next turn."""
        step: Lease | Send | Wait = policy.before(self._client.stable_opens_in(), self._chance)
        if isinstance(step, Lease):
            step = policy.after_lease(self._queue.lease(), self._chance)
        return self._try(step.purchase) if isinstance(step, Send) else step.for_s

    def _try(self, purchase: PendingPurchase) -> float:
        with structlog.contextvars.bound_contextvars(order_id=purchase.order_id, traceparent=purchase.traceparent):
            reply = self._client.replay(purchase.order_id, purchase.order, purchase.pressed_at, purchase.traceparent)
            match policy.after_reply(purchase, reply, self._client.stable_opens_in(), self._chance):
                case Decide(outcome):
                    self._decide(purchase, outcome)
                case TryLater(in_s, failure):
                    self._queue.try_later(purchase, in_s, failure)
                case GiveBack(wait_s):
                    self._queue.give_back(purchase)
                    return wait_s
        return 0

    def _decide(self, purchase: PendingPurchase, outcome: Outcome) -> None:
        if self._queue.decide(purchase, outcome) is True:
            word = word_of(outcome)
            self._metrics.decided(word)
            log.info("pending.decided", outcome=word, tries=purchase.tries)


class Housekeeper:
    """Tells how many wait, makes dead letters of those that wait too long, and removes what was decided long ago."""

    def __init__(
        self,
        queue: PendingQueue,
        metrics: Metrics,
        give_up_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._metrics = metrics
        self._give_up_s = give_up_s
        self._monotonic = monotonic
        self._forget_at = monotonic()

    def turn(self) -> float:
        """One look; returns the seconds to wait before the next."""
        given_up = self._queue.give_up(self._give_up_s)
        for order_id in given_up if isinstance(given_up, list) else ():
            log.error("pending.given_up", order_id=order_id)  # an operator must look after it
        depth = self._queue.depth()
        if not isinstance(depth, Away):
            self._metrics.pending(depth.waiting, depth.oldest_s, depth.dead)
        if self._monotonic() >= self._forget_at and self._queue.forget() != FEW:  # else there are more
            self._forget_at = self._monotonic() + FORGET_S
        return LOOK_S


class Workers:
    """All threads of one process; they end with the process, at once, unless they are told to stop before."""

    def __init__(self, turns: list[Callable[[], float]], at_end: Callable[[], None]) -> None:
        self._at_end = at_end
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(turn,), name=f"pending-{number}", daemon=True)
            for number, turn in enumerate(turns)
        ]

    def start(self) -> None:
        """Begins to work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends what is being tried and no more; returns after `STOP_WITHIN_S` at most, for leases end by themselves."""
        self._stopping.set()
        ends_at = time.monotonic() + STOP_WITHIN_S
        for thread in self._threads:
            thread.join(max(0.0, ends_at - time.monotonic()))
        self._at_end()

    def _run(self, turn: Callable[[], float]) -> None:
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            wait_s = AFTER_A_BUG_S
            try:
                wait_s = turn()
            except Exception:
                log.exception("bug")  # the other purchases go on; this one's lease ends by itself
