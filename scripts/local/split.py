"""The grammar and the words of the split between the revisions, the same for dev.py and for deploy.py.

Only Python's own library is used here, so that --help needs no set-up.
"""

from collections.abc import Mapping, Sequence
from typing import Final

REVISIONS: Final = ("stable", "chaos")
SHARES_HELP: Final = "stable=80 chaos=20; one is enough"
SHARES_METAVAR: Final = "REVISION=PERCENT"

Split = Mapping[str, int]


def read_split(shares: Sequence[str]) -> dict[str, int]:
    """The split that words like `chaos=20` ask for, of which one is enough; empty for no words. Raises ValueError."""
    split: dict[str, int] = {}
    for share in shares:
        name, separator, percent = share.partition("=")
        is_number = percent.isascii() and percent.isdigit() and len(percent) <= 3 and int(percent) <= 100
        if name not in REVISIONS or not separator or not is_number:
            raise ValueError(f"{share}: must be one of {', '.join(REVISIONS)} with a percentage, as chaos=20")
        if name in split:
            raise ValueError(f"{name} is given twice")
        split[name] = int(percent)
    if len(split) == 1:
        (name, percent_given), *_ = split.items()
        split.update({other: 100 - percent_given for other in REVISIONS if other != name})
    if split and sum(split.values()) != 100:
        raise ValueError(f"the shares are {sum(split.values())} % together; they must be 100 %")
    return {name: split[name] for name in REVISIONS} if split else {}


def in_words(split: Split) -> str:
    """The split as a person reads it: `stable 80 %, chaos 20 %`."""
    return ", ".join(f"{name} {percent} %" for name, percent in split.items())
