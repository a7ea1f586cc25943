"""The fields of the purchase form: what a buyer typed, and the prices that stood beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from frontend.purchases import MAX_QUANTITY, MAX_TOTAL, QUANTITY_FIELD
from functions.orders import contract

PRICE_FIELD: Final = "price-"
DECIDED_FIELD: Final = "decided"
_MAX_DIGITS: Final = 10


@dataclass(frozen=True)
class PurchaseForm:
    """What stands in the form, unchecked; `quantities` and `prices` are by ticket type, prices in minor units.

    The prices are those the buyer saw. Without a script nothing but they can say which total a buyer agreed to.
    `decided` says that the page's script had an answer already, and sends the form for its page alone.
    """

    order_id: str
    name: str = ""
    email: str = ""
    quantities: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, str] = field(default_factory=dict)
    decided: bool = False

    def renewed(self) -> "PurchaseForm":
        """The same wishes under a new order id."""
        return replace(self, order_id=contract.new_order_id(), decided=False)

    def quantity(self, ticket_type: str) -> int:
        """How many of a ticket type are asked for; 0 for what is no number of tickets."""
        return _number(self.quantities.get(ticket_type, ""), MAX_QUANTITY) or 0

    def tickets(self) -> int:
        """How many tickets are asked for in all."""
        return sum(self.quantity(ticket_type) for ticket_type in self.quantities)

    def expected_total(self) -> int | None:
        """The total, in minor units, by the prices shown; None when one of them is missing or no price."""
        total = 0
        for ticket_type in self.quantities:
            if quantity := self.quantity(ticket_type):
                price = _number(self.prices.get(ticket_type, ""), MAX_TOTAL)
                if price is None:
                    return None
                total += quantity * price
        return total

    def fields(self) -> dict[str, str]:
        """The form's fields, to be sent again as they are."""
        return {
            "order_id": self.order_id,
            **{f"{QUANTITY_FIELD}{ticket_type}": quantity for ticket_type, quantity in self.quantities.items()},
            **{f"{PRICE_FIELD}{ticket_type}": price for ticket_type, price in self.prices.items()},
            "name": self.name,
            "email": self.email,
        }


def blank(show: contract.ListedShow) -> PurchaseForm:
    """A form as it is first shown: an order id of its own, one ticket where there is no choice of types."""
    quantities = {show.ticket_types[0].id: "1"} if len(show.ticket_types) == 1 else {}
    return PurchaseForm(order_id=contract.new_order_id(), quantities=quantities)


def priced(form: PurchaseForm, show: contract.ListedShow) -> PurchaseForm:
    """`form` as it stands in the page of `show`: its ticket types alone, beside the prices that are shown now."""
    types = {ticket_type.id: ticket_type.price for ticket_type in show.ticket_types}
    return replace(
        form,
        quantities={name: quantity for name, quantity in form.quantities.items() if name in types},
        prices={name: str(price) for name, price in types.items()},
    )


def sent(fields: Mapping[str, str]) -> PurchaseForm:
    """The form that a browser sent."""
    return PurchaseForm(
        order_id=fields.get("order_id", ""),
        name=fields.get("name", ""),
        email=fields.get("email", ""),
        quantities=_by_ticket_type(fields, QUANTITY_FIELD),
        prices=_by_ticket_type(fields, PRICE_FIELD),
        decided=DECIDED_FIELD in fields,
    )


def _by_ticket_type(fields: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value.strip() for name, value in fields.items() if name.startswith(prefix)}


def _number(text: str, limit: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        return None
    return number if (number := int(text)) <= limit else None
