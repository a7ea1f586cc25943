"""What a verb answers: an exit code, the lines that a person reads, and the same for programs."""

from dataclasses import dataclass, field
from typing import Any, Final

GOOD: Final = 0
BAD: Final = 1
NOT_DONE: Final = 2
INTERRUPTED: Final = 130


@dataclass(frozen=True)
class Result:
    """The end of a verb. `lines` go to standard output; with `--output json`, `data` does, as one JSON object."""

    code: int
    lines: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
