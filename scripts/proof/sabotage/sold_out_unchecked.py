"""Sold out is told without looking: to a tenth of the buyers, whatever is left.

The guard: an order is rejected as sold out only if fewer tickets are available, under the row's lock, than it asks for.
Here some are told so all the same, with nothing left at the version of that moment: P4, for the journal says otherwise.
Shown by any sale, without a fault.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from functions.orders import rules
from functions.orders.contract import Availability
from scripts.proof.sabotage.replacing import replace

ONE_IN: Final = 10


def take_out() -> None:
    """Take the guard out of this process."""
    replace(rules, "decide", _decide)


_decide_by_stock = rules.decide


def _decide(
    command: rules.Place | rules.Cancel,
    prior: rules.Prior | None,
    show: rules.ShowOnSale | None,
    stock: Mapping[str, rules.Stock],
    now: datetime,
) -> rules.Decision:
    decision = _decide_by_stock(command, prior, show, stock, now)
    if isinstance(decision, rules.Sell) and int(command.order_id[-6:], 16) % ONE_IN == 0:
        wanted = [line.ticket_type for line in decision.lines]
        left = tuple(Availability(kind, 0, stock[kind].version) for kind in wanted)
        return rules.Refuse("sold_out", decision.lines, left)
    return decision
