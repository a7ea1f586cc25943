"""What was measured, by name and round."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Figures:
    """Every figure of every round, by name; `median_of` is what is reported."""

    rounds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, figure: float) -> None:
        self.rounds[name].append(figure)

    def median_of(self, name: str) -> float:
        return median(self.rounds[name])
