"""A sale to many script buyers at once: they come as a burst and a tail, and each goes on until it is answered."""

import asyncio
import random
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, Self

import requests

from scripts.proof.sale.buyer import Answer, Buyer, Request

ANSWER_WITHIN_S: Final = 20.0  # the script's own patience with one request
_CONNECTIONS: Final = 64


class Sale:
    """Buyers of `slug` at the shop at `url`, whose order ids and arrivals follow from `seed`.

    Half of them come within the first second, the others over `over_s` seconds. `on_accepted` is called when the first
    "accepted" is heard, before anything else happens.
    """

    def __init__(
        self,
        url: str,
        slug: str,
        count: int,
        *,
        seed: int,
        over_s: float,
        on_accepted: Callable[[], None] = lambda: None,
    ) -> None:
        chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
        ids = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(count)]
        self.buyers: Sequence[Buyer] = [Buyer(order_id, slug, chance.random) for order_id in ids]
        self._arrivals = [chance.random() * (1.0 if number % 2 else over_s) for number in range(count)]
        self._url = url
        self._on_accepted = on_accepted
        self._has_accepted = False
        self._local = threading.local()
        self._loop = asyncio.new_event_loop()
        self._hurry = asyncio.Event()
        self._selling = self._loop.create_task(self._sell())
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="sale")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody sends any more; who still waits for an answer is left without one."""
        self._loop.call_soon_threadsafe(self._selling.cancel)
        self._thread.join()
        self._loop.close()

    def wait_for(self, condition: Callable[[Sequence[Buyer]], object], within_s: float) -> bool:
        """Whether `condition` of the buyers came true within the time."""
        deadline = time.monotonic() + within_s
        while not condition(self.buyers):
            if self._failure is not None:
                raise self._failure
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def look_now(self) -> None:
        """Let all who follow an order look again at once, as people do who reload the page."""
        self._loop.call_soon_threadsafe(self._hurry.set)

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            try:
                self._loop.run_until_complete(self._selling)
            except Exception as error:
                self._failure = error

    async def _sell(self) -> None:
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            buying = zip(self.buyers, self._arrivals, strict=True)
            await asyncio.gather(*(self._follow(buyer, due, pool) for buyer, due in buying))

    async def _follow(self, buyer: Buyer, pause: float | None, pool: ThreadPoolExecutor) -> None:
        while pause is not None:
            await self._wait(buyer, pause)
            answer = await self._loop.run_in_executor(pool, self._send, buyer.request())
            pause = buyer.hear(answer)
            if buyer.saw == "accepted" and not self._has_accepted:
                self._has_accepted = True
                self._on_accepted()

    async def _wait(self, buyer: Buyer, pause: float) -> None:
        """The pause, which `look_now` cuts short."""
        if buyer.saw != "accepted":
            await asyncio.sleep(pause)
        elif self._hurry.is_set():
            await asyncio.sleep(0.5)
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause)

    def _send(self, request: Request) -> Answer:
        try:
            answer = self._session().request(
                request.method,
                self._url + request.path,
                json=request.body,
                headers=dict(request.headers),
                timeout=ANSWER_WITHIN_S,
            )
            body = answer.json()
        except requests.RequestException:
            return Answer()
        return Answer(answer.status_code, body, float(answer.headers.get("Retry-After", 0)))

    def _session(self) -> requests.Session:
        """The connection of this thread."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        session: requests.Session = self._local.session
        return session
