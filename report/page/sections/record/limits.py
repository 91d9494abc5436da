"""What this study can't say."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.judge.comparisons import repeated
from report.read.arms import headline_runs
from report.read.published import Published
from report.read.study import may_be_recompressed
from report.wording import count, plural, points

TITLE = "Limits"


def content(
    study: dict[str, Any],
    runs: pd.DataFrame,
    comparisons: pd.DataFrame,
    gaps: pd.DataFrame,
    data: dict[str, Any],
    published: Published,
) -> dict[str, Any]:
    """Return the limitations of this study, from its data, its length and its seeds."""
    found = [
        *essential(study, runs, data, published),
        *_missing(study, runs, gaps),
        *_precision(runs),
        *_seeds(comparisons),
        "Hyperparameters were not searched again for each arm: an arm is judged with its base's.",
        "Intervals over seeds say how other seeds would come out on the same test images; those "
        "over test images, how the same runs would on other images. Neither says how another data "
        "set would.",
    ]
    return {"sentences": found}


def essential(
    study: dict[str, Any], runs: pd.DataFrame, data: dict[str, Any], published: Published
) -> list[str]:
    """Return the limits that the images and the length of training set."""
    return [*_data(study, data, published), *_length(study, runs, published)]


def _data(study: dict[str, Any], data: dict[str, Any], published: Published) -> list[str]:
    if study["scale"]["dataset"] != published.facts["dataset"]:
        return [
            f"The images are {data['dataset']}, not the paper's: accuracies and effects say "
            "nothing about it."
        ]
    if may_be_recompressed(data):
        return [
            "The pixels may be recompressed, which costs some accuracy against the official "
            "archive's; all arms share them."
        ]
    return []


def _length(study: dict[str, Any], runs: pd.DataFrame, published: Published) -> list[str]:
    mine = runs[runs["run"].isin(headline_runs(study, runs["run"])[:1])]
    headline = published.facts["headline"]
    asked = int(headline["images_seen"])
    there = runs if mine.empty else mine
    if there.empty or there["images_seen"].max() >= 0.95 * asked:
        return []
    seen = count(there["images_seen"].max())
    if mine.empty:
        return [
            f"{headline['name'][:1].upper()}{headline['name'][1:]} was not run. The longest run "
            f"here saw {seen} images, counting repeats; the paper's saw {count(asked)}."
        ]
    trained_on = count(study["runs"][mine["run"].iloc[0]]["config"]["data"]["training_images"])
    return [
        f"With the paper's optimizer and augmentation, {headline['name']} was trained on "
        f"{trained_on} images and saw {seen}, counting repeats; the paper's saw {count(asked)}."
    ]


def _missing(study: dict[str, Any], runs: pd.DataFrame, gaps: pd.DataFrame) -> list[str]:
    """Return how many planned runs there aren't, and how many ablations have no arm."""
    if gaps.empty:
        return []
    trained = set(runs["run"])
    empty = sum(
        not trained & {arm["run"] for arm in ablation["arms"][1:]}
        for ablation in study["ablations"].values()
    )
    of_all = f"{len(gaps)} of {plural(len(runs) + len(gaps), 'planned run')}"
    said = f"{of_all} {'has' if len(gaps) == 1 else 'have'} no record"
    if empty:
        said += f", and {plural(empty, 'ablation has', 'ablations have')} no finished arm"
    return [f"{said}."]


def _precision(runs: pd.DataFrame) -> list[str]:
    low = int((runs["precision"] == "bf16").sum())
    if not low:
        return []
    of = "All" if low == len(runs) else f"{low} of {len(runs)}"
    return [f"{of} runs were trained in bfloat16, which rounds more coarsely than float32."]


def detectable(comparisons: pd.DataFrame) -> float | None:
    """Return the median of the smallest effects that comparisons would find with 80% power.

    A pair of runs counts once, though several ablations compare it. None if there are fewer than
    three pairs, or if even the median is of no use.
    """
    found = detectables(comparisons)
    median = float(found.median()) if len(found) >= FEWEST else USELESS
    return median if median < USELESS else None


FEWEST, USELESS = 3, 50.0
"""Least number of comparisons for a statement on all; points that no accuracy changes by."""


def detectables(comparisons: pd.DataFrame) -> pd.Series:
    """Return the smallest effect that each pair of runs would find, in points."""
    pairs = comparisons.dropna(subset="detectable_points")
    found: pd.Series = pairs[~repeated(pairs)]["detectable_points"]
    return found


def _seeds(comparisons: pd.DataFrame) -> list[str]:
    said = []
    distinct = comparisons[~repeated(comparisons)]
    smallest, single = detectable(comparisons), int((distinct["n"] == 1).sum())
    if smallest is not None:
        number = len(detectables(comparisons))
        said.append(
            f"At the spread seen between seeds, half of the {number} comparisons of several seeds "
            f"would find an effect of {points(smallest)} points with 80% power at the level that "
            "decides, the others only larger ones."
        )
    if single:
        said.append(
            f"{plural(single, 'comparison rests', 'comparisons rest')} on one seed, which can't "
            "tell an effect from chance."
        )
    return said
