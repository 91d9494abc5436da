"""Write sentences on the results of an ablation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from report.claim_types.registry import states_accuracy
from report.judge.parts import NOT_RUN, REFUTED, SUPPORTED
from report.judge.verdicts import Verdict
from report.read.arms import ablation_of, label_of
from report.wording import DASH, NO_BREAK, interval, listed, percent, signed


def held_out_accuracies(epochs: pd.DataFrame) -> dict[str, float]:
    """Return the mean held-out accuracy after the last epoch, for each run that has one."""
    if "held_out_accuracy" not in epochs:
        return {}
    last = epochs.groupby(["run", "seed"], sort=False).tail(1)
    means = last.dropna(subset="held_out_accuracy").groupby("run")["held_out_accuracy"].mean()
    return {str(run): float(value) for run, value in means.items()}


def conclusion(
    ablation: dict[str, Any], effects: pd.DataFrame, verdicts: Sequence[Verdict], name: str
) -> str:
    """Return what an ablation found, in words: its largest effect, and what that decides.

    Parameters
    ----------
    ablation
        Its entry in ``study.json``.
    effects
        Its rows of ``comparisons.csv``.
    verdicts
        The verdicts on its claims.
    name
        Its name.
    """
    stated = [v for v in verdicts if states_accuracy(v.type) and v.measured]
    mine = [
        v
        for v in verdicts
        if v not in stated
        and v.verdict != NOT_RUN
        and any(p.arm.partition(".")[0] == name for p in v.parts)
    ]
    others = [f"\u201c{v.says}\u201d: {v.short_label}" for v in mine]
    if stated:
        # What is asked is whether arms reach an accuracy, not how they differ.
        reached = [
            f"\u201c{v.says}\u201d: {v.measured}, "
            f"{v.label if v.verdict == NOT_RUN else v.short_label}"
            for v in stated
        ]
        return f"{'; '.join([*reached, *others])}."
    decided = "; ".join(others)
    every = effects.dropna(subset="difference_points")
    several = every[every["n"] > 1]
    found = every if several.empty else several
    if found.empty:
        return f"No arm can be compared yet.{f' {decided}.' if decided else ''}"
    labels = {arm["name"]: label_of(arm) for arm in ablation["arms"]}
    row = dict(found.loc[found["difference_points"].abs().idxmax()])
    said = f"{labels[row['arm']]}: {effect_in_points(row)}"
    # A label keeps its own capitals within a sentence.
    of = " of several seeds" if len(found) < len(every) else ""
    largest = f"Of {len(found)} effects{of} the largest is {said}"
    said = largest if len(found) > 1 else f"{said[:1].upper()}{said[1:]}"
    return f"{said}. {decided}." if decided else f"{said}."


def effect_in_points(row: dict[str, Any], of: str = "") -> str:
    """Return an effect as ``-6.1 points (-7.3 to -4.9, n = 5)``; ``of`` follows the points."""
    ends = interval(row["low_points"], row["high_points"])
    if ends == DASH:
        # Equal differences have no spread, and so no interval.
        ends = "equal in each" if row["n"] > 1 else ""
    said = f"({ends}{', ' * bool(ends)}n = {row['n']})".replace(" ", NO_BREAK)
    return f"{signed(row['difference_points'])} points{of} {said}"


def ablation_findings(
    study: dict[str, Any],
    name: str,
    runs: pd.DataFrame,
    effects: pd.DataFrame,
    held_out: dict[str, float],
    verdicts: Iterable[Verdict],
) -> list[str]:
    """Return what the tables of an ablation don't show.

    These are the arm with the highest held-out accuracy, effects that a verdict or a lack of pairs
    says something about, and runs that diverged.
    """
    ablation = study["ablations"][name]
    labels = {arm["name"]: label_of(arm) for arm in ablation["arms"]}
    signs = signs_decided(verdicts)
    said = [
        _finding(row, labels, signs.get(f"{name}.{row['arm']}", ""))
        for row in effects.to_dict("records")
    ]
    return [
        *_choice(ablation, held_out),
        *filter(None, said),
        *_elsewhere(study, name, verdicts),
        *_base_alone(ablation, runs),
        *_diverged(runs),
    ]


def _elsewhere(study: dict[str, Any], name: str, verdicts: Iterable[Verdict]) -> list[str]:
    """Return what else the verdicts on an ablation's claims rest on, if that is little."""
    said = []
    for v in verdicts:
        others = [p for p in v.parts if p.effect and p.arm.partition(".")[0] != name]
        if 0 < len(others) <= MOST_OTHERS:
            named = listed(
                f"{part.name}, {part.measured} ({_title_of(study, part.arm)})" for part in others
            )
            too = ", too" if len(others) < len(v.parts) else " alone"
            said.append(f"\u201c{v.says}\u201d rests on another ablation{too}: {named}.")
    return said


def _title_of(study: dict[str, Any], arm: str) -> str:
    return str((ablation_of(study, arm) or {"title": arm})["title"])


MOST_OTHERS = 2
"""Number of arms of other ablations that are named beside a verdict."""


def _base_alone(ablation: dict[str, Any], runs: pd.DataFrame) -> list[str]:
    arms = {arm["run"] for arm in ablation["arms"][1:]}
    return [] if runs["run"].isin(arms).any() else ["No arm was run: what is shown is the base."]


def signs_decided(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Return by arm the sign of its effect in words, where a verdict on a direction decides it."""
    return {
        part.arm: f"{'better' if part.gains else 'worse'}{' ' * bool(part.on)}{part.on} "
        f"by the verdict on \u201c{v.says}\u201d"
        for v in verdicts
        if v.verdict in (SUPPORTED, REFUTED)
        for part in v.parts
        if part.gains is not None and part.verdict in (SUPPORTED, REFUTED)
    }


def _diverged(mine: pd.DataFrame) -> list[str]:
    return [
        f"{row['run']}, seed {row['seed']}, diverged in epoch {row['epochs'] - 1} of those counted "
        f"from 0; {_last_loss(row['last_finite_train_loss'])}."
        for row in mine[mine["status"] == "diverged"].to_dict("records")
    ]


def _last_loss(loss: float) -> str:
    if math.isnan(loss):
        return "no batch had a finite loss"
    return f"the last finite loss of a batch was {loss:.3g}"


def unlike(runs: Iterable[tuple[str, pd.DataFrame]]) -> list[str]:
    """Return warnings where compared runs were trained with different hardware or versions.

    Parameters
    ----------
    runs
        Each ablation's title, with its rows of ``runs.csv``.
    """
    differ: dict[str, list[str]] = {}
    for title, mine in runs:
        values = {column: _distinct(mine[column]) for column in ALIKE}
        said = "; ".join(
            f"{column} ({' or '.join(found)})" for column, found in values.items() if len(found) > 1
        )
        if said:
            differ.setdefault(said, []).append(title)
    return [
        f"Not all runs that are compared were trained alike: {said}; in {listed(titles)}."
        for said, titles in differ.items()
    ]


def _distinct(column: pd.Series) -> list[str]:
    # A number of threads that isn't known everywhere makes all of them floats.
    return sorted({f"{v:g}" if isinstance(v, float) else str(v) for v in column.dropna()})


ALIKE = ("precision", "device", "processor", "threads", "versions")
"""Columns of ``runs.csv`` that should be equal for compared runs."""


def _choice(ablation: dict[str, Any], accuracies: dict[str, float]) -> list[str]:
    arms = ablation["arms"]
    held_out = {label_of(a): accuracies[a["run"]] for a in arms if a["run"] in accuracies}
    if len(held_out) < 2:
        return []
    best = max(held_out, key=lambda arm: held_out[arm])
    of = f", of the {len(held_out)} arms of {len(arms)} that were run" * (len(held_out) < len(arms))
    return [
        f"Chosen on held-out images, not on the test images{of}: {best}, with "
        f"{percent(held_out[best])} of them right on average."
    ]


def _finding(row: dict[str, Any], labels: dict[str, str], decided: str) -> str:
    """Return what there is to say of an effect beside its numbers, or an empty text."""
    if row["n"] < 1 and not _given(row, "unlike_seeds"):
        return ""  # What wasn't run stands in one place of its own.
    names = f"{labels[row['arm']]} against {labels.get(row['reference'], row['reference'])}"
    if row["n"] < 1:
        return f"{names}: no pair{_pairs_left_out(row)}."
    if math.isnan(row["difference_points"]):
        return f"{names}: a run ended without an accuracy."
    said = _pairs_left_out(row).removeprefix("; ")
    if row["n"] > 1 and math.isnan(row["low_points"]):
        said = "; ".join(filter(None, ["equal differences give no interval", said]))
    return f"{names}: {'; '.join(filter(None, [decided, said]))}." if decided or said else ""


def _pairs_left_out(row: dict[str, Any]) -> str:
    """Return which runs diverged or couldn't be paired, in words."""
    said = ""
    if _given(row, "diverged"):
        without = signed(row["finite_difference_points"])
        bounds = interval(row["finite_low_points"], row["finite_high_points"])
        said += f"; {row['diverged']} diverged, without: {without} points ({bounds})"
    if _given(row, "unlike_seeds"):
        said += f"; not paired, since precision or kind of device differ: {row['unlike_seeds']}"
    return said


def _given(row: dict[str, Any], column: str) -> bool:
    return isinstance(row.get(column), str) and bool(row[column])
