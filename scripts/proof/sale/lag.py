"""How well a load keeps its own pace: how late its requests went out, in buckets, so that it costs nothing to keep."""

from collections import Counter
from typing import Final

LATE_S: Final = 0.1  # below it nobody would call a press late


class Lag:
    """Seconds between the moment at which a request was due and the one at which it was sent."""

    def __init__(self) -> None:
        self.worst_s = 0.0
        self._buckets: Counter[int] = Counter()  # by the power of two, in milliseconds, that is above it

    def add(self, seconds: float) -> None:
        """One more request."""
        self.worst_s = max(self.worst_s, seconds)
        self._buckets[max(0, int(seconds * 1000)).bit_length()] += 1

    @property
    def sent(self) -> int:
        """How many requests went out."""
        return self._buckets.total()

    def quantile_s(self, share: float) -> float:
        """No more than this share of the requests was later; at most twice what is exact."""
        seen = 0
        for power in sorted(self._buckets):
            seen += self._buckets[power]
            if seen >= share * self.sent:
                return min(self.worst_s, (1 << power) / 1000)
        return 0.0

    @property
    def late_share(self) -> float:
        """The share of requests that went out later than about LATE_S."""
        late = sum(count for power, count in self._buckets.items() if (1 << power) / 1000 > LATE_S * 1.3)
        return late / self.sent if self.sent else 0.0

    def summary(self) -> dict[str, float]:
        """The figures for a report, in seconds."""
        return {
            "requests": self.sent,
            "lag_p50_s": self.quantile_s(0.5),
            "lag_p99_s": self.quantile_s(0.99),
            "lag_worst_s": round(self.worst_s, 3),
            "late_share": round(self.late_share, 5),
        }
