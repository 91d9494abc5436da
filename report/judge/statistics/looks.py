"""Looks at a growing number of seeds, declared beforehand, and p-values that allow for them.

Every look at which a verdict might be given is another chance of a wrong one. The looks share the
probability of an error by fixed weights (a union bound), so it holds however often one looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
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
    def left(self) -> tuple[tuple[int, float], ...]:
        """The looks that are left: how many more seeds each takes, and its share of the error."""
        before = self.at if self.seen else 0
        shares = zip(self.declared, weights(self.declared), strict=True)
        return tuple((look - before, share) for look, share in shares)[len(self.seen) :]

    @property
    def level(self) -> float:
        """The probability of an error that the last reached look may spend."""
        return self.level_at(len(self.seen) - 1)

    def level_at(self, look: int) -> float:
        """Return the probability of an error that the look with index ``look`` may spend."""
        return SIGNIFICANCE * weights(self.declared)[look]

    def p(self, each: Iterable[float]) -> float:
        """Return the p-value that allows for all looks: the smallest of p / weight, at most 1.

        Parameters
        ----------
        each
            The p-value at each look that was reached; NaN counts as 1.
        """
        return min((p for p, _ in self._weighted(each)), default=1.0)

    def counting(self, each: Iterable[float]) -> int | None:
        """Return the index of the look whose p-value `p` returns, or None without any."""
        return min(self._weighted(each), default=(1.0, None))[1]

    def _weighted(self, each: Iterable[float]) -> Iterator[tuple[float, int]]:
        """Yield p / weight, at most 1, and the index of each look that has a p-value."""
        for i, (p, weight) in enumerate(zip(each, weights(self.declared), strict=False)):
            if not math.isnan(p):
                yield min(1.0, p / weight), i


def reached(declared: Sequence[int], seeds: int) -> list[int]:
    """Return the looks that a study with the first ``seeds`` seeds has reached."""
    return [look for look in declared if look <= seeds]


def seeds_read(declared: Sequence[int], seeds: int) -> int:
    """Return up to how many seeds a verdict reads: the last look that was reached, or the first."""
    return max(reached(declared, seeds), default=declared[0])
