"""Pair the runs of two arms by seed, and name the seeds that can't be paired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from report.judge.statistics.effects import Effect, Floats, effect_of
from report.judge.statistics.looks import Looks, reached


def accuracies(runs: pd.DataFrame, run: str, seeds: int) -> pd.Series:
    """Return a run's final test accuracies in percent, indexed by seed from 0 to ``seeds``."""
    mine = runs[(runs["run"] == run) & (runs["seed"] < seeds)]
    series: pd.Series = mine.set_index("seed")["final_test_accuracy"].sort_index() * 100
    return series


def consecutive(seeds: Any) -> int:
    """Return how many of the seeds 0, 1, 2, etc. are in ``seeds`` without a gap."""
    there = set(seeds)
    return next(n for n in range(len(there) + 1) if n not in there)


@dataclass(frozen=True)
class Pairs:
    """Runs of an arm and its reference with the same seed.

    Parameters
    ----------
    table
        A row for each seed that is paired: ``arm`` and ``reference``, accuracies in percent, and
        ``diverged``, whether either run did.
    complete
        How many seeds from 0 on have a record of both runs, without a gap.
    missing
        The missing records of each run, such as ``maxpool.with_maxpool seeds 3, 4``.
    unlike
        Seeds that aren't paired because their runs had different precisions or kinds of device.
    diverged
        The runs that diverged, in the same form.
    """

    table: pd.DataFrame
    complete: int
    missing: tuple[str, ...]
    unlike: tuple[int, ...]
    diverged: tuple[str, ...]

    def first(self, seeds: int) -> pd.DataFrame:
        """Return the paired rows of the first ``seeds`` seeds."""
        return self.table[self.table.index < seeds]

    def differences(self, seeds: int, diverged: bool = True) -> Floats:
        """Return the arm minus its reference, in points, for the first ``seeds`` seeds."""
        rows = self.first(seeds)
        rows = rows if diverged else rows[~rows["diverged"]]
        return np.asarray(rows["arm"] - rows["reference"], dtype=np.float64)


def pairs_of(
    study: dict[str, Any], runs: pd.DataFrame, run: str, reference: str, most: int
) -> Pairs:
    """Return the pairs of ``run`` and ``reference`` with seeds from 0 to ``most``.

    Runs of different precision or kind of device aren't paired, unless their configs ask for
    different precisions.

    Parameters
    ----------
    study
        ``study.json``.
    runs
        ``runs.csv``.
    run, reference
        The arm's and its reference's run.
    most
        The largest declared number of seeds.
    """
    mine, other = (
        runs[(runs["run"] == name) & (runs["seed"] < most)].set_index("seed").sort_index()
        for name in (run, reference)
    )
    both = mine.merge(other, left_index=True, right_index=True, suffixes=("", "_reference"))
    alike = (both["device"] == "cpu") == (both["device_reference"] == "cpu")
    if _asked_precision(study, run) == _asked_precision(study, reference):
        alike &= both["precision"] == both["precision_reference"]
    failed = (both["status"] == "diverged") | (both["status_reference"] == "diverged")
    table = pd.DataFrame(
        {
            "arm": both["final_test_accuracy"] * 100,
            "reference": both["final_test_accuracy_reference"] * 100,
            "diverged": failed,
        }
    )
    return Pairs(
        table=table[alike],
        complete=consecutive(both.index),
        missing=_missing(run, mine, other) + _missing(reference, other, mine),
        unlike=tuple(int(seed) for seed in both.index[~alike]),
        diverged=_diverged(run, mine, both) + _diverged(reference, other, both),
    )


def _asked_precision(study: dict[str, Any], run: str) -> Any:
    return (study["runs"].get(run, {}).get("config") or {}).get("precision")


def _missing(run: str, mine: pd.DataFrame, other: pd.DataFrame) -> tuple[str, ...]:
    return _named(run, other.index.difference(mine.index))


def _diverged(run: str, mine: pd.DataFrame, both: pd.DataFrame) -> tuple[str, ...]:
    mine = mine.loc[mine.index.intersection(both.index)]
    return _named(run, mine.index[mine["status"] == "diverged"])


def _named(run: str, seeds: pd.Index) -> tuple[str, ...]:
    """Return a run and its seeds in words, or nothing for no seeds."""
    if seeds.empty:
        return ()
    word = "seed" if len(seeds) == 1 else "seeds"
    return (f"{run} {word} {', '.join(map(str, seeds))}",)


def effects_at_looks(pairs: Pairs, declared: tuple[int, ...]) -> Looks[Effect]:
    """Return the effect at every declared look whose seeds are all there."""
    seen = reached(declared, pairs.complete)
    return Looks(declared, tuple(effect_of(pairs.differences(look)) for look in seen))
