"""What a buyer saw of a purchase, in the words of the metrics."""

from frontend.buying import Pending
from frontend.orders_client import Confirmed, Rejected, Unconfirmed


def seen(outcome: Confirmed | Rejected | Pending | Unconfirmed) -> str:
    """The word for the answer that `outcome` becomes."""
    match outcome:
        case Confirmed():
            return "confirmed"
        case Rejected():
            return "rejected"
        case Pending():
            return "confirming"
    return "unconfirmed"
