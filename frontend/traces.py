"""W3C Trace Context: which request a log line and an event belong to.

Source: https://www.w3.org/TR/trace-context/#traceparent-header
"""

import re
import secrets
from typing import Final

from flask import g, has_app_context

_HEADER: Final = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-.*)?"
)


def join_trace(header: str | None) -> str:
    """The traceparent of a request that came with `header`: its trace with a span of our own, or a new trace."""
    sent = _HEADER.fullmatch(header or "")
    if sent is None or (sent["version"] == "00" and sent["more"]):
        ids = secrets.token_hex(24)
        return f"00-{ids[:32]}-{ids[32:]}-01"
    return f"00-{sent['trace']}-{secrets.token_hex(8)}-{sent['flags']}"


def current() -> str:
    """The traceparent of the request being answered; a new one outside of any."""
    return str(g.traceparent) if has_app_context() and "traceparent" in g else join_trace(None)
