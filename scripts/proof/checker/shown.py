"""The verdict as a page of a terminal, and as an object for programs."""

import textwrap
from collections.abc import Iterator
from typing import Any, Final

from scripts.proof.checker.verdict import Check, Number, Row, Verdict, Violation

_WIDTH: Final = 120
_NAME: Final = 72
_ROW: Final = "  {name:<72}  {examined:>12}  {violations:>10}  {state}"


def shown(verdict: Verdict) -> Iterator[str]:
    """The promises' table, and below it the violations with their stories."""
    yield _ROW.format(name="promise", examined="examined", violations="violations", state="")
    for row in verdict.rows:
        yield from _row(row)
    if not verdict.is_whole:
        yield "\nThe run was cut short: what must be so only in the end was not asked."
    told: set[tuple[str, ...]] = set()
    for row in verdict.rows:
        if row.violations:
            yield f"\n{row.promise} {row.words}: VIOLATED, {row.violations:,} found"
            yield from (line for check in row.checks if check.violations for line in _check(check, told))


def as_dict(verdict: Verdict) -> dict[str, Any]:
    """The same for a report."""
    return {
        "code": verdict.code,
        "is_whole": verdict.is_whole,
        "promises": [
            {
                "promise": row.promise,
                "words": row.words,
                "state": row.state,
                "examined": row.examined,
                "violations": row.violations,
                "measured": dict(row.measured),
                "checks": [_check_as_dict(check) for check in row.checks],
            }
            for row in verdict.rows
        ],
    }


def _row(row: Row) -> Iterator[str]:
    name = f"{row.promise}  {row.words}"
    yield ""
    yield _ROW.format(
        name=name, examined=f"{row.examined:,}", violations=f"{row.violations:,}", state=row.state.upper()
    )
    for check in row.checks:
        name = textwrap.shorten(check.name, _NAME - 4, placeholder=" ...")
        state = "" if check.state == "kept" else check.state
        numbers = {"examined": f"{check.examined:,}", "violations": f"{check.violations:,}"}
        yield _ROW.format(name=f"    {name}", **numbers, state=state).rstrip()
        if check.state == "not checked":
            yield f"        because {check.why_not}"
    measured = ", ".join(f"{name}: {_number(value)}" for name, value in row.measured.items())
    if measured:
        yield from textwrap.wrap(measured, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _check(check: Check, told: set[tuple[str, ...]]) -> Iterator[str]:
    yield f"  {check.name}"
    for violation in check.shown:
        yield from _violation(violation, told)
    if (more := check.violations - len(check.shown)) > 0:
        yield f"    and {more:,} more"


def _violation(violation: Violation, told: set[tuple[str, ...]]) -> Iterator[str]:
    """What is wrong, and the story unless it was `told` before."""
    is_new = bool(violation.story) and violation.story not in told
    of = f" [{', '.join(violation.order_ids)}]" if violation.order_ids and not is_new else ""
    yield from textwrap.wrap(
        f"{violation.what}{of}{', whose story is above' if violation.story and not is_new else ''}",
        _WIDTH,
        initial_indent="  - ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )
    if is_new:
        told.add(violation.story)
        yield from (f"  {line}" for line in violation.story)


def _number(value: Number | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _check_as_dict(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "state": check.state,
        "examined": check.examined,
        "violations": check.violations,
        "why_not": check.why_not,
        "shown": [
            {"what": each.what, "order_ids": list(each.order_ids), "story": list(each.story)} for each in check.shown
        ],
    }
