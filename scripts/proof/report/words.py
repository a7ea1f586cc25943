"""Numbers, durations, shares and moments as a person reads them."""

from datetime import UTC, datetime
from typing import Any


def number(value: float | None) -> str:
    """1,234 or 0.0123; a dash for what is not known."""
    if value is None:
        return "-"
    if isinstance(value, int) or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """0 s, 8 ms, 420 ms, 3.2 s, 42 s, 2 min 5 s or 1 h 4 min."""
    if not seconds:
        return "-" if seconds is None else "0 s"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.5:
        return f"{seconds:.{seconds < 9.95:d}f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def share(part: float, whole: float) -> str:
    """12.3 %, 0.04 %, or a dash of nothing; what is not nothing is never shown as 0 %."""
    if not whole:
        return "-"
    percent = 100 * part / whole
    for digits in (1, 2, 3):
        if round(percent, digits) or not part:
            return f"{percent:.{digits}f} %".replace(".0 %", " %")
    return "under 0.001 %"


def moment(at: float) -> str:
    """27 November 2026, 08:14 UTC."""
    there = datetime.fromtimestamp(at, UTC)
    return f"{there.day} {there:%B %Y, %H:%M} UTC"


def counted(count: int, one: str, many: str | None = None) -> str:
    """1 order, 1,234 orders."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def measured(value: Any) -> str:
    """What the checker measured, whatever it is."""
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value or "-")
