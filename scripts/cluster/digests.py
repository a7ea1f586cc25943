"""Names that say what is in a thing: the same content has the same name, and another content another one."""

import hashlib
import json
from typing import Any, Final

LENGTH: Final = 10


def digest(value: Any) -> str:
    """Ten hexadecimal digits of what JSON can hold, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def named(prefix: str, value: Any) -> str:
    """The prefix with the digest of the value: `orders-stable-0123456789`."""
    return f"{prefix}-{digest(value)}"
