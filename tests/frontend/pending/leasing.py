"""A worker's process that takes a purchase, says which, and gets no further."""

import sys
import threading

from frontend.pending.database import Database
from frontend.pending.queue import PostgresQueue
from tests.pending_store import leased


def main() -> None:
    """Waits to be killed, for a minute at most."""
    sys.stdout.write(f"{leased(PostgresQueue(Database(sys.argv[1]), float(sys.argv[2]))).order_id}\n")
    sys.stdout.flush()
    threading.Event().wait(60)


if __name__ == "__main__":
    main()
