"""The key of an order: who has it may see and cancel the order.

A key is the first half of the order's fingerprint beside a signature over the order id and that half, so that
it can be checked before, and even without, asking the function whether it knows the order.
"""

import base64
import hashlib
import hmac
from typing import Final

_HALF: Final = 16  # bytes of the fingerprint, and of the signature
_ALTCHARS: Final = b"-_"


def issue_key(secret: str, order_id: str, fingerprint: str) -> str:
    """The key (43 URL-safe characters) of the order `order_id` whose purchase has this fingerprint (hex digits)."""
    return _key(secret, order_id, bytes.fromhex(fingerprint)[:_HALF])


def check_key(secret: str, order_id: str, key: str) -> str | None:
    """The first 32 hex digits of the fingerprint that `key` stands for; None if it is no key of this order.

    Takes the same time whatever the key. An order found later must have a fingerprint that begins so.
    """
    half = _fingerprint_half(key)
    expected = _key(secret, order_id, half)
    return half.hex() if hmac.compare_digest(expected.encode(), key.encode("utf-8", "replace")) else None


def _key(secret: str, order_id: str, half: bytes) -> str:
    mac = hmac.new(secret.encode(), f"{order_id}|{half.hex()}".encode(), hashlib.sha256).digest()[:_HALF]
    return base64.urlsafe_b64encode(half + mac).rstrip(b"=").decode()


def _fingerprint_half(key: str) -> bytes:
    """What a key claims; zeros for what is no key, which then fails the comparison like any wrong key."""
    try:
        claimed = base64.b64decode(key.encode("ascii") + b"=", altchars=_ALTCHARS, validate=True)
    except ValueError:
        return bytes(_HALF)
    return claimed[:_HALF].ljust(_HALF, b"\0")
