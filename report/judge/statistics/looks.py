"""Looks at a growing number of seeds, declared beforehand, and p-values that allow for them.

Every look at which a verdict might be given is another chance of a wrong one. The looks share the
probability of an error by fixed weights (a union bound), so it holds however often one looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from report.judge.statistics.effects import SIGNIFICANCE

SHARES = (0.25, 0.15, 0.20, 0.40)
"""How the first four looks share the probability of an error; further looks count as the last."""

T = TypeVar("T")


def weights(looks: Sequence[int]) -> list[float]:
    """Return each look's share of the probability of an error; the shares sum to 1."""
    shares = [SHARES[min(i, len(SHARES) - 1)] for i in range(len(looks))]
    return [share / sum(shares) for share in shares]


@dataclass(frozen=True)
class Looks(Generic[T]):
    """What the looks have seen that were reached so far.

    Parameters
    ----------
    declared
        The declared numbers of seeds, ascending.
    seen
        The results of the first looks, as far as they were reached.
    """

    declared: tuple[int, ...]
    seen: tuple[T, ...]

    @property
    def last(self) -> T:
        """The result of the last look that was reached."""
        return self.seen[-1]

    @property
    def at(self) -> int:
        """The number of seeds of the last look that was reached."""
        return self.declared[len(self.seen) - 1]

    @property
    def level(self) -> float:
        """The probability of an error that the last reached look may spend."""
        return SIGNIFICANCE * weights(self.declared)[len(self.seen) - 1]

    def p(self, each: Iterable[float]) -> float:
        """Return the p-value that allows for all looks: the smallest of p / weight, at most 1.

        Parameters
        ----------
        each
            The p-value at each look that was reached; NaN counts as 1.
        """
        pairs = zip(each, weights(self.declared), strict=False)
        return min((min(1.0, p / w) for p, w in pairs if not math.isnan(p)), default=1.0)


def reached(declared: Sequence[int], seeds: int) -> list[int]:
    """Return the looks that a study with the first ``seeds`` seeds has reached."""
    return [look for look in declared if look <= seeds]
