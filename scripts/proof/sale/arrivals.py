"""When buyers come: curves that say after how many seconds a share of them is there."""

import math
from collections.abc import Callable
from typing import Final

Curve = Callable[[float], float]
"""From a share of the buyers, 0 up to 1, to the seconds after which so many have come; it never falls."""

BURST_SHARE: Final = 0.5  # of the buyers who wait for the doors to open
BURST_S: Final = 1.0  # within which they come, once the doors are open
WAVE_S: Final = 60.0  # from one burst of a long run to the next
WAVE_BURST_SHARE: Final = 0.05
_MEANS_IN_TAIL: Final = 3.0  # the tail is cut where a twentieth of an endless one would still come


def flash_sale(over_s: float, burst_share: float = BURST_SHARE, burst_s: float = BURST_S) -> Curve:
    """A burst at the opening and a tail: `burst_share` come evenly within `burst_s`, the others thin out.

    The tail is an exponential one with a mean of a third of its length, cut off at `over_s`: its density falls to a
    twentieth from its begin to its end. It is the shape of a sale whose opening was announced.
    """
    tail_s = max(0.0, over_s - burst_s)
    mean_s = tail_s / _MEANS_IN_TAIL
    kept = 1 - math.exp(-_MEANS_IN_TAIL)

    def arrival_s(share: float) -> float:
        if share < burst_share:
            return min(burst_s, over_s) * share / burst_share
        rest = (share - burst_share) / (1 - burst_share)
        return min(burst_s, over_s) - mean_s * math.log(1 - rest * kept)

    return arrival_s


def waves(count: int, per_second: float) -> Curve:
    """Flash sales one after the other, one a minute, for a long run: `per_second` buyers on the average.

    A twentieth of the buyers of each comes in its first second, which is three times the average pace.
    """
    over_s = count / per_second
    number = max(1, round(over_s / WAVE_S))
    wave_s = over_s / number
    one = flash_sale(wave_s, WAVE_BURST_SHARE)

    def arrival_s(share: float) -> float:
        wave, within = divmod(share * number, 1)
        return wave * wave_s + one(within)

    return arrival_s


def steady(count: int, per_second: float) -> Curve:
    """One after the other, `per_second` of them."""
    return lambda share: share * count / per_second
