"""What an operator does with pending purchases: `python3 -m frontend.pending list | replay | refuse`."""

import logging
import os
import sys

import structlog

from frontend.metrics import Metrics
from frontend.orders_client import OrdersClient
from frontend.orders_http import HttpOrdersClient
from frontend.pending.command import COULD_NOT, parse, run
from frontend.pending.database import Database
from frontend.routes import Routes
from frontend.settings import Settings, SettingsError, load
from frontend.transport import Transport


def main() -> int:
    """Read the command line and the environment of the web process, do it, and return the exit code."""
    asked = parse(sys.argv[1:])
    try:
        settings = load(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return COULD_NOT
    # What goes wrong is said in one line on standard error; the processes' logs are for machines.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.getLogger("psycopg").setLevel(logging.CRITICAL)
    database = Database(settings.frontend_database_url)
    try:
        return run(asked, database, lambda: _client(settings))
    finally:
        database.close()


def _client(settings: Settings) -> OrdersClient:
    routes = Routes.of(settings.orders_url, settings.orders_stable_url)
    return HttpOrdersClient(routes, settings.signing_secrets[0], Transport(), Metrics())


if __name__ == "__main__":
    sys.exit(main())
