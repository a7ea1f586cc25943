"""A sale to a crowd: the load that sends its buyers to a shop, in a thread and an event loop of its own."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Self

import uvloop

from scripts.proof.history import Attempt, History
from scripts.proof.sale.attempts import Tried, line
from scripts.proof.sale.buyer import ANSWER_WITHIN_S, Answer, Request, Saw
from scripts.proof.sale.client import CONNECTIONS, Address, Broken, Client
from scripts.proof.sale.crowd import Cohort, Crowd
from scripts.proof.sale.lag import Lag
from scripts.proof.sale.messages import decode, encode, new_traceparent, redirection
from scripts.proof.sale.person import Person

PRESENT: Final = 20_000
"""Most buyers in the shop at a time: who comes then waits, and is counted as late."""

_HURRIED_S: Final = 0.5
_LOOKED_AT_EVERY_S: Final = 0.05


class Sale:
    """Sells to `crowd` while the block runs; at its end nobody sends any more, and who waits is told nothing.

    `urls` has the shop of each cohort, as a URL or an Address; without a control shop everybody is treated, and the
    history names no cohorts. `on_attempt` is called in the load's thread for each line of the history, right after it
    was written and before that buyer does anything else: it must be quick.
    """

    def __init__(
        self,
        urls: Mapping[Cohort, str | Address | None],
        crowd: Crowd,
        history: History | None = None,
        *,
        on_attempt: Callable[[Attempt], None] = lambda _attempt: None,
        connections: int = CONNECTIONS,
    ) -> None:
        self.crowd = crowd
        self.lag = Lag()
        self.saw: Counter[Saw] = Counter()
        """How many buyers have seen what last, of those who have come; it changes from one to the next as they read."""
        self.ended = 0
        self._people: list[Person] = []
        self._shops = {name: Address(url) if isinstance(url, str) else url for name, url in urls.items() if url}
        self._history = history
        self._on_attempt = on_attempt
        self._connections = connections
        self._began = time.monotonic()
        self._are_doors_closed = False
        self._loop = uvloop.new_event_loop()
        self._hurry = asyncio.Event()
        self._failure: BaseException | None = None
        self._selling = self._loop.create_task(self._sell())
        self._thread = threading.Thread(target=self._run, name="sale")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the sale at once; a second time it does nothing."""
        if self._loop.is_closed():
            return
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._selling.cancel)
        self._thread.join()
        self._loop.close()
        if self._history is not None:
            self._history.note("pace", buyers=len(self._people), ended=self.ended, **self.lag.summary())

    @property
    def buyers(self) -> Sequence[Person]:
        """Those who have come, in the order of their coming."""
        return self._people

    @property
    def has_everybody_come(self) -> bool:
        return len(self._people) == self.crowd.count or self._are_doors_closed

    @property
    def is_over(self) -> bool:
        """Whether everybody has come and has gone."""
        return self.has_everybody_come and self.ended == len(self._people)

    @property
    def has_answered_everybody(self) -> bool:
        """Whether everybody has come, and nobody who may still have an answer has seen but an error so far."""
        return self.is_over or (self.has_everybody_come and not self.saw["error"])

    def wait_for(self, condition: Callable[[Sequence[Person]], object], within_s: float) -> bool:
        """Whether `condition` of the buyers who have come was true within the time; raises what the load died of."""
        deadline = time.monotonic() + within_s
        while not condition(self._people):
            if self._failure is not None:
                raise self._failure
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOKED_AT_EVERY_S)
        return True

    def look_now(self) -> None:
        """Let all who follow an order look again at once, as people do who reload the page."""
        self._loop.call_soon_threadsafe(self._hurry.set)

    def close_doors(self) -> None:
        """Nobody comes any more; who is there goes on."""
        self._are_doors_closed = True

    def _run(self) -> None:
        try:
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._selling)
        except BaseException as error:
            self._failure = error

    async def _sell(self) -> None:
        self._client = Client(self._connections)
        self._room = asyncio.Semaphore(PRESENT)
        opened_at = self._loop.time()
        try:
            async with asyncio.TaskGroup() as visits:
                for number in range(self.crowd.count):
                    due = opened_at + self.crowd.arrival_s(number)
                    await asyncio.sleep(max(0.0, due - self._loop.time()))
                    await self._room.acquire()
                    if self._are_doors_closed:
                        break
                    visits.create_task(self._visit(number, due))
        finally:
            self._client.close()

    async def _visit(self, number: int, due: float) -> None:
        crowd = self.crowd
        person = Person(crowd.plan(number), crowd.show, crowd.chance(number))
        self._people.append(person)
        self.saw[person.saw] += 1
        person.begin(self._loop.time())
        while (step := person.next) is not None:
            if step.pause_s:
                due = await self._wait(person, step.pause_s)
            before, within_s = person.saw, step.leaves_after_s or ANSWER_WITHIN_S
            tries = [self._try(person, each, within_s, due) for each in step.requests]
            tried = await asyncio.gather(*tries) if len(tries) > 1 else [await tries[0]]
            person.hear([each.answer for each in tried], self._loop.time())
            due = self._loop.time()
            self.saw[person.saw] += 1  # first, so that nobody is missing for a moment
            self.saw[before] -= 1
            self._write(person, tried)
        self.ended += 1
        self._room.release()

    async def _wait(self, person: Person, pause_s: float) -> float:
        """The pause, which `look_now` cuts short; returns when it was to end."""
        due = self._loop.time() + pause_s
        if person.saw != "accepted":
            await asyncio.sleep(pause_s)
        elif self._hurry.is_set():
            await asyncio.sleep(_HURRIED_S)
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause_s)
        return min(due, self._loop.time())

    async def _try(self, person: Person, request: Request, within_s: float, due: float) -> Tried:
        shop = self._shops.get(person.plan.cohort) or self._shops["treated"]
        traceparent = new_traceparent()
        async with self._client.places:
            self.lag.add(self._loop.time() - due)
            start, _ = self._now()
            try:
                async with asyncio.timeout(within_s):
                    answer = await self._ask(shop, request, traceparent)
            except (Broken, TimeoutError):
                answer = Answer()
            except asyncio.CancelledError:  # the sale is stopped: what was asked for may come of it all the same
                self._write(person, [Tried(request, Answer(), start, *self._now(), traceparent)])
                raise
        return Tried(request, answer, start, *self._now(), traceparent)

    async def _ask(self, shop: Address, request: Request, traceparent: str) -> Answer:
        """What a browser shows in the end: it goes where the shop sends it."""
        reply = await self._client.ask(shop, encode(request, shop.host, traceparent))
        if not (location := redirection(reply)):
            return decode(reply)
        try:
            reply = await self._client.ask(shop, encode(Request("GET", location), shop.host, traceparent))
        except Broken:
            return Answer(location=location)
        return decode(reply, location)

    def _write(self, person: Person, tried: Sequence[Tried]) -> None:
        cohort = person.plan.cohort if "control" in self._shops else None
        seen_last = max(tried, key=lambda each: (each.told == person.saw, each.end))  # of a double click what decides
        for each in sorted(filter(lambda each: each.is_telling, tried), key=lambda each: each.end):
            attempt = line(person, each, cohort, last=person.next is None and each is seen_last)
            if self._history is not None:
                self._history.write(attempt)
            self._on_attempt(attempt)

    def _now(self) -> tuple[float, float]:
        """Unix seconds, and seconds since the run began."""
        return (time.time(), time.monotonic() - self._began) if self._history is None else self._history.now()
