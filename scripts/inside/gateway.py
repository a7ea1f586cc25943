"""Whether the public gateway has a way to hosts that it must not know."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from scripts.inside.results import BAD, GOOD, NOT_DONE, Result
from scripts.local.bounded import within

_PATH: Final = "/healthz"  # which both services answer to anybody, so that a 404 is the gateway's
_WITHIN_S: Final = 5.0


class _NoAnswer(Exception):
    """Nothing came; the message says why, with who was asked."""


def public(gateways: Sequence[str], known: str, hosts: Sequence[str]) -> Result:
    """The command `gateway`: 0 when the gateway knows none of the hosts, 1 when it has a way to one.

    2 when none of `gateways` is the one of the host `known`, which is the shop's: then a 404 would mean nothing.
    """
    away = dict[str, str]()
    for url in gateways:
        try:
            status, body = _get(url, known)
        except _NoAnswer as error:
            away[url] = str(error)
            continue
        if (status, body.strip()) == (200, b"ok"):
            return _asked(url, hosts)
        away[url] = f"it answered {status} for {known}"
    why = "; ".join(f"{urlsplit(url).netloc}: {reason}" for url, reason in away.items())
    return Result(NOT_DONE, {"command": "gateway", "why": f"no gateway of {known} is reached from here: {why}"})


def _asked(url: str, hosts: Sequence[str]) -> Result:
    answers = [{"host": host, **_answer(url, host)} for host in hosts]
    outcomes = {answer["outcome"] for answer in answers}
    code = BAD if "answered" in outcomes else NOT_DONE if "unclear" in outcomes else GOOD
    why = "; ".join(f"{each['host']}: {each['why']}" for each in answers if each["outcome"] != "unknown")
    data = {"command": "gateway", "gateway": url, "hosts": answers, **({"why": why} if why else {})}
    return Result(code, data)


def _answer(url: str, host: str) -> dict[str, Any]:
    try:
        status, _ = _get(url, host)
    except _NoAnswer as error:
        return {"outcome": "unclear", "status": None, "why": str(error)}
    if status == 404:
        return {"outcome": "unknown", "status": status, "why": "the gateway knows no such host"}
    return {"outcome": "answered", "status": status, "why": f"it answered {status}"}


def _get(url: str, host: str) -> tuple[int, bytes]:
    def get() -> tuple[int, bytes]:
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Host": host}
            answer = session.get(f"{url}{_PATH}", headers=headers, timeout=_WITHIN_S, allow_redirects=False)
            return answer.status_code, answer.content[:100]

    try:
        return within(_WITHIN_S, get)
    except (requests.Timeout, TimeoutError) as error:
        raise _NoAnswer(f"no answer within {_WITHIN_S:g} s") from error
    except requests.RequestException as error:
        raise _NoAnswer("it can't be reached") from error
