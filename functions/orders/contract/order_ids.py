"""New order ids: UUIDs of version 7, which begin with the time, so that the ledger's indexes grow at one end."""

import secrets
import time
import uuid
from collections.abc import Callable
from typing import Final

_VERSION: Final = 0x7 << 76
_VARIANT: Final = 0b10 << 62
_RANDOM: Final = (1 << 80) - 1 - (0xF << 76) - (0b11 << 62)


def new_order_id(now: Callable[[], float] = time.time, random_bits: Callable[[int], int] = secrets.randbits) -> str:
    """An order id: 48 bits of Unix milliseconds and 74 random ones (RFC 9562, section 5.7).

    It tells when its form was rendered, and nothing else; nobody can guess another one.
    """
    milliseconds = int(now() * 1000) & ((1 << 48) - 1)
    return str(uuid.UUID(int=milliseconds << 80 | _VERSION | _VARIANT | random_bits(80) & _RANDOM))
