"""How much one client may ask: only where the operator names the header in which a proxy writes its address."""

import ipaddress
import math
import threading
import time
from typing import Final, cast

import structlog
from flask import Flask, Response, request

from frontend.busy import busy
from frontend.shop import EXTENSION, Shop

# These never change at their address: a page asks for many at once, and a browser for each once.
_FREE: Final = frozenset({"static", "shop.poster"})

log: structlog.stdlib.BoundLogger = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Answers 429 to a client that asks too much, by address of the shop; counted in this process's memory."""
    settings = cast(Shop, app.extensions[EXTENSION]).settings
    if (header := settings.trusted_address_header) is None:
        return  # whatever a request says of its sender, the sender may have made up
    from flask_limiter import Limiter, RateLimitExceeded  # noqa: PLC0415  # it costs a cold start 30 ms

    def client() -> str:
        return client_of(request.headers.get(header)) or ""

    is_told = threading.Event()
    limiter = Limiter(
        client,
        app=app,
        default_limits=[settings.client_limit],
        storage_uri="memory://",
        swallow_errors=True,  # a limit that can't be counted must not stop a sale
    )

    @limiter.request_filter
    def is_free() -> bool:
        if request.endpoint in _FREE or request.blueprint == "health":
            return True
        if client():
            return False
        # The proxy is set up otherwise, or is passed by: one bucket for all would let one client shut out the others.
        if not is_told.is_set():
            is_told.set()
            log.warning("no client's address", header=header)
        return True

    def refuse(_error: RateLimitExceeded) -> Response:
        limit = limiter.current_limit
        left = limit.reset_at - time.time() if limit is not None else 1
        return busy(429, max(1, math.ceil(left)), "client_limit")

    app.register_error_handler(RateLimitExceeded, refuse)


def client_of(addresses: str | None) -> str | None:
    """Whose address the last of `addresses` is: the others, further left, are what the sender told the proxy.

    None if there is none that can be read; a network's first half of an IPv6 address is one client.
    """
    last = (addresses or "").rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(last)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address.packed[:8] + bytes(8), 64)))
