"""Publishes a shows file, from a pod."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functions.orders import contract
from scripts.inside.asking import Function, Unanswered, Unexpected
from scripts.inside.results import BAD, GOOD, NOT_DONE, Result
from scripts.local.shows import ShowsFileError, read_shows


def publish(function: Function, path: Path) -> Result:
    """The command `publish`: 0 when all shows are published, 1 when the file or a show is refused, 2 without an answer.

    Nothing is published of a file that has a mistake; each other show is tried also when one is refused.
    """
    try:
        shows = read_shows(path, datetime.now(UTC))
    except ShowsFileError as error:
        return Result(BAD, {"command": "publish", "shows": [], "why": str(error)})
    told = [_published(function, show) for show in shows]
    statuses = {each["status"] for each in told}
    code = NOT_DONE if "unanswered" in statuses else BAD if "refused" in statuses else GOOD
    return Result(code, {"command": "publish", "shows": told})


def _published(function: Function, show: contract.Show) -> dict[str, Any]:
    try:
        answer = function.ask(contract.PUBLISH, show)
        if answer.event.type == contract.PUBLISH_REJECTED:
            refused = answer.data(contract.PUBLISH_REJECTED, contract.PublishRejection)
            return {"slug": show.slug, "status": "refused", "why": _why(refused), "tries": answer.tries}
        answer.data(contract.PUBLISHED, contract.Published)
    except Unexpected as error:
        return {"slug": show.slug, "status": "unanswered", "why": str(error), "tries": error.answer.tries}
    except Unanswered as error:
        return {"slug": show.slug, "status": "unanswered", "why": str(error), "tries": error.tries}
    return {"slug": show.slug, "status": "published", "tries": answer.tries}


def _why(refused: contract.PublishRejection) -> str:
    if refused.reason == "capacity_below_sold":
        return f"{refused.sold} tickets of {refused.ticket_type} are sold, more than its new capacity"
    return "it was published since, by another"
