"""A clock that stands still until somebody sleeps."""


class Clock:
    """Seconds that pass at once: pass `clock` as the time, and `clock.sleep` as the way to wait."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
