"""The key of an order: who has it may see and cancel the order.

A key is the first half of the order's fingerprint beside a signature over the order id and that half, so that
it can be checked before, and even without, asking the function whether it knows the order.

There are two of each order. The one that comes with an outcome says that its holder was told one: while the function
can't be asked, its page then says so, and not that the order is still to be confirmed. For the purchase may wait here
to be decided, as one that was sent twice, or because the store was away when the outcome was told.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

_HALF: Final = 16  # bytes of the fingerprint, and of the signature
_ALTCHARS: Final = b"-_"


@dataclass(frozen=True)
class Claim:
    """What a key stands for: the first 32 hex digits of a fingerprint, and whether an outcome came with it."""

    fingerprint_half: str
    was_told: bool


def issue_key(secret: str, order_id: str, fingerprint: str, *, told: bool = False) -> str:
    """The key (43 URL-safe characters) of the order `order_id` whose purchase has this fingerprint (hex digits)."""
    return _key(secret, order_id, bytes.fromhex(fingerprint)[:_HALF], told=told)


def told_key(secret: str, order_id: str, key: str) -> str:
    """The key to give with an outcome to who holds `key`, which must be one of this order."""
    return _key(secret, order_id, _fingerprint_half(key), told=True)


def check_key(secret: str, order_id: str, key: str) -> Claim | None:
    """What the key stands for; None if it is no key of this order.

    Takes the same time whatever the key. An order found later must have a fingerprint that begins so.
    """
    half, given = _fingerprint_half(key), key.encode("utf-8", "replace")
    is_plain, is_told = (
        hmac.compare_digest(_key(secret, order_id, half, told=told).encode(), given) for told in (False, True)
    )
    return Claim(half.hex(), was_told=is_told) if is_plain or is_told else None


def _key(secret: str, order_id: str, half: bytes, *, told: bool) -> str:
    signed = f"{order_id}|{half.hex()}" + ("|told" if told else "")
    mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()[:_HALF]
    return base64.urlsafe_b64encode(half + mac).rstrip(b"=").decode()


def _fingerprint_half(key: str) -> bytes:
    """What a key claims; zeros for what is no key, which then fails the comparison like any wrong key."""
    try:
        claimed = base64.b64decode(key.encode("ascii") + b"=", altchars=_ALTCHARS, validate=True)
    except ValueError:
        return bytes(_HALF)
    return claimed[:_HALF].ljust(_HALF, b"\0")
