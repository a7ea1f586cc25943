"""Durations in buckets that each are an eighth longer than the one before: little to keep, and right to some 12 %."""

import math
from typing import Final

import msgspec

SHORTEST_S: Final = 0.001
PER_TENFOLD: Final = 20


class Histogram(msgspec.Struct):
    """How many durations fell into which bucket; bucket 0 holds all up to a millisecond. Times are in seconds."""

    counts: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        bucket = math.ceil(math.log10(max(seconds, SHORTEST_S) / SHORTEST_S) * PER_TENFOLD - 1e-9)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def quantile(self, share: float) -> float | None:
        """So large a share took at most so long; None if there is nothing."""
        left = share * self.count
        for bucket in sorted(self.counts):
            left -= self.counts[bucket]
            if left <= 1e-9:
                return longest(bucket)
        return None


def longest(bucket: int) -> float:
    """The longest duration of a bucket, in seconds."""
    return float(SHORTEST_S * 10 ** (bucket / PER_TENFOLD))
