"""Watches the steady state of the shop on its metrics pages, and stops at the first breach."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from scripts.inside.counting import Tally
from scripts.inside.measures import MEASURES, Share
from scripts.inside.pages import Series, Unreadable, fetch
from scripts.inside.results import BAD, GOOD, NOT_DONE, Result

_READ_WITHIN_S: Final = 2.0
BLIND_AFTER_S: Final = 10.0


@dataclass(frozen=True)
class Terms:
    """Look for `seconds`, every `every_s`; a share above `limit` of at least `least` events is a breach."""

    metric: str
    seconds: float
    every_s: float
    limit: float
    least: int


class Watch:
    """The pages at `urls`, and what they have counted since the first look at each."""

    def __init__(self, urls: Sequence[str], read: Callable[[str], Series]) -> None:
        self.away: dict[str, str] = {}
        self._urls = urls
        self._read = read
        self._tally = Tally()

    @property
    def is_blind(self) -> bool:
        """Whether no page could be read at the last look."""
        return len(self.away) == len(self._urls)

    def look(self) -> None:
        """Read all pages at once; `away` says which could not be read, and why."""
        with ThreadPoolExecutor(len(self._urls)) as pool:
            pages = list(pool.map(self._page, self._urls))
        self.away = {url: page for url, page in zip(self._urls, pages, strict=True) if isinstance(page, str)}
        for url, page in zip(self._urls, pages, strict=True):
            if not isinstance(page, str):
                self._tally.add(url, page)

    def share(self, metric: str) -> Share:
        """What the measure says of all that was counted."""
        return MEASURES[metric](self._tally.counted)

    def _page(self, url: str) -> Series | str:
        try:
            return self._read(url)
        except Unreadable as error:
            return str(error)


def observe(
    urls: Sequence[str],
    terms: Terms,
    say: Callable[[dict[str, Any]], None],
    *,
    read: Callable[[str], Series] = lambda url: fetch(url, _READ_WITHIN_S),
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """The command `observe`: 0 when the limit was kept, 1 at the first breach.

    2 when too little happened to judge, or when no page could be read for ten seconds or at the end. `say` gets each
    sample.
    """
    watch, began = Watch(urls, read), clock()
    seen_at, samples = began, 0
    while True:
        watch.look()
        now, share = clock(), watch.share(terms.metric)
        seen_at = seen_at if watch.is_blind else now
        is_over = now - began >= terms.seconds
        say({"sample": samples, "after_s": round(now - began, 1), **_figures(share), "away": watch.away})
        if share.events >= terms.least and share.share > terms.limit:
            return _end(BAD, "breached", terms, share, f"{_percent(share.share)} is above {_percent(terms.limit)}")
        if watch.is_blind and (is_over or now - seen_at >= BLIND_AFTER_S):
            why = "; ".join(f"{url}: {why}" for url, why in watch.away.items())
            return _end(NOT_DONE, "blind", terms, share, f"no page can be read: {why}")
        if is_over:
            return _judged(terms, share)
        samples += 1
        sleep(max(0.0, min(began + samples * terms.every_s, began + terms.seconds) - clock()))


def _judged(terms: Terms, share: Share) -> Result:
    if share.events < terms.least:
        why = f"{share.events} happened in {terms.seconds:g} s; it takes {terms.least} to judge"
        return _end(NOT_DONE, "too_few", terms, share, why)
    return _end(GOOD, "kept", terms, share, f"{_percent(share.share)} is not above {_percent(terms.limit)}")


def _end(code: int, verdict: str, terms: Terms, share: Share, why: str) -> Result:
    data = {"command": "observe", "metric": terms.metric, "limit": terms.limit, "least": terms.least}
    return Result(code, {**data, "verdict": verdict, "why": why, **_figures(share)})


def _figures(share: Share) -> dict[str, Any]:
    return {"events": share.events, "bad": share.bad, "share": round(share.share, 6), "detail": share.detail}


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
