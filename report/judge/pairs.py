"""Pair the runs of two arms by seed, and name the seeds that can't be paired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from report.judge.statistics.effects import SIGNIFICANCE, Effect, Floats, effect_of
from report.judge.statistics.looks import Looks, reached, seeds_read
from report.wording import seeds_named


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
    """Runs of an arm and its reference with the same seed, up to the last look that was reached.

    Before the first look, they go up to the seeds of the first look.

    Parameters
    ----------
    table
        A row for each seed that is paired: ``arm`` and ``reference``, accuracies in percent, and
        ``diverged``, whether either run did.
    looks
        The effect at every declared look whose seeds are all there.
    missing
        The missing records of each run, such as ``maxpool.with_maxpool seeds 3 and 4``.
    unlike
        Seeds that aren't paired because their runs had different precisions or kinds of device.
    diverged
        The runs that diverged, in the form of ``missing``.
    waiting
        How many more seeds the first look takes, or 0 if it was reached.
    """

    table: pd.DataFrame
    looks: Looks[Effect]
    missing: tuple[str, ...]
    unlike: tuple[int, ...]
    diverged: tuple[str, ...]
    waiting: int

    @property
    def share(self) -> float:
        """The error that the last look may spend: the interval's level is 1 minus it."""
        return self.looks.level if self.looks.seen else SIGNIFICANCE

    @property
    def seeds(self) -> int:
        """How many seeds were looked at; before the first look, those that it takes."""
        return self.looks.at if self.looks.seen else self.looks.declared[0]

    @property
    def effect(self) -> Effect:
        """The effect over all pairs."""
        return effect_of(_differences(self.table))

    @property
    def finite(self) -> Effect:
        """The effect over the pairs in which no run diverged."""
        return effect_of(_differences(self.table[~self.table["diverged"]]))

    def differences(self) -> Floats:
        """Return the arm minus its reference for each pair, in points."""
        return _differences(self.table)


def _differences(table: pd.DataFrame) -> Floats:
    return np.asarray(table["arm"] - table["reference"], dtype=np.float64)


def pairs_of(
    study: dict[str, Any],
    runs: pd.DataFrame,
    run: str,
    reference: str,
    declared: tuple[int, ...],
    column: str = "final_test_accuracy",
) -> Pairs:
    """Return the pairs of ``run`` and ``reference``.

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
    declared
        The declared looks.
    column
        The accuracy in ``runs.csv`` that is compared.
    """
    mine, other = (runs[runs["run"] == name].set_index("seed") for name in (run, reference))
    both = mine.index.intersection(other.index)
    looks = reached(declared, consecutive(both))
    seeds = range(seeds_read(declared, consecutive(both)))
    mine, other = (table[table.index.isin(seeds)].sort_index() for table in (mine, other))
    table, unlike = _paired(mine, other, _ask_alike(study, run, reference), column)
    effects = (effect_of(_differences(table[table.index < look])) for look in looks)
    return Pairs(
        table=table,
        looks=Looks(declared, tuple(effects)),
        missing=_missing(run, mine, seeds) + _missing(reference, other, seeds),
        unlike=unlike,
        diverged=diverged(run, mine) + diverged(reference, other),
        waiting=0 if looks else len(seeds) - sum(seed in both for seed in seeds),
    )


def _paired(
    mine: pd.DataFrame, other: pd.DataFrame, same_precision: bool, column: str
) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """Return the table of pairs, and the seeds whose runs are too different to be paired."""
    both = mine.merge(other, left_index=True, right_index=True, suffixes=("", "_reference"))
    alike = (both["device"] == "cpu") == (both["device_reference"] == "cpu")
    if same_precision:
        alike &= both["precision"] == both["precision_reference"]
    failed = (both["status"] == "diverged") | (both["status_reference"] == "diverged")
    columns = {
        "arm": both[column] * 100,
        "reference": both[f"{column}_reference"] * 100,
        "diverged": failed,
    }
    return pd.DataFrame(columns)[alike], tuple(int(seed) for seed in both.index[~alike])


def _ask_alike(study: dict[str, Any], run: str, reference: str) -> bool:
    """Return whether two runs need the same precision: unless their configs ask for different ones.

    Runs of an ablation's own rules have no config that could ask for another.
    """
    configs = (study["runs"].get(name, {}).get("config") or {} for name in (run, reference))
    one, other = (config.get("precision") for config in configs)
    return one is None or other is None or bool(one == other)


def _missing(run: str, mine: pd.DataFrame, seeds: range) -> tuple[str, ...]:
    return _named(run, [seed for seed in seeds if seed not in mine.index])


def diverged(run: str, mine: pd.DataFrame) -> tuple[str, ...]:
    """Return a run's seeds that diverged, in words; ``mine`` has its rows, indexed by seed."""
    return _named(run, list(mine.index[mine["status"] == "diverged"]))


def _named(run: str, seeds: list[int]) -> tuple[str, ...]:
    """Return a run and its seeds in words, or nothing for no seeds."""
    if not seeds:
        return ()
    return (f"{run} {seeds_named(seeds)}",)
