"""Whether the function behind a URL keeps its word: a purchase from its placing to its end, on the hidden show."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from functions.orders import contract
from scripts.inside.asking import Answer, Function, Unanswered, Unexpected
from scripts.inside.hidden_show import purchase
from scripts.inside.orders import cancel, find, place, publish_hidden_show
from scripts.inside.results import BAD, GOOD, Result


@dataclass(frozen=True)
class Step:
    """One question: whether the answer was right, after how many tries, by which revision; else why not."""

    step: str
    good: bool
    tries: int
    revision: str | None = None
    why: str | None = None


def smoke(functions: Sequence[Function]) -> Result:
    """The command `smoke`: 0 when each function gives each answer that it must give, else 1."""
    reports = [_report(function.url, list(steps_of(function))) for function in functions]
    good = all(report["good"] for report in reports)
    return Result(GOOD if good else BAD, {"command": "smoke", "good": good, "urls": reports})


def steps_of(function: Function) -> Iterator[Step]:
    """Publish, place, repeat, reuse, look up, cancel; what needs a step that failed is left out, the cancel never."""
    order_id, placed = str(uuid.uuid4()), list[contract.Order]()
    yield (published := _step("publish", lambda: publish_hidden_show(function)))
    if not published.good:
        return
    yield _step("place", lambda: _placed(function, order_id, placed))
    if placed:
        yield _step("repeat", lambda: _repeated(function, order_id, placed[0]))
        yield _step("reuse", lambda: _reused(function, order_id))
        yield _step("lookup", lambda: _found(function, order_id, placed[0]))
    yield _step("cancel", lambda: cancel(function, order_id))


def _placed(function: Function, order_id: str, placed: list[contract.Order]) -> Answer:
    answer, order = place(function, order_id)
    if order.status != "confirmed" or len(order.tickets) != 2:
        raise Unexpected(f"it sold 2 tickets and gave {len(order.tickets)}, the order {order.status}", answer)
    placed.append(order)
    return answer


def _repeated(function: Function, order_id: str, first: contract.Order) -> Answer:
    answer, order = place(function, order_id)
    if order.tickets != first.tickets:
        raise Unexpected("the same order id got other tickets", answer)
    return answer


def _reused(function: Function, order_id: str) -> Answer:
    answer = function.ask(contract.PLACE, purchase(quantity=1), event_id=order_id)
    rejection = answer.data(contract.REJECTED, contract.Rejection)
    if rejection.reason != "id_reused":
        raise Unexpected(f"another purchase with the same order id was rejected as {rejection.reason}", answer)
    return answer


def _found(function: Function, order_id: str, first: contract.Order) -> Answer:
    answer, order = find(function, order_id)
    if order is None:
        raise Unexpected("the order that it confirmed is not known to it", answer)
    if order.status != "confirmed":
        raise Unexpected(f"the order that it confirmed is {order.status}", answer)
    if order.tickets != first.tickets:
        raise Unexpected("the order that it confirmed has other tickets", answer)
    return answer


def _step(name: str, work: Callable[[], Answer]) -> Step:
    try:
        answer = work()
    except Unexpected as error:
        return Step(name, good=False, tries=error.answer.tries, revision=error.answer.event.revision, why=str(error))
    except Unanswered as error:
        return Step(name, good=False, tries=error.tries, why=str(error))
    return Step(name, good=True, tries=answer.tries, revision=answer.event.revision)


def _report(url: str, steps: Sequence[Step]) -> dict[str, Any]:
    revisions = sorted({step.revision for step in steps if step.revision})
    lines = [{name: value for name, value in asdict(step).items() if value is not None} for step in steps]
    return {"url": url, "good": all(step.good for step in steps), "revisions": revisions, "steps": lines}
