"""What somebody gets who reaches the function's address and has none of its secrets."""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from functions.orders import contract
from scripts.inside.asking import Function, Patience, Unanswered
from scripts.inside.results import BAD, GOOD, NOT_DONE, Result
from scripts.local.function_client import NoAnswer, NotReached

_CODES: Final = {"refused": GOOD, "no_route": GOOD, "unclear": NOT_DONE, "answered": BAD}


def knock(urls: Sequence[str], patience: Patience, sleep: Callable[[float], None] = time.sleep) -> Result:
    """The command `stranger`: 0 when each call is refused (401) or has no way to the function.

    1 when a call is answered, 2 when what came leaves it open.
    """
    calls = [
        {"url": url, "call": call, **_outcome(url, secret, patience, sleep)}
        for url in urls
        for call, secret in (("unsigned", None), ("wrongly signed", secrets.token_hex(32)))
    ]
    code = max((_CODES[call["outcome"]] for call in calls), key=(GOOD, NOT_DONE, BAD).index)
    return Result(code, {"command": "stranger", "good": code == GOOD, "calls": calls})


def _outcome(url: str, secret: str | None, patience: Patience, sleep: Callable[[float], None]) -> dict[str, Any]:
    function = Function(url, [secret], patience, sleep=sleep)
    try:
        answer = function.ask(contract.LIST, contract.ListShows())
    except Unanswered as error:
        return {"outcome": _judged(error.last), "status": error.last.status, "why": str(error), "tries": error.tries}
    finally:
        function.close()
    why = f"the revision {answer.event.revision} answered a stranger"
    return {"outcome": "answered", "status": 200, "why": why, "tries": answer.tries}


def _judged(last: NoAnswer) -> str:
    if last.status == 401:
        return "refused"
    if isinstance(last, NotReached) or last.status == 404:  # which the function never answers: a gateway does
        return "no_route"
    return "unclear"
