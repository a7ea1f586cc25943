"""The pending purchases of one process, put together: the store, and the threads that empty it."""

import atexit

from frontend.metrics import Metrics
from frontend.orders_client import OrdersClient
from frontend.pending.database import Database
from frontend.pending.queue import PostgresQueue
from frontend.pending.store import PostgresPending
from frontend.pending.workers import Housekeeper, Worker, Workers


def start_pending(
    database_url: str, client: OrdersClient, metrics: Metrics, *, limit: int, workers: int, give_up_s: float
) -> tuple[PostgresPending, Workers]:
    """The store, and its threads at work; they stop when the process ends in order, or when they are told to.

    The database need not be there: nothing is accepted while it is away, and all goes on once it is back.
    """
    database = Database(database_url)
    queue = PostgresQueue(database)
    turns = [Worker(queue, client, metrics).turn for _ in range(workers)]
    threads = Workers([*turns, Housekeeper(queue, metrics, give_up_s).turn], at_end=database.close)
    threads.start()
    atexit.register(threads.stop)
    return PostgresPending(database, limit, metrics), threads
