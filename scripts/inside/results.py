"""What a command of this package answers: an exit code, and one JSON object that says the same."""

from dataclasses import dataclass
from typing import Any, Final

GOOD: Final = 0
BAD: Final = 1
NOT_DONE: Final = 2
INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Result:
    """The end of a command; `data` is what is printed, its `why` in words for a person wherever it is not good."""

    code: int
    data: dict[str, Any]
