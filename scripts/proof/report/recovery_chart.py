"""Recoveries, each as a dot: how long until the next purchase was answered, and until what was hit served again."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from scripts.proof.report.observed import Episode
from scripts.proof.report.svg import NARROW, SECONDS, WIDE, Scale, element, picture, text, ticks
from scripts.proof.report.words import counted, duration

_LEFT: Final = 8
_RIGHT: Final = 16
_ROW: Final = 66
_DOTS: Final = 44
_SPREAD: Final = (0, -7, 7, -3.5, 3.5)


@dataclass(frozen=True)
class Recovery:
    """All recoveries of one kind, in seconds; `within_s` is promised of each, and so many `never` came."""

    name: str
    seconds: tuple[float, ...]
    within_s: float | None = None
    never: int = 0

    @property
    def late(self) -> int:
        return sum(one > self.within_s for one in self.seconds) if self.within_s is not None else 0

    @property
    def is_good(self) -> bool:
        return not self.late and not self.never

    @property
    def said(self) -> str:
        """The distribution in words."""
        never = f", {self.never} never" if self.never else ""
        if not self.seconds:
            return f"0 times{never}"
        spread = f"median {duration(statistics.median(self.seconds))}, at most {duration(max(self.seconds))}"
        asked = f"; {duration(self.within_s)} is promised, {self.late} took longer" if self.within_s else ""
        return f"{counted(len(self.seconds), 'time')}{never}: {spread}{asked}"


def recoveries(
    episodes: Sequence[Episode], answered_within_s: float | None, back_within_s: float | None
) -> list[Recovery]:
    """By kind of fault; without those after the last press, and those that need no recovery."""
    groups: dict[str, list[Episode]] = {}
    for episode in episodes:
        groups.setdefault(episode.name, []).append(episode)
    found = []
    for name, same in groups.items():
        answered = [episode.answered_s for episode in same if episode.answered_s is not None]
        back = [episode.back_s for episode in same if episode.back_s is not None]
        never = sum(episode.answered_s is None and episode.pressed > 0 for episode in same)
        if answered or never:
            found.append(Recovery(f"{name}: next purchase answered", tuple(answered), answered_within_s, never))
        if back:
            found.append(Recovery(f"{name}: back and serving", tuple(back), back_within_s, len(same) - len(back)))
    return found


def recovery_chart(rows: Sequence[Recovery], name: str) -> Markup:
    """The chart twice, as `outcomes_chart` does; nothing without a recovery."""
    there = [row for row in rows if row.seconds]
    if not there:
        return Markup("")
    return Markup("").join(_chart(there, name, width) for width in (WIDE, NARROW))


def _chart(rows: Sequence[Recovery], name: str, width: int) -> Markup:
    most = max(max(*row.seconds, row.within_s or 0.0) for row in rows) * 1.05
    across = Scale(most, _LEFT, width - _RIGHT)
    bottom = len(rows) * _ROW
    content = [*_axis(across, bottom, 8 if width == WIDE else 4)]
    for number, row in enumerate(rows):
        content.append(element("g", *_row(row, across), transform=f"translate(0 {number * _ROW})"))
    told = "; ".join(f"{row.name}: {row.said}" for row in rows)
    return picture(content, width=width, height=bottom + 24, name=name, title="Recovery times", told=told)


def _axis(across: Scale, bottom: float, about: int) -> Iterator[Markup]:
    for value in ticks(across.most, about, SECONDS):
        yield text(duration(value), across(value), bottom + 18, anchor="middle")


def _row(row: Recovery, across: Scale) -> Iterator[Markup]:
    yield text(row.name, _LEFT, 13, class_="lane")
    yield element("line", x1=_LEFT, x2=across.end, y1=_DOTS, y2=_DOTS, class_="grid")
    if row.within_s is not None:
        limit = across(row.within_s)
        yield element("line", x1=limit, x2=limit, y1=_DOTS - 18, y2=_DOTS + 14, class_="limit")
    for number, seconds in enumerate(row.seconds):
        x, y = across(seconds), _DOTS + _SPREAD[number % len(_SPREAD)]
        if row.within_s is not None and seconds > row.within_s:
            yield element("path", d=f"M{x - 5:.1f} {y - 5:.1f}l10 10m0-10l-10 10", class_="late")
        else:
            yield element("circle", cx=x, cy=y, r=4, class_="dot")
