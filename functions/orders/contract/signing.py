"""Signed requests: on Knative a pod sees the activator or the gateway as its caller, never the frontend.

The signature covers method, type, id, source, time, time left and attempt beside the body's digest: in
binary mode the type is a header, so a digest of the body alone would let a captured lookup pass as a cancel.
"""

import hashlib
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
    if not any(hmac.compare_digest(mac, _mac(secret, event, body, at, method)) for secret in secrets):
        raise BadSignature("signed with another secret, or changed since")


def _mac(secret: str, event: Event, body: bytes, at: str, method: str) -> str:
    parts = (
        at,
        method,
        event.type,
        event.id,
        event.source,
        rfc3339(event.time),
        str(event.time_left_ms),
        str(event.attempt),
        hashlib.sha256(body).hexdigest(),
    )
    return hmac.digest(secret.encode(), "\n".join(parts).encode(), "sha256").hex()
