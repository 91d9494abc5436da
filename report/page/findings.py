"""Write sentences on the results of an ablation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from report.judge.parts import REFUTED, SUPPORTED
from report.judge.verdicts import Verdict
from report.read.tables import Tables, last_epochs, runs_of
from report.wording import interval, percent, signed


def held_out_accuracies(tables: Tables, name: str) -> dict[str, float]:
    """Return the mean held-out accuracy after the last epoch, for each run that has one."""
    if "held_out_accuracy" not in tables.epochs:
        return {}
    last = last_epochs(tables, name)
    means = last.dropna(subset="held_out_accuracy").groupby("run")["held_out_accuracy"].mean()
    return {str(run): float(value) for run, value in means.items()}


def ablation_findings(tables: Tables, name: str, verdicts: Iterable[Verdict]) -> list[str]:
    """Return a sentence for each arm: its effect, the interval, and the interpretation.

    An arm is called better or worse only where a verdict says so. If images were held out, the
    first sentence names the arm with the highest held-out accuracy.
    """
    rows = tables.comparisons.query("ablation == @name").to_dict("records")
    signs = signs_decided(verdicts)
    return [
        *_choice(tables, name),
        *(_finding(row, signs.get(f"{name}.{row['arm']}", "")) for row in rows),
        *_diverged(tables, name),
        *_unlike(tables, name),
    ]


def signs_decided(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Return by arm the sign of its effect in words, where a verdict on a direction decides it."""
    return {
        part.arm: f"{'better' if part.gains else 'worse'} by the verdict on {v.id}"
        for v in verdicts
        if v.verdict in (SUPPORTED, REFUTED)
        for part in v.parts
        if part.gains is not None and part.verdict in (SUPPORTED, REFUTED)
    }


def _diverged(tables: Tables, name: str) -> list[str]:
    mine = runs_of(tables, name)
    return [
        f"{row['run']}, seed {row['seed']}, diverged in epoch {row['epochs'] - 1} of those counted "
        f"from 0; the last finite loss of a batch was {row['last_finite_train_loss']:.3g}."
        for row in mine[mine["status"] == "diverged"].to_dict("records")
    ]


def _unlike(tables: Tables, name: str) -> list[str]:
    """Return a warning if the compared runs were trained with different hardware or versions."""
    mine = runs_of(tables, name)
    unlike = [
        f"{word} ({', '.join(map(str, mine[column].drop_duplicates()))})"
        for column, word in ORIGINS.items()
        if mine[column].nunique() > 1
    ]
    return [f"Not all of these runs were trained alike: {'; '.join(unlike)}."] if unlike else []


ORIGINS = {
    "precision": "precision",
    "device": "device",
    "threads": "threads",
    "versions": "versions",
}
"""Columns of ``runs.csv`` that should be equal for compared runs, with their names for readers."""


def _choice(tables: Tables, name: str) -> list[str]:
    accuracies = held_out_accuracies(tables, name)
    arms = tables.study["ablations"][name]["arms"]
    held_out = {a["name"]: accuracies[a["run"]] for a in arms if a["run"] in accuracies}
    if len(held_out) < 2:
        return []
    best = max(held_out, key=lambda arm: held_out[arm])
    return [
        f"Chosen on held-out images, not on the test images: {best}, with "
        f"{percent(held_out[best])} of them right on average."
    ]


def _finding(row: dict[str, Any], decided: str) -> str:
    effect = f"{row['arm']} against {row['reference']}: {signed(row['difference_points'])} points"
    low, high, n = row["low_points"], row["high_points"], row["n"]
    if n < 1:
        return f"{row['arm']} against {row['reference']}: no pair of runs is finished."
    more = _pairs_left_out(row)
    if n < 2:
        return f"{effect} from one seed, which can't tell an effect from chance{more}."
    if math.isnan(row["difference_points"]):
        return f"{row['arm']} against {row['reference']}: a run ended without an accuracy."
    if math.isnan(low):
        return f"{effect} in each of {n} seeds: equal differences give no interval."
    effect += f", {row['level'] * 100:.4g}% interval {interval(low, high)} (n = {n} seeds){more}"
    if decided:
        return f"{effect}: {decided}."
    if low <= 0 <= high:
        return f"{effect}: an effect of either sign remains possible."
    return f"{effect}: no verdict decides its sign."


def _pairs_left_out(row: dict[str, Any]) -> str:
    """Return which runs diverged, are missing or couldn't be paired, in words."""
    said = ""
    if _given(row, "diverged"):
        without = signed(row["finite_difference_points"])
        bounds = interval(row["finite_low_points"], row["finite_high_points"])
        said += f"; {row['diverged']} diverged, without: {without} points ({bounds})"
    if _given(row, "unlike_seeds"):
        said += f"; not paired, since precision or kind of device differ: {row['unlike_seeds']}"
    if _given(row, "missing"):
        said += f"; missing: {row['missing']}"
    return said


def _given(row: dict[str, Any], column: str) -> bool:
    return isinstance(row.get(column), str) and bool(row[column])
