"""Places, finds and cancels orders on the hidden show; each order is one question and what came of it."""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from functions.orders import contract
from scripts.inside.asking import Answer, Function, Unanswered, Unexpected
from scripts.inside.hidden_show import hidden_show, purchase
from scripts.inside.results import BAD, GOOD, NOT_DONE, Result


def publish_hidden_show(function: Function) -> Answer:
    """See to it that the hidden show is on sale now. Raises Unanswered or Unexpected."""
    answer = function.ask(contract.PUBLISH, hidden_show(datetime.now(UTC)))
    if answer.event.type == contract.PUBLISH_REJECTED:
        refused = answer.data(contract.PUBLISH_REJECTED, contract.PublishRejection)
        if refused.reason == "expired":  # somebody else has just published the very same, by a clock that is ahead
            return answer
    answer.data(contract.PUBLISHED, contract.Published)
    return answer


def place(function: Function, order_id: str, quantity: int = 2) -> tuple[Answer, contract.Order]:
    """Buy places; the same `order_id` and `quantity` again are the same order. Raises Unanswered or Unexpected."""
    answer = function.ask(contract.PLACE, purchase(quantity), event_id=order_id)
    order = answer.data(contract.CONFIRMED, contract.Order)
    return answer, _of(order_id, order, answer)


def find(function: Function, order_id: str) -> tuple[Answer, contract.Order | None]:
    """The order as the function knows it; None when it knows none. Raises Unanswered or Unexpected."""
    answer = function.ask(contract.LOOKUP, contract.OrderRef(order_id))
    if answer.event.type == contract.UNKNOWN:
        return answer, None
    return answer, _of(order_id, answer.data(contract.FOUND, contract.Order), answer)


def cancel(function: Function, order_id: str) -> Answer:
    """Give the places back; an order that has not arrived can't be placed any more. Raises Unanswered or Unexpected."""
    answer = function.ask(contract.CANCEL, contract.CancelOrder(order_id))
    answer.data(contract.CANCELLED, contract.Cancelled)
    return answer


def place_one(function: Function, order_id: str | None = None) -> Result:
    """The command `place`: 0 when the order is confirmed, 1 when it is not, 2 when nobody can say.

    An id that was given can be cancelled by whoever gave it, also when nothing of this command is ever heard.
    """
    order_id = order_id or str(uuid.uuid4())

    def work() -> tuple[int, dict[str, Any]]:
        publish_hidden_show(function)
        answer, order = place(function, order_id, quantity=1)
        return GOOD, {"status": order.status, "tickets": len(order.tickets), **_by(answer)}

    return _told("place", order_id, work)


def find_one(function: Function, order_id: str) -> Result:
    """The command `find`: 0 when the order is known, whatever its status, 1 when it is not, 2 when nobody can say."""

    def work() -> tuple[int, dict[str, Any]]:
        answer, order = find(function, order_id)
        if order is None:
            return BAD, {"status": "unknown", "why": "the function knows no such order", **_by(answer)}
        return GOOD, {"status": order.status, "show": order.show, "tickets": len(order.tickets), **_by(answer)}

    return _told("find", order_id, work)


def cancel_all(function: Function, order_ids: Sequence[str]) -> Result:
    """The command `cancel`: 0 when the orders are cancelled, now or before, 1 when one can't be.

    2 when nobody can say of one. Each other one is tried all the same.
    """
    ended = [_told("cancel", each, partial(_cancelled, function, each)) for each in order_ids]
    orders = [{name: value for name, value in each.data.items() if name != "command"} for each in ended]
    why = "; ".join(f"{each['order_id']}: {each['why']}" for each in orders if "why" in each)
    code = max((each.code for each in ended), key=(GOOD, BAD, NOT_DONE).index)
    return Result(code, {"command": "cancel", "orders": orders, **({"why": why} if why else {})})


def _cancelled(function: Function, order_id: str) -> tuple[int, dict[str, Any]]:
    return GOOD, {"status": "cancelled", **_by(cancel(function, order_id))}


def _told(command: str, order_id: str, work: Callable[[], tuple[int, dict[str, Any]]]) -> Result:
    try:
        code, data = work()
    except Unexpected as error:
        code, data = BAD, {"status": "refused", "why": str(error), **_by(error.answer)}
    except Unanswered as error:
        code, data = NOT_DONE, {"status": "unconfirmed", "why": str(error), "tries": error.tries}
    return Result(code, {"command": command, "order_id": order_id, **data})


def _by(answer: Answer) -> dict[str, Any]:
    return {"revision": answer.event.revision, "tries": answer.tries}


def _of(order_id: str, order: contract.Order, answer: Answer) -> contract.Order:
    if order.order_id != order_id:
        raise Unexpected("it answered about another order", answer)
    return order
