"""How a rejection is answered over HTTP, by the API and by the pages alike."""

from collections.abc import Mapping
from typing import Final

from functions.orders import contract

# 409 may be otherwise another time; 422 is wrong for good; 404 and 410 are as HTTP means them.
STATUS_OF_REASON: Final[Mapping[contract.Reason, int]] = {
    "sold_out": 409,
    "sales_closed": 409,
    "price_changed": 409,
    "cancelled": 409,
    "unknown_show": 404,
    "expired": 410,
    "unknown_ticket_type": 422,
    "limit_exceeded": 422,
    "id_reused": 422,
}
