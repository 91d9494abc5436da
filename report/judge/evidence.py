"""Look up the data for tests of claims: effects, runs and learning curves, by arm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from report.judge.statistics import Effect, holm
from report.read.claim_types import key_of_tests
from report.read.tables import Tables
from report.wording import interval, signed


class NotRun(Exception):  # noqa: N818 - nothing went wrong
    """An arm has no finished run in this study; the message is the arm's name."""


@dataclass(frozen=True)
class Evidence:
    """A study's tables, and the adjusted p-value of every effect in a family of claims, by arm.

    Arms are written as ``ablation.arm``. Methods raise `NotRun` for an arm without a finished run.
    """

    tables: Tables
    adjusted: dict[str, float]

    def effect(self, arm: str) -> tuple[Effect, str]:
        """Return an arm's effect relative to its reference, and a sentence that states it."""
        row = comparison(self.tables, arm)
        if row is None or row["n"] < 1:
            raise NotRun(arm)
        effect = Effect(
            n=int(row["n"]),
            difference=row["difference_points"],
            low=row["low_points"],
            high=row["high_points"],
            p=row["p"],
            deviation=row["deviation_points"],
            equivalence_p=row["equivalence_p"],
        )
        said = f"{arm} against {row['reference']}: {signed(effect.difference)} points"
        if math.isnan(effect.low):
            return effect, f"{said} (n = {effect.n})"
        bounds = interval(effect.low, effect.high)
        return effect, f"{said} (95% interval {bounds}, n = {effect.n})"

    def runs(self, arm: str) -> pd.DataFrame:
        """Return an arm's rows of ``runs.csv``, one for each seed."""
        ablation, _, name = arm.partition(".")
        known = self.tables.study["ablations"].get(ablation, {"arms": []})
        for member in known["arms"]:
            runs = self.tables.runs
            mine = runs[(runs["run"] == member["run"]) & (runs["seed"] < known.get("seeds", 0))]
            if member["name"] == name and len(mine):
                return mine
        raise NotRun(arm)

    def curves(self, arm: str) -> list[pd.DataFrame]:
        """Return an arm's rows of ``epochs.csv``, as one table for each seed."""
        epochs, runs = self.tables.epochs, self.runs(arm)
        return [
            epochs[(epochs["run"] == run) & (epochs["seed"] == seed)]
            for run, seed in zip(runs["run"], runs["seed"], strict=True)
        ]


def comparison(tables: Tables, arm: str) -> dict[str, Any] | None:
    """Return an arm's row of ``comparisons.csv``, or None if there is none."""
    ablation, _, name = arm.partition(".")
    table = tables.comparisons
    found = table[(table["ablation"] == ablation) & (table["arm"] == name)]
    return None if found.empty else dict(found.iloc[0])


def adjusted_p(
    tables: Tables, claims: list[dict[str, Any]], tests: dict[str, dict[str, Any]]
) -> dict[str, float]:
    """Return the Holm-adjusted p-values, by arm, of all effects that direction claims test."""
    directions = [claim["id"] for claim in claims if claim["type"] == "direction"]
    arms = dict.fromkeys(p["arm"] for i in directions for p in tests[i][key_of_tests("direction")])
    rows = {arm: row for arm in arms if (row := comparison(tables, arm)) is not None}
    adjusted = holm(np.array([row["p"] for row in rows.values()], dtype=np.float64))
    return dict(zip(rows, adjusted.tolist(), strict=True))
