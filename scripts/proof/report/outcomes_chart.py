"""The curve of outcomes over time, with errors, faults and the split on the same axis below it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from scripts.proof.report.observed import OUTCOMES, Episode, Observed, Outcome
from scripts.proof.report.svg import NARROW, SECONDS, WIDE, Scale, element, picture, short, text, ticks
from scripts.proof.report.words import counted, duration

MOST_BINS: Final = {WIDE: 120, NARROW: 60}
MOST_LANES: Final = 8
_PLOT: Final = {WIDE: 240, NARROW: 190}
_LEFT: Final = 48
_RIGHT: Final = 8
_TOP: Final = 26
_LANE: Final = 34
_BAR: Final = 10
_LETTER: Final = 7.2  # the width of one, or a little more
_WIDTHS: Final = tuple(int(one) for one in SECONDS if one >= 1)


@dataclass(frozen=True)
class Bins:
    """Answers by their outcome, in equal steps of `seconds`."""

    seconds: int
    counts: tuple[Counter[Outcome], ...]

    @property
    def most(self) -> int:
        return max((count.total() for count in self.counts), default=0)


def binned(observed: Observed, most: int) -> Bins:
    """The answers in at most so many steps, whose length is a round number of seconds."""
    there = int(observed.seconds) + 1
    width = next((one for one in _WIDTHS if there / one <= most), -(-there // most))
    counts: list[Counter[Outcome]] = [Counter() for _ in range(-(-there // width))]
    for second, answers in observed.by_second.items():
        counts[second // width].update(answers)
    return Bins(width, tuple(counts))


def outcomes_chart(observed: Observed, name: str) -> Markup:
    """The chart twice: for a screen or paper, and for a phone; the page shows one of them."""
    return Markup("").join(_chart(observed, name, width) for width in (WIDE, NARROW))


def _chart(observed: Observed, name: str, width: int) -> Markup:
    bins = binned(observed, MOST_BINS[width])
    bottom = _TOP + _PLOT[width]
    across = Scale(bins.seconds * len(bins.counts), _LEFT, width - _RIGHT)
    up = Scale(max(bins.most, 1), bottom, _TOP)
    lanes = list(_lanes(observed, bins, across))
    content = [
        *(_band(episode, across, bottom) for episode in observed.episodes),
        *_axes(up, across, bottom, bins.seconds, 10 if width == WIDE else 4),
        *_layers(bins, across, up),
    ]
    for number, lane in enumerate(lanes):
        top = bottom + 30 + number * _LANE
        content.append(element("g", *lane, transform=f"translate(0 {short(top)})"))
    return picture(
        content,
        width=width,
        height=bottom + 30 + len(lanes) * _LANE,
        name=name,
        title="Answers to buyers over time",
        told=told(observed),
    )


def told(observed: Observed) -> str:
    """The chart in words."""
    totals: Counter[Outcome] = sum(observed.by_second.values(), Counter())
    kinds = ", ".join(f"{totals[outcome]:,} {outcome}" for outcome in OUTCOMES if totals[outcome])
    faults = counted(len(observed.episodes), "fault") + " from outside"
    return f"In {duration(observed.seconds)}: {kinds or 'no answers'}; {faults}. The table below has the numbers."


def _axes(up: Scale, across: Scale, bottom: float, seconds: int, about: int) -> Iterator[Markup]:
    unit = "answers a second" if seconds == 1 else f"answers in each {duration(seconds)}"
    yield text(unit, 0, 12)
    for value in filter(float.is_integer, ticks(up.most, 4)):
        yield element("line", x1=_LEFT, x2=across.end, y1=up(value), y2=up(value), class_="grid")
        yield text(f"{value:,.0f}", _LEFT - 6, up(value) + 4, anchor="end")
    for value in ticks(across.most, about, SECONDS):
        yield element("line", x1=across(value), x2=across(value), y1=bottom, y2=bottom + 4, class_="axis")
        yield text(duration(value), across(value), bottom + 18, anchor="middle")


def _layers(bins: Bins, across: Scale, up: Scale) -> Iterator[Markup]:
    """One stepped area for each outcome, stacked; each has a pattern of its own beside its colour."""
    below = [0] * len(bins.counts)
    for outcome in OUTCOMES:
        above = [floor + count[outcome] for floor, count in zip(below, bins.counts, strict=True)]
        if above != below:
            yield element("path", d=_stepped(below, above, bins.seconds, across, up), class_=f"layer {css(outcome)}")
        below = above


def _stepped(below: Sequence[int], above: Sequence[int], seconds: int, across: Scale, up: Scale) -> str:
    """An outline for each stretch of steps that have something of it."""
    drawn, number = "", 0
    while number < len(above):
        if above[number] == below[number]:
            number += 1
            continue
        first = number
        while number < len(above) and above[number] != below[number]:
            number += 1
        edges = [short(across(step * seconds)) for step in range(first, number + 1)]
        drawn += f"M{edges[0]} {short(up(below[first]))}"
        for step in range(first, number):
            drawn += f"V{short(up(above[step]))}H{edges[step - first + 1]}"
        for step in reversed(range(first, number)):
            drawn += f"V{short(up(below[step]))}H{edges[step - first]}"
        drawn += "Z"
    return drawn


def css(outcome: Outcome) -> str:
    """The outcome as the name of a class."""
    return outcome.replace(" ", "-")


def _band(episode: Episode, across: Scale, bottom: float) -> Markup:
    start, end = across(episode.began), across(_over(episode))
    return element("rect", x=start, y=_TOP, width=max(end - start, 1.5), height=bottom - _TOP, class_="band")


def _over(episode: Episode) -> float:
    """When what was hit was well again, as far as the history tells."""
    return max(episode.began, episode.back_at or 0.0, episode.ended or 0.0)


def _lanes(observed: Observed, bins: Bins, across: Scale) -> Iterator[list[Markup]]:
    yield list(_errors(bins, across))
    if any(split.split.get("chaos") for split in observed.splits):
        yield list(_splits(observed, across))
    groups: dict[str, list[Episode]] = {}
    for episode in observed.episodes:
        groups.setdefault(episode.name, []).append(episode)
    named = sorted(groups.items(), key=lambda group: -len(group[1]))
    if len(named) > MOST_LANES:
        others = [episode for _, episodes in named[MOST_LANES - 1 :] for episode in episodes]
        named = [*named[: MOST_LANES - 1], (f"{counted(len(named) - MOST_LANES + 1, 'other kind')} of fault", others)]
    for name, episodes in named:
        yield list(_fault_lane(name, episodes, across))


def _errors(bins: Bins, across: Scale) -> Iterator[Markup]:
    """A mark where there was an error: one among thousands is no height in the curve."""
    total = sum(count["error"] for count in bins.counts)
    yield from _lane(f"answers that were an error, or none: {total:,}", across)
    for number, count in enumerate(bins.counts):
        if count["error"]:
            start = across(number * bins.seconds)
            width = max(across((number + 1) * bins.seconds) - start, 3)
            yield element("rect", x=start, y=18, width=width, height=_BAR, class_="error mark")


def _splits(observed: Observed, across: Scale) -> Iterator[Markup]:
    """The share of the chaos revision as a height."""
    most = max(split.split.get("chaos", 0) for split in observed.splits)
    yield from _lane(f"traffic to chaos: up to {most} %", across)
    ends = [*(split.elapsed for split in observed.splits[1:]), across.most]
    for split, end in zip(observed.splits, ends, strict=True):
        if chaos := split.split.get("chaos", 0):
            height = max(_BAR * chaos / 100, 2)
            start = across(split.elapsed)
            yield element(
                "rect", x=start, y=18 + _BAR - height, width=max(across(end) - start, 1), height=height, class_="split"
            )


def _fault_lane(name: str, episodes: Sequence[Episode], across: Scale) -> Iterator[Markup]:
    yield from _lane(name if len(episodes) == 1 else f"{name}, {len(episodes)} times", across)
    for episode in episodes:
        start, over = across(episode.began), across(_over(episode))
        struck = across(episode.ended if episode.ended is not None else episode.began)
        yield element("rect", x=start, y=18, width=max(struck - start, 2), height=_BAR, class_="fault")
        if over > struck:
            yield element("rect", x=struck, y=18, width=over - struck, height=_BAR, class_="recovering")


def _lane(name: str, across: Scale) -> Iterator[Markup]:
    fits = int((across.end - _LEFT) / _LETTER)
    yield text(name if len(name) <= fits else f"{name[: fits - 1]}…", _LEFT, 13, class_="lane")
    yield element("rect", x=_LEFT, y=18, width=across.end - _LEFT, height=_BAR, class_="track")
