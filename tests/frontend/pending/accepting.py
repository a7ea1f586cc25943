"""A process of the shop that accepts purchases one after the other, and writes each order id once it is accepted."""

import sys

from frontend.metrics import Metrics
from frontend.pending.database import Database
from frontend.pending.purchases import Accepted
from frontend.pending.store import PostgresPending
from tests.fakes import utc_now
from tests.frontend.client_contract import TRACE, new_id, wants


def main() -> None:
    """Never ends by itself."""
    pending = PostgresPending(Database(sys.argv[1]), 1_000_000, Metrics())
    while True:
        order_id = new_id()
        if isinstance(pending.accept(order_id, wants(), utc_now(), TRACE), Accepted):
            sys.stdout.write(f"{order_id}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
