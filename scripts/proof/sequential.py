"""Are buyers of the treated cohort worse off than those of the control? A test that may be looked at all the time.

Outcomes are paired: the first of one cohort with the first of the other, and so on. Each pair is a bet against "treated
does no worse", which in the long run loses money if that is so and gains if it isn't. The bet is the E-variable of
R. Turner, A. Ly and P. Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for optional
stopping", Journal of Statistical Planning and Inference 230 (2024), 106116, arXiv:2106.02693, for Bernoulli streams in
blocks of one and one: the likelihood ratio of what was learnt from the pairs before (Beta priors of 0.18, the
authors') to the nearest point of the null hypothesis. The capital starts at 1, and by Ville's inequality it ever
reaches 1/alpha with a probability of at most alpha, whenever one looks and stops.

Two things differ from the paper's two-sided test. There is a bet only while the estimates say harm, and the null
hypothesis is all of "treated >= control - tolerated". Then the bet's factors are 1 + a*x for treated and 1 - a*y for
control with a < 0, where x and y are how far the true shares lie from that nearest point, and x >= y; so their
expected product is at most 1 - (a*y)^2. It needs no constant shares, only that a pair's two are of one time: an outage
that hits both cohorts is no harm.

The tests compare the formula with the e-values that the authors print in the vignette of their R package safestats
0.8.7, the one-sided null with exact sums over all outcomes, and the whole with simulated sales looked at at each step.
No library fitted: savvi and confseq have had no release for two years, expectation needs a newer Python, and pandas.
"""

import math
from collections import deque
from typing import Any, Final, Literal

Cohort = Literal["treated", "control"]
Decision = Literal["none", "harm"]
PRIOR: Final = 0.18
_SHARES: Final = tuple(2 ** (-step / 2) * 0.999 for step in range(20))  # of the capital that is bet, in `lowest`
_BISECTIONS: Final = 40


def learnt(ok: int, of: int) -> float:
    """The share of good outcomes as it is bet on: the posterior mean."""
    return (ok + PRIOR) / (of + 2 * PRIOR)


def nearest(treated: float, control: float, tolerated: float) -> float:
    """The treated share of that point with treated = control - tolerated to which the two shares are nearest.

    Nearest in the sense of the Kullback-Leibler divergence, with blocks of one and one.
    """
    if not tolerated:
        return (treated + control) / 2
    low, high = 0.0, 1 - tolerated
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        other = middle + tolerated
        if (treated - middle) / (middle * (1 - middle)) + (control - other) / (other * (1 - other)) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def log_ratio(ok: bool, share: float, null: float) -> float:
    """The logarithm of how much likelier the outcome is with `share` than with `null`."""
    return math.log(share / null) if ok else math.log((1 - share) / (1 - null))


def lowest(worse: int, same: int, better: int, alpha: float) -> float:
    """What the mean difference (1 for worse, -1 for better) is at least, at all times, but for a chance of alpha.

    The differences to whose null hypothesis "no more than this" a mixture of constant bets hasn't yet reached 1/alpha:
    the capital process of I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting",
    Journal of the Royal Statistical Society B 86 (2024), section 4. It falls as the difference grows.
    """
    low, high = -1.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if _log_capital(middle, worse, same, better) >= -math.log(alpha):
            low = middle
        else:
            high = middle
    return low


def _log_capital(difference: float, worse: int, same: int, better: int) -> float:
    odds = 1 / (1 + difference)
    logs = [
        worse * math.log(1 - share + 2 * share * odds)
        + same * math.log(1 - share + share * odds)
        + better * math.log(1 - share)
        for share in _SHARES
    ]
    most = max(logs)
    return most + math.log(sum(math.exp(one - most) for one in logs) / len(logs))


class Measure:
    """One yes-or-no measure of both cohorts; it has harmed once the capital has reached 1/alpha.

    Raises ValueError for an alpha outside (0, 1) or a tolerated loss outside [0, 1).
    """

    def __init__(self, name: str, alpha: float, tolerated: float = 0.0) -> None:
        if not 0 < alpha < 1 or not 0 <= tolerated < 1:
            raise ValueError(f"{name}: alpha {alpha} is not in (0, 1), or tolerated {tolerated} not in [0, 1)")
        self.name = name
        self.alpha = alpha
        self.tolerated = tolerated
        self.ok: dict[Cohort, int] = {"treated": 0, "control": 0}
        self.of: dict[Cohort, int] = {"treated": 0, "control": 0}
        self._waiting: dict[Cohort, deque[bool]] = {"treated": deque(), "control": deque()}
        self._paired_ok: dict[Cohort, int] = {"treated": 0, "control": 0}
        self._kinds = {1: 0, 0: 0, -1: 0}  # pairs in which treated was worse, the same, better
        self._log_capital = 0.0
        self._most = 0.0

    def add(self, cohort: Cohort, ok: bool) -> None:
        """The next outcome of a cohort; it is bet on once it has its pair."""
        self.ok[cohort] += ok
        self.of[cohort] += 1
        self._waiting[cohort].append(ok)
        while all(self._waiting.values()):
            self._bet(self._waiting["treated"].popleft(), self._waiting["control"].popleft())

    def _bet(self, treated: bool, control: bool) -> None:
        pairs = self.pairs
        low, high = learnt(self._paired_ok["treated"], pairs), learnt(self._paired_ok["control"], pairs)
        if high - low > self.tolerated:
            null = nearest(low, high, self.tolerated)
            self._log_capital += log_ratio(treated, low, null) + log_ratio(control, high, null + self.tolerated)
            self._most = max(self._most, self._log_capital)
        self._paired_ok["treated"] += treated
        self._paired_ok["control"] += control
        self._kinds[control - treated] += 1

    @property
    def pairs(self) -> int:
        return sum(self._kinds.values())

    @property
    def has_harmed(self) -> bool:
        return self._most >= -math.log(self.alpha)

    @property
    def e_value(self) -> float:
        """The capital now; 1 at the start, at most 1e300."""
        return math.exp(min(self._log_capital, math.log(1e300)))

    @property
    def p_value(self) -> float:
        """Valid at any time: the smallest alpha at which this measure would have harmed by now."""
        return math.exp(-self._most)

    def interval(self) -> tuple[float, float]:
        """The loss (control's share less treated's) lies in it at all times, but for a chance of twice this alpha.

        Once it has harmed the loss is more than tolerated: the test says so with an alpha of its own.
        """
        worse, same, better = self._kinds[1], self._kinds[0], self._kinds[-1]
        low = lowest(worse, same, better, self.alpha / 2)
        high = -lowest(better, same, worse, self.alpha / 2)
        return max(low, self.tolerated) if self.has_harmed else low, high

    def as_dict(self) -> dict[str, Any]:
        """What a report says of it; the loss is None without an outcome in both cohorts."""
        low, high = self.interval()
        shares = {cohort: self.ok[cohort] / of for cohort, of in self.of.items() if of}
        return {
            "name": self.name,
            "harm": self.has_harmed,
            "treated": {"ok": self.ok["treated"], "of": self.of["treated"]},
            "control": {"ok": self.ok["control"], "of": self.of["control"]},
            "loss": shares["control"] - shares["treated"] if len(shares) == 2 else None,
            "interval": [low, high],
            "confidence": 1 - 2 * self.alpha,
            "tolerated": self.tolerated,
            "e_value": self.e_value,
            "p_value": self.p_value,
        }


class Comparison:
    """Decides from buyers' attempts, as they end, whether the treated cohort is harmed, with an error of alpha at most.

    Two measures share alpha: is an attempt confirmed, and is it confirmed within `within_s` seconds of the first press.
    An honest rejection says nothing of a revision and is left out. The cohorts are of one size: what has no pair waits.
    """

    def __init__(
        self, alpha: float = 0.01, within_s: float = 1.0, tolerated: float = 0.0, tolerated_late: float = 0.0
    ) -> None:
        """Tolerated are losses of the share of attempts that are confirmed, or confirmed in time."""
        self.alpha = alpha
        self.within_s = within_s
        self.measures: dict[Literal["confirmed", "prompt"], Measure] = {
            "confirmed": Measure("confirmed", alpha / 2, tolerated),
            "prompt": Measure("prompt", alpha / 2, tolerated_late),
        }
        self.treated_until_decision: int | None = None

    def add(self, cohort: Cohort, ok: bool, seconds: float | None = None) -> Decision:
        """An attempt ended, confirmed or not, so many seconds after the first press; without them it took too long."""
        self.measures["confirmed"].add(cohort, ok)
        self.measures["prompt"].add(cohort, ok and seconds is not None and seconds <= self.within_s)
        if self.treated_until_decision is None and self.decision == "harm":
            self.treated_until_decision = self.measures["confirmed"].of["treated"]
        return self.decision

    @property
    def decision(self) -> Decision:
        """Once "harm", always "harm"."""
        return "harm" if any(measure.has_harmed for measure in self.measures.values()) else "none"

    def as_dict(self) -> dict[str, Any]:
        """What a report says of it."""
        return {
            "decision": self.decision,
            "alpha": self.alpha,
            "within_s": self.within_s,
            "treated_until_decision": self.treated_until_decision,
            "measures": [measure.as_dict() for measure in self.measures.values()],
        }
