"""The study's own answer: a sentence, three tiles, and a figure."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.judge.parts import DECIDED
from report.judge.verdicts import Verdict
from report.page.findings import effect_in_points
from report.page.opening.headline import best_run, headline_said, seeds_said
from report.page.opening.tiles import (
    accuracy_tile,
    claims_tile,
    effect_tile,
    parameters_tile,
)
from report.page.picture import Picture
from report.page.records import Records
from report.page.sections.opening.verdicts import counted_sentence
from report.read.arms import label_of, name_of
from report.read.published import Published
from report.wording import percent, plural, signed

TITLE = "The answer"


def content(
    study: dict[str, Any],
    runs: pd.DataFrame,
    comparisons: pd.DataFrame,
    published: Published,
    verdicts: list[Verdict],
    records: Records,
    opening: list[Picture],
) -> dict[str, Any]:
    """Return sentence, tiles and figure, and a warning if the images aren't the paper's."""
    real = study["scale"]["dataset"] == published.facts["dataset"]
    best = best_run(study, runs, published) if real else None
    largest = largest_effect(study, comparisons)
    only = next(iter(study["ablations"].values())) if len(study["ablations"]) == 1 else None
    tiles = [
        accuracy_tile(best, published, records.of(best.run)) if best else effect_tile(largest),
        parameters_tile(runs, published),
        claims_tile(verdicts),
    ]
    return {
        "sentence": headline_said(best, published)
        or (ladder_said(only, runs, largest) if only else "")
        or effect_said(largest)
        or decided_said(verdicts),
        "tiles": [tile for tile in tiles if tile],
        # A study of one ablation says what the paper claims of it.
        "claims": [v for v in verdicts if only and v.id in only["claims"]],
        "figures": opening,
        "warning": "" if real else _warning(study),
    }


def _warning(study: dict[str, Any]) -> str:
    scale = study["scale"]
    return (
        f"Scale {scale['name']} trains on {scale['about']}. Accuracies and effects on this page "
        "say nothing about the paper; the networks and their numbers of parameters are the same at "
        "every scale."
    )


def largest_effect(study: dict[str, Any], comparisons: pd.DataFrame) -> dict[str, Any] | None:
    """Return the row of the largest effect of several seeds, with its arm's label, if any.

    Effects whose interval leaves out zero come first; ``clear`` is how many these are, ``effects``
    how many have several seeds, and ``tried`` how many changes have any.
    """
    every = comparisons.dropna(subset="difference_points")
    found = every[every["n"] > 1]
    if found.empty:
        return None
    clear = found[(found["low_points"] > 0) | (found["high_points"] < 0)]
    among = found if clear.empty else clear
    row: dict[str, Any] = dict(among.loc[among["difference_points"].abs().idxmax()])
    name = name_of(study, f"{row['ablation']}.{row['arm']}")
    counts = {"tried": len(every), "effects": len(found), "clear": len(clear)}
    return row | {"label": name} | counts


def ladder_said(
    ablation: dict[str, Any], runs: pd.DataFrame, largest: dict[str, Any] | None
) -> str:
    """Return from what to what the finished rungs of a ladder lead, if there are two."""
    accuracies = runs.dropna(subset="final_test_accuracy").groupby("run")["final_test_accuracy"]
    means, counts = accuracies.mean(), accuracies.count()
    rungs = [arm["run"] for arm in ablation["arms"] if arm["run"] in means.index]
    if ablation["design"] != "ladder" or len(rungs) < 2:
        return ""
    change = (means[rungs[-1]] - means[rungs[0]]) * 100
    labels = {arm["run"]: label_of(arm) for arm in ablation["arms"]}
    first, last = (
        f"{percent(means[run], 1)} ({labels[run]}, {seeds_said(counts[run])})"
        for run in rungs[:: len(rungs) - 1]
    )
    step = (
        f"; the largest step that can be told from chance: {largest['label']}, "
        f"{effect_in_points(largest)}"
        if largest and largest["clear"]
        else ""
    )
    missing = len(ablation["arms"]) - len(rungs)
    gaps = f". {missing} of {len(ablation['arms'])} rungs have no accuracy" if missing else ""
    return (
        f"{ablation['title']}: test accuracy from {first} to {last}, {signed(change, 1)} points"
        f"{step}{gaps}."
    )


def effect_said(largest: dict[str, Any] | None) -> str:
    """Return the largest effect in words, if there is one of several seeds."""
    if largest is None:
        return ""
    said = f"{largest['label']}, {effect_in_points(largest, ' of test accuracy')}"
    if largest["tried"] == 1:
        chance = "" if largest["clear"] else ", which can't be told from chance with these seeds"
        return f"{said[:1].upper()}{said[1:]}{chance}."
    tried = f"Of {plural(largest['tried'], 'change')} that were tried"
    if largest["clear"]:
        return f"{tried}, one matters most: {said}."
    return f"{tried}, none can be told from chance with these seeds; the largest: {said}."


def decided_said(verdicts: list[Verdict]) -> str:
    """Return how many of the paper's claims are decided, and by what."""
    if not verdicts:
        return counted_sentence(verdicts)
    by_training = [v.trained for v in verdicts if v.verdict in DECIDED]
    return (
        f"Of the paper's {len(verdicts)} claims, arithmetic decides "
        f"{by_training.count(False) or 'none'}, and training {by_training.count(True) or 'none'}."
    )
