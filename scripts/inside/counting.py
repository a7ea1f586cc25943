"""What counters have counted since a watch began, though their processes restart, vanish and come back."""

from collections import defaultdict
from collections.abc import Mapping

from scripts.inside.pages import Labels, Series

Counted = Mapping[tuple[str, Labels], float]


class Tally:
    """Adds up the growth of the counters of several pages; each page counts from its first reading on."""

    def __init__(self) -> None:
        self._last: dict[str, Series] = {}
        self._counted: defaultdict[tuple[str, Labels], float] = defaultdict(float)

    @property
    def counted(self) -> Counted:
        """What all pages together have counted so far."""
        return self._counted

    def add(self, url: str, series: Series) -> None:
        """Take in a new reading of the page at `url`."""
        if url in self._last:
            for name, grown in growth(self._last[url], series).items():
                self._counted[name] += grown
        self._last[url] = series


def growth(before: Series, now: Series) -> Series:
    """By how much each counter grew between two readings of a page.

    One that fell or is gone tells of a restart: then all of them began at zero since, and what was counted between
    the reading and the restart is not known.
    """
    restarted = any(now.get(series, 0.0) < value for series, value in before.items())
    return {series: value - (0.0 if restarted else before.get(series, 0.0)) for series, value in now.items()}
