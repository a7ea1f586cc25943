"""Reads the counters of the shop's metrics pages."""

from collections.abc import Mapping
from typing import Final

import requests
from prometheus_client.parser import text_string_to_metric_families

from scripts.local.bounded import within

SAW: Final = "flametickets_buyers_saw_total"
CALLS: Final = "flametickets_calls_total"

Labels = tuple[tuple[str, str], ...]
Series = Mapping[tuple[str, Labels], float]
"""Counters as they stand, by name and labels."""


class Unreadable(Exception):
    """A page can't be had, or is none; the message says why."""


def fetch(url: str, within_s: float) -> Series:
    """The counters of the page at `url`, had within so many seconds. Raises Unreadable."""
    try:
        page = within(within_s, lambda: _get(url, within_s))
    except (requests.Timeout, TimeoutError) as error:
        raise Unreadable(f"no answer within {within_s:g} s") from error
    except requests.RequestException as error:
        raise Unreadable("it can't be reached") from error
    if page.status_code != 200:
        raise Unreadable(f"it answered {page.status_code}")
    return parse(page.text)


def parse(text: str) -> Series:
    """The counters that are watched, of a page in Prometheus' text format. Raises Unreadable."""
    try:
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name in (SAW, CALLS)
        }
    except (ValueError, KeyError, IndexError) as error:
        raise Unreadable("it is no page of metrics") from error


def _get(url: str, within_s: float) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=within_s, allow_redirects=False)
