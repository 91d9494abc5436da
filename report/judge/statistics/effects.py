"""Statistics of effects between arms: paired t tests, intervals and equivalence tests.

All functions are pure functions of numbers. Differences are between accuracies, seed by seed; the
variation between samples of test images is treated separately, in `report.judge.statistics.images`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

CONFIDENCE = 0.95
SIGNIFICANCE = 0.05

MARGIN = 0.5
"""Equivalence margin in percentage points of accuracy, chosen before the experiments."""

AGREEMENT = 1e-9
"""Standard errors below this are rounding errors, and the differences count as equal."""

NAN = float("nan")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """The mean of differences and its t tests (Student 1908, doi:10.2307/2331554).

    A statistic is NaN if it is undefined: one difference, or equal differences, have no spread that
    could be estimated, and so no interval and no p-value.

    Parameters
    ----------
    n
        Number of differences.
    difference
        Their mean.
    deviation
        Their standard deviation.
    """

    n: int
    difference: float
    deviation: float = NAN

    @property
    def error(self) -> float:
        """The standard error of the mean, or NaN."""
        error = self.deviation / math.sqrt(max(self.n, 1))
        return error if error >= AGREEMENT else NAN

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the t interval of the mean with the given confidence."""
        half = float(special.stdtrit(self.n - 1, (1 + confidence) / 2)) * self.error
        return self.difference - half, self.difference + half

    def above(self, threshold: float = 0.0) -> float:
        """Return the one-sided p-value for a mean above ``threshold``."""
        return float(special.stdtr(self.n - 1, (threshold - self.difference) / self.error))

    def below(self, threshold: float = 0.0) -> float:
        """Return the one-sided p-value for a mean below ``threshold``."""
        return float(special.stdtr(self.n - 1, (self.difference - threshold) / self.error))

    @property
    def p(self) -> float:
        """The two-sided p-value for a mean other than 0."""
        return 2 * min(self.above(), self.below())

    @property
    def equivalence_p(self) -> float:
        """The p-value for a mean between -`MARGIN` and `MARGIN`.

        It is the larger one of two one-sided tests (Schuirmann 1987, doi:10.1007/BF01068419).
        """
        return max(self.above(-MARGIN), self.below(MARGIN))


def effect_of(differences: Floats) -> Effect:
    """Return the effect with the given differences, of shape (n,), one for each seed."""
    n = len(differences)
    return Effect(
        n=n,
        difference=float(np.mean(differences)) if n else NAN,
        deviation=float(np.std(differences, ddof=1)) if n > 1 else NAN,
    )


def sign_flip_p(differences: Floats) -> float:
    """Return the exact two-sided p-value of the sign-flip test of paired differences.

    See Fisher (1935), The Design of Experiments, section 21. With n differences the p-value is at
    least 2^(1-n), so it is shown but decides no verdict. For n > 15, 100,000 flips are sampled, and
    the observed one counts as one more (Phipson and Smyth 2010, doi:10.2202/1544-6115.1585).
    """
    n = len(differences)
    if n > 15:
        signs = np.random.default_rng(0).choice([-1.0, 1.0], (100_000, n))
        signs = np.vstack([np.ones(n), signs])
    else:
        signs = np.array(list(itertools.product([-1.0, 1.0], repeat=n)))
    totals = np.abs(signs @ differences)
    return float(np.mean(totals >= abs(differences.sum()) - AGREEMENT))


def sign_test_p(held: int, n: int) -> float:
    """Return the one-sided p-value of a sign test: ``held`` or more of ``n``, by a fair coin.

    See Dixon and Mood (1946), doi:10.2307/2280577.
    """
    return float(stats.binom.sf(held - 1, n, 0.5))


def correlation(a: Floats, b: Floats) -> float:
    """Return Pearson's correlation within pairs; NaN for fewer than three pairs or a constant."""
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return NAN
    return float(np.corrcoef(a, b)[0, 1])


def holm(p: Floats) -> Floats:
    """Return the adjusted p-values of Holm (1979, Scand. J. Statist. 6:65-70).

    The smallest of m is multiplied by m, the next by m - 1, etc.; results never decrease.
    """
    order = np.argsort(p)
    scaled = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return adjusted
