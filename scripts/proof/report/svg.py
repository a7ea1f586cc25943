"""Pieces of pictures: elements that escape what is put into them, scales and round numbers for their axes."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

WIDE: Final = 880
NARROW: Final = 350
SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


def element(name: str, *content: str, **attributes: str | float | None) -> Markup:
    """An element. What is no Markup is escaped; `class_` and `x_y` become `class` and `x-y`, None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value if isinstance(value, str) else short(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(content)
    return Markup(f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>")  # noqa: S704


def short(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def text(words: str, x: float, y: float, *, class_: str = "tick", anchor: str | None = None) -> Markup:
    """Words at a place; `anchor` is middle or end."""
    return element("text", words, x=x, y=y, class_=class_, text_anchor=anchor)


def picture(content: Iterable[str], *, width: float, height: float, name: str, title: str, told: str) -> Markup:
    """A picture with a name and words for who can't see it; `name` is unique in the page."""
    kind = "wide" if width >= WIDE else "narrow"
    head = (
        element("title", title, id=f"{name}-{kind}-title"),
        element("desc", told, id=f"{name}-{kind}-told"),
    )
    return element(
        "svg",
        *head,
        *content,
        viewBox=f"0 0 {short(width)} {short(height)}",
        class_=f"chart chart-{kind}",
        role="img",
        aria_labelledby=f"{name}-{kind}-title",
        aria_describedby=f"{name}-{kind}-told",
    )


def ticks(most: float, about: int, steps: Sequence[float] | None = None) -> list[float]:
    """Round numbers from 0 to `most` or a little less, about so many; `steps` are the distances to choose from."""
    if steps is None:
        tenfold = 10 ** math.floor(math.log10(most / about)) if most > 0 else 1
        steps = [tenfold * factor for factor in (1, 2, 5, 10)]
    step = next((one for one in steps if most / one <= about), steps[-1])
    return [float(step * number) for number in range(int(most / step + 1e-9) + 1)]


@dataclass(frozen=True)
class Scale:
    """From a value, 0 to `most`, to a place between two ends; `is_log` from `least`, and what is less lies at it."""

    most: float
    start: float
    end: float
    least: float = 0.0
    is_log: bool = False

    def __call__(self, value: float) -> float:
        if self.is_log:
            part = math.log(max(value, self.least) / self.least) / math.log(self.most / self.least)
        else:
            part = value / self.most if self.most else 0.0
        return self.start + min(part, 1.0) * (self.end - self.start)
