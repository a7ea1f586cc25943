"""What `verify` has found, as a table and for programs. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from scripts.cluster.results import BAD, GOOD, NOT_DONE, Result

Verdict = Literal["good", "MISSED", "unclear", "not checked"]
"""`unclear` is what should have been found out and was not; `not checked` what can't be from where it was asked."""

_HEADS: Final = ("check", "verdict", "seconds", "expected", "found")


@dataclass(frozen=True)
class Check:
    """One promise: what was expected, what was found, and what follows. `detail` is for programs alone."""

    name: str
    expected: str
    found: str
    verdict: Verdict
    seconds: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same for programs."""
        figures = {} if self.seconds is None else {"seconds": self.seconds}
        told = {"check": self.name, "expected": self.expected, "found": self.found, "verdict": self.verdict}
        return {**told, **figures, **self.detail}


def shown(namespace: str, checks: Sequence[Check]) -> Result:
    """Bad with any miss, else not done with anything unclear, else good; what can't be checked is no miss."""
    verdicts = [check.verdict for check in checks]
    missed, unclear = verdicts.count("MISSED"), verdicts.count("unclear")
    code = BAD if missed else NOT_DONE if unclear else GOOD
    return Result(
        code,
        (*table(checks), "", _in_short(verdicts)),
        {
            "namespace": namespace,
            "verdict": "missed" if missed else "unclear" if unclear else "good",
            "missed": missed,
            "unclear": unclear,
            "checks": [check.as_dict() for check in checks],
        },
    )


def table(checks: Sequence[Check]) -> list[str]:
    """The checks below a head, a line each."""
    rows = [_HEADS, *(_cells(check) for check in checks)]
    wide = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        f"  {name:<{wide[0]}}  {verdict:<{wide[1]}}  {seconds:>{wide[2]}}  {expected:<{wide[3]}}  {found}"
        for name, verdict, seconds, expected, found in rows
    ]


def _cells(check: Check) -> tuple[str, str, str, str, str]:
    seconds = "" if check.seconds is None else f"{check.seconds:.1f}"
    return check.name, check.verdict, seconds, check.expected, check.found


def _in_short(verdicts: Sequence[Verdict]) -> str:
    counts = {verdict: verdicts.count(verdict) for verdict in ("MISSED", "unclear", "not checked")}
    rest = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
    return f"{verdicts.count('good')} of {len(verdicts)} checks are good" + (f"; {rest}" if rest else "")
