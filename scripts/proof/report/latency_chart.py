"""How long buyers waited for an answer, by revision or cohort: a histogram each, with its quantiles."""

from collections.abc import Iterator, Mapping
from typing import Final

from markupsafe import Markup

from scripts.proof.report.histogram import SHORTEST_S, Histogram, longest
from scripts.proof.report.svg import NARROW, WIDE, Scale, element, picture, text
from scripts.proof.report.words import counted, duration

QUANTILES: Final = (0.5, 0.95, 0.99)
_LEFT: Final = 6
_RIGHT: Final = 14
_ROW: Final = 104
_BARS: Final = 56
_TENFOLDS: Final = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


def latency_chart(latencies: Mapping[str, Histogram], name: str) -> Markup:
    """The chart twice, as `outcomes_chart` does; nothing without a duration."""
    there = {group: histogram for group, histogram in sorted(latencies.items()) if histogram.count}
    if not there:
        return Markup("")
    return Markup("").join(_chart(there, name, width) for width in (WIDE, NARROW))


def said(histogram: Histogram) -> str:
    """Its quantiles in words."""
    return ", ".join(f"p{share * 100:.0f} {duration(histogram.quantile(share))}" for share in QUANTILES)


def _chart(latencies: Mapping[str, Histogram], name: str, width: int) -> Markup:
    most = next((one for one in _TENFOLDS[2:] if one >= _slowest(latencies)), _TENFOLDS[-1])
    across = Scale(most, _LEFT, width - _RIGHT, SHORTEST_S, is_log=True)
    bottom = len(latencies) * _ROW
    content = [*_axis(across, bottom)]
    for number, (group, histogram) in enumerate(latencies.items()):
        content.append(element("g", *_row(group, histogram, across), transform=f"translate(0 {number * _ROW})"))
    told = "; ".join(f"{group}: {said(histogram)}" for group, histogram in latencies.items())
    return picture(
        content, width=width, height=bottom + 24, name=name, title="How long an answer took, on a log scale", told=told
    )


def _slowest(latencies: Mapping[str, Histogram]) -> float:
    return max(longest(max(histogram.counts)) for histogram in latencies.values())


def _axis(across: Scale, bottom: float) -> Iterator[Markup]:
    for value in _TENFOLDS:
        if value <= across.most:
            anchor = "start" if value == SHORTEST_S else "end" if value == across.most else "middle"
            yield element("line", x1=across(value), x2=across(value), y1=30, y2=bottom, class_="grid")
            yield text(duration(value), across(value), bottom + 18, anchor=anchor)


def _row(group: str, histogram: Histogram, across: Scale) -> Iterator[Markup]:
    yield text(f"{group}: {counted(histogram.count, 'answer')}", _LEFT, 13, class_="lane")
    yield text(said(histogram), _LEFT, 30)
    bottom = 34 + _BARS + 8
    most = max(histogram.counts.values())
    for bucket, count in sorted(histogram.counts.items()):
        start, end = across(longest(bucket - 1)), across(longest(bucket))
        height = max(_BARS * count / most, 1)
        width = max(end - start - 0.6, 1.5)
        yield element("rect", x=start, y=bottom - height, width=width, height=height, class_="bar")
    yield element("line", x1=_LEFT, x2=across.end, y1=bottom, y2=bottom, class_="axis")
    for share in QUANTILES:
        place = across(histogram.quantile(share) or 0)
        yield element("line", x1=place, x2=place, y1=38, y2=bottom, class_=f"quantile p{share * 100:.0f}")
