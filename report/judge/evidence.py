"""Look up the data for tests of claims: effects, runs, learning curves and networks, by arm."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from report.judge.needs import far_from_end, unmet
from report.judge.pairs import Pairs, consecutive, effects_at_looks, pairs_of
from report.judge.statistics.effects import SIGNIFICANCE, Effect, effect_of
from report.judge.statistics.looks import Looks, reached
from report.read.records import looks_of
from report.read.tables import Tables
from report.wording import interval, plural, signed


class NotRun(Exception):  # noqa: N818 - nothing went wrong
    """An arm has no finished run in this study; the message is the arm's name."""


class Untestable(Exception):  # noqa: N818 - nothing went wrong
    """The study's runs can't test a claim; the message says why, as a sentence."""


@dataclass(frozen=True)
class Compared:
    """An arm's effect at the looks that were reached, and what to say of it.

    ``said`` states the effect, ``details`` what a reader should know of its pairs; ``waiting`` is
    the number of further seeds until the first look.
    """

    looks: Looks[Effect]
    said: str
    details: str
    waiting: int

    def sentence(self, *more: str) -> str:
        """Return the effect as a sentence, with ``more`` on it."""
        return f"{self.said}{''.join(more)}{self.details}."


@dataclass(frozen=True)
class Evidence:
    """A study's tables, for a claim that needs its runs to fulfil ``needs``.

    Arms are written as ``ablation.arm``. Methods raise `NotRun` for an arm without a finished run,
    and `Untestable` for runs that don't fulfil the needs.
    """

    tables: Tables
    needs: dict[str, Any] = field(default_factory=dict)

    def effect(self, arm: str) -> Compared:
        """Return an arm's effect relative to its reference."""
        row = comparison(self.tables, arm)
        if row is None or row["n"] < 1:
            raise NotRun(arm)
        runs = (str(row["run"]), str(row["reference_run"]))
        declared = looks_of(self._ablation(arm))
        pairs = pairs_of(self.tables.study, self.tables.runs, *runs, declared[-1])
        looks = effects_at_looks(pairs, declared)
        waiting = 0 if looks.seen else declared[0] - pairs.complete
        said = _in_words(f"{arm} against {row['reference']}", pairs, looks)
        compared = Compared(looks, said, _details(pairs, looks), waiting)
        for run in runs:
            self._check(run)
            far = far_from_end(self.needs, self.tables, run)
            if far:
                raise Untestable(f"{compared.sentence()} {far}.")
        return compared

    def runs(self, arm: str) -> pd.DataFrame:
        """Return an arm's rows of ``runs.csv``, one for each seed."""
        run, most = self._run(arm), looks_of(self._ablation(arm))[-1]
        runs = self.tables.runs
        mine = runs[(runs["run"] == run) & (runs["seed"] < most)].sort_values("seed")
        if mine.empty:
            raise NotRun(arm)
        self._check(run)
        return mine

    def values(self, arm: str, column: str, published: float) -> Looks[Effect]:
        """Return by look how far a run's values are from ``published``, in percentage points."""
        mine, declared = self.runs(arm), looks_of(self._ablation(arm))
        points = (mine.set_index("seed")[column] - published) * 100
        seen = reached(declared, consecutive(points.index))
        effects = (effect_of(points[points.index < look].to_numpy(np.float64)) for look in seen)
        return Looks(declared, tuple(effects))

    def curves(self, arm: str) -> Looks[list[pd.DataFrame]]:
        """Return by look an arm's rows of ``epochs.csv``, as one table for each seed."""
        epochs, runs = self.tables.epochs, self.runs(arm)
        declared = looks_of(self._ablation(arm))
        tables = {
            seed: epochs[(epochs["run"] == run) & (epochs["seed"] == seed)]
            for run, seed in zip(runs["run"], runs["seed"], strict=True)
        }
        seen = reached(declared, consecutive(tables))
        return Looks(declared, tuple([tables[k] for k in range(look)] for look in seen))

    def waiting(self, arm: str) -> int:
        """Return how many more seeds of an arm the first look takes, or 0 if it was reached."""
        first = looks_of(self._ablation(arm))[0]
        return max(0, first - consecutive(self.runs(arm)["seed"]))

    def network(self, arm: str) -> pd.DataFrame:
        """Return the layers of an arm's network as declared, trained or not; the first row is all.

        The columns are those of ``networks.csv``, for the paper's images of 32x32 pixels.
        """
        networks = self.tables.networks
        mine = networks[networks["arm"] == arm]
        if mine.empty:
            raise NotRun(arm)
        return mine

    def _ablation(self, arm: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self.tables.study["ablations"].get(arm.partition(".")[0])
        if found is None:
            raise NotRun(arm)
        return found

    def _run(self, arm: str) -> str:
        members = self._ablation(arm)["arms"]
        name = arm.partition(".")[2]
        run = next((str(m["run"]) for m in members if m["name"] == name), None)
        if run is None:
            raise NotRun(arm)
        return run

    def _check(self, run: str) -> None:
        problem = unmet(self.needs, self.tables.study, run)
        if problem:
            raise Untestable(f"{problem}.")


def comparison(tables: Tables, arm: str) -> dict[str, Any] | None:
    """Return an arm's row of ``comparisons.csv``, or None if there is none."""
    ablation, _, name = arm.partition(".")
    table = tables.comparisons
    found = table[(table["ablation"] == ablation) & (table["arm"] == name)]
    return None if found.empty else dict(found.iloc[0])


def _seen(looks: Looks[Effect]) -> tuple[int, float]:
    """Return the seeds of the last look and the error it may spend; all seeds before the first."""
    return (looks.at, looks.level) if looks.seen else (looks.declared[-1], SIGNIFICANCE)


def _in_words(arms: str, pairs: Pairs, looks: Looks[Effect]) -> str:
    most, share = _seen(looks)
    said = f"{arms}: {_in_points(effect_of(pairs.differences(most)), share)}"
    if len(looks.declared) > 1 and looks.seen:
        said += f" at the look at {plural(looks.at, 'seed')}"
    return said


def _details(pairs: Pairs, looks: Looks[Effect]) -> str:
    """Return which runs diverged, are missing or couldn't be paired, in words."""
    most, share = _seen(looks)
    said = ""
    if pairs.diverged:
        finite = effect_of(pairs.differences(most, diverged=False))
        said += f"; {' and '.join(pairs.diverged)} diverged, without: {_in_points(finite, share)}"
    if pairs.unlike:
        seeds = ", ".join(map(str, pairs.unlike))
        said += f"; not paired, of different precision or kind of device: seed {seeds}"
    if pairs.missing:
        said += f"; missing: {', '.join(pairs.missing)}"
    return said


def _in_points(effect: Effect, share: float) -> str:
    if not effect.n:
        return "no pair is left"
    said = f"{signed(effect.difference)} points"
    low, high = effect.interval(1 - share)
    if math.isnan(low):
        return f"{said} (n = {effect.n})"
    return f"{said} ({(1 - share) * 100:.4g}% interval {interval(low, high)}, n = {effect.n})"
