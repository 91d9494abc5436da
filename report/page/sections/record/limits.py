"""What this study can't say."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.read.published import Published
from report.read.tables import final_run
from report.wording import count, plural, points

TITLE = "Limits"


def content(
    study: dict[str, Any],
    runs: pd.DataFrame,
    comparisons: pd.DataFrame,
    data: dict[str, Any],
    published: Published,
) -> dict[str, Any]:
    """Return the limitations of this study, from its data, its length and its seeds."""
    found = [
        *_data(study, data),
        *_length(study, runs, published),
        *_seeds(comparisons),
        "Hyperparameters were not searched again for each arm: an arm is judged with its base's.",
        "Intervals over seeds say how other seeds would come out on the same test images; those "
        "over test images, how the same runs would on other images. Neither says how another data "
        "set would.",
    ]
    return {"sentences": found}


def _data(study: dict[str, Any], data: dict[str, Any]) -> list[str]:
    if study["scale"]["dataset"] != "cifar10":
        return [
            f"The images are {data['dataset']}, not CIFAR-10: accuracies and effects say nothing "
            "about the paper. Parameter counts and layer sizes are the paper's at every scale."
        ]
    if "recompressed" in data["pixels"]:
        return [
            "The pixels may be recompressed, which costs some accuracy against the official "
            "archive's; all arms share them."
        ]
    return []


def _length(study: dict[str, Any], runs: pd.DataFrame, published: Published) -> list[str]:
    mine = runs[runs["run"] == final_run(study)]
    asked = int(published.facts["final_protocol"]["images_seen"])
    if mine.empty or mine["images_seen"].max() >= 0.95 * asked:
        return []
    seen = count(mine["images_seen"].max())
    return [f"The final model saw {seen} images; the paper's at least {count(asked)}."]


def detectable(comparisons: pd.DataFrame) -> float | None:
    """Return the median of the smallest effects that comparisons would find with 80% power."""
    found = comparisons["detectable_points"].dropna()
    return float(found.median()) if len(found) else None


def _seeds(comparisons: pd.DataFrame) -> list[str]:
    said = []
    smallest, single = detectable(comparisons), int((comparisons["n"] == 1).sum())
    if smallest is not None:
        number = comparisons["detectable_points"].notna().sum()
        said.append(
            f"At the spread seen between seeds, half of the {number} comparisons of several seeds "
            f"could have found a difference of {points(smallest)} points or less with 80% power, "
            "the others only larger ones."
        )
    if single:
        said.append(
            f"{plural(single, 'comparison rests', 'comparisons rest')} on one seed, which can't "
            "tell an effect from chance."
        )
    return said
