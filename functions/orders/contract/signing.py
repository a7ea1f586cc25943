"""Signed requests: on Knative a pod sees the activator or the gateway as its caller, never the frontend.

The signature (HMAC-SHA-256, RFC 2104) covers method, type, id, source, time, time left and attempt beside the
body: in binary mode the type is a header, so the body alone would let a captured lookup pass as a cancel.
"""

import hmac
import re
from collections.abc import Sequence
from typing import Final

from functions.orders.contract.events import Event, rfc3339

SIGNATURE_HEADER: Final = "FlameTickets-Signature"
TOLERANCE_S: Final = 300
_FORM: Final = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")


class BadSignature(ValueError):
    """The request is unsigned, was changed on its way, or is too old or too new."""


def sign(secret: str, event: Event, body: bytes, *, at: float, method: str = "POST") -> str:
    """The value of `SIGNATURE_HEADER` for a request made at `at` (Unix seconds)."""
    return f"t={int(at)},v1={_mac(secret, event, body, str(int(at)), method)}"


def verify(
    secrets: Sequence[str], event: Event, body: bytes, header: str | None, *, now: float, method: str = "POST"
) -> None:
    """Raises BadSignature unless one of `secrets` signed the request within five minutes to either side of `now`."""
    form = _FORM.fullmatch(header or "")
    if form is None:
        raise BadSignature("no signature of the known form")
    at, mac = form.groups()
    if abs(now - int(at)) > TOLERANCE_S:
        raise BadSignature("signed too long ago or in the future")
    for secret in secrets:
        if hmac.compare_digest(mac, _mac(secret, event, body, at, method)):
            return
    raise BadSignature("signed with another secret, or changed since")


def _mac(secret: str, event: Event, body: bytes, at: str, method: str) -> str:
    head = (
        f"{at}\n{method}\n{event.type}\n{event.id}\n{event.source}\n{rfc3339(event.time)}\n"
        f"{event.time_left_ms}\n{event.attempt}\n"
    )
    return hmac.digest(secret.encode(), head.encode() + body, "sha256").hex()
