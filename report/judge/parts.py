"""The parts of a claim: the result of each of its tests, with a p-value for each way to go."""

from __future__ import annotations

import math
from dataclasses import dataclass

from report.judge.statistics.effects import CONFIDENCE, MARGIN, Effect, sign_test_p
from report.judge.statistics.power import MOST_SEEDS, POWER, more_seeds

SUPPORTED, REFUTED = "supported", "refuted"
SAME, UNDECIDED = "no meaningful difference", "undecided"
UNTESTABLE, NOT_RUN, SHOWN = "not testable in this study", "not run", "no verdict"

EXCEEDS = "exceeds"
"""An accuracy that is refuted since it is above the published one, by more than the tolerance."""

DECIDED = (SUPPORTED, EXCEEDS, REFUTED, SAME)
"""The verdicts that settle a claim."""


@dataclass(frozen=True)
class PValues:
    """One-sided p-values for a claim and for its opposite, and that of a negligible effect.

    Arithmetic has 0 and 1; a type without an equivalence test has 1 for a negligible effect.
    """

    support: float = 1.0
    refute: float = 1.0
    same: float = 1.0

    def p(self, two_sided: bool) -> float:
        """Return the p-value of the test."""
        return min(1.0, (2 if two_sided else 1) * min(self.support, self.refute))


@dataclass(frozen=True)
class Part:
    """One test of a claim.

    Parameters
    ----------
    sentence
        The result in words.
    arm
        The arm that was tested, as ``ablation.arm``.
    claimed, measured
        What was published and what was found, in a few words, for a table.
    p
        The p-values.
    verdict
        `NOT_RUN`, `UNTESTABLE` or `SHOWN` if the part can't be decided; else it is filled in with
        the claim's verdict.
    effect, thresholds
        The effect at the last look, and the thresholds that it is tested against.
    confidence
        That of the effect's interval.
    held
        For a trend, in how many seeds the rule holds, and in how many it can be told.
    later
        The looks that are left: how many more seeds each takes, and its share of the error.
    waiting
        How many more seeds the first look takes.
    gains
        For a claim on a sign, whether the test that counts finds a gain.
    name
        For an effect, the arm in words.
    on
        For an effect on another accuracy than that on the test images, which one, in words.
    """

    sentence: str
    arm: str = ""
    claimed: str = ""
    measured: str = ""
    p: PValues = PValues()
    verdict: str = ""
    effect: Effect | None = None
    thresholds: tuple[float, ...] = ()
    confidence: float = CONFIDENCE
    held: tuple[int, int] | None = None
    later: tuple[tuple[int, float], ...] = ()
    waiting: int = 0
    gains: bool | None = None
    name: str = ""
    on: str = ""

    @property
    def interval(self) -> tuple[float, float]:
        """The interval that decides, in points; NaN where there is none."""
        return self.effect.interval(self.confidence) if self.effect else (math.nan, math.nan)

    @property
    def leans(self) -> str:
        """`SUPPORTED` or `REFUTED`, whichever the p-values point to; empty if neither."""
        if self.p.support < self.p.refute:
            return SUPPORTED
        return REFUTED if self.p.refute < self.p.support else ""

    @property
    def negligible(self) -> bool:
        """Whether an equivalence test may find the effect seen so far to be negligible."""
        if self.effect is None or self.gains is None:
            return False
        return abs(self.effect.difference) < MARGIN

    def needed(self, level: float, chance: float = POWER, least: float = 0.0) -> float | None:
        """Return about how many more seeds decide the part, if they are as those so far.

        It is infinite if no number of seeds that is looked at does (see `most_seeds`), and None if
        it is unknown.

        Parameters
        ----------
        level
            The significance that decides.
        chance
            With which probability the seeds are to decide on an effect.
        least
            The smallest distance from a threshold that is worth finding, in points.
        """
        if self.waiting:
            return self.waiting
        if self.held:
            return self._seeds_of_a_sign_test(*self.held, level)
        if self.effect is None:
            return 0
        return more_seeds(self.effect, self.thresholds, level, self.later, least, chance)

    @property
    def most_seeds(self) -> int:
        """The largest number of further seeds that `needed` looks at."""
        return max((more for more, _ in self.later), default=MOST_SEEDS)

    def _seeds_of_a_sign_test(self, held: int, n: int, level: float) -> float:
        """Return how many more seeds suffice if the rule holds in as large a share of them."""
        if self.p.p(two_sided=False) < level:
            return 0
        majority = max(held, n - held)
        looks = self.later or [(more, 1.0) for more in range(1, MOST_SEEDS + 1)]
        return next(
            (
                more
                for more, share in looks
                if sign_test_p(majority * (n + more) // n, n + more) < level * share
            ),
            math.inf,
        )


def decided(
    holds: bool, sentence: str, arm: str = "", claimed: str = "", measured: str = ""
) -> Part:
    """Return a part that is certain, such as arithmetic."""
    return Part(sentence, arm, claimed, measured, PValues(float(not holds), float(holds)))


def region(low: float, high: float, effect: Effect) -> tuple[float, float]:
    """Return the one-sided p-values for an effect inside and outside the interval (low, high).

    Twice a p-value is below 0.05 if and only if the whole 95% interval is on one side.
    """
    inside = max(effect.above(low), effect.below(high))
    return inside, min(effect.below(low), effect.above(high))


def verdict_of(p: PValues, sides: int, level: float, same_level: float) -> str:
    """Return the verdict of p-values at a level for the claim, and at one for a negligible effect.

    ``sides`` is 2 if twice the smaller p-value decides, else 1.
    """
    if sides * min(p.support, p.refute) < level:
        return SUPPORTED if p.support < p.refute else REFUTED
    return SAME if p.same < same_level else UNDECIDED
