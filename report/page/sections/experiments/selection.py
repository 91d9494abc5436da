"""What choosing the epoch on the test set gains, and how much of an accuracy is chance."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pandas as pd

from report.judge import comparisons as judged
from report.page.picture import Picture
from report.page.printed_table import Cell, Printed, Row, printed
from report.page.records import Records
from report.read.arms import ablation_of, name_of
from report.read.published import Published
from report.wording import interval, listed, percent, plural, points, signed

TITLE = "Choosing the epoch, and chance"


def content(
    study: dict[str, Any],
    epochs: pd.DataFrame,
    comparisons: pd.DataFrame,
    spreads: pd.DataFrame,
    records: Records,
    pictures: dict[str, list[Picture]],
    published: Published,
) -> dict[str, Any]:
    """Return paragraphs on each, the figure, and the table of both kinds of chance."""
    gains = judged.optimism(epochs)["optimism_points"].dropna()
    return {
        "epoch": [
            text for text in (optimism(gains, published), by_best_epoch(study, comparisons)) if text
        ],
        "these": pictures["selection"] if (gains.abs() > 0).any() else [],
        "chance": chance_sentence(spreads),
        "runs": None if spreads.empty else chance_table(study, spreads, records),
    }


def optimism(gains: pd.Series, published: Published) -> str:
    """Return a paragraph on the gain from choosing the epoch on the test set."""
    if gains.empty:
        return ""
    said = (
        "The best epoch on the test images would be a choice by the test set, which adds"
        if published.facts["metric"] == "final_test_accuracy"
        else "The paper reports the best epoch on the test images, so the test set also chose the "
        "model. Here that adds"
    )
    return (
        f"{said} {signed(gains.mean())} points on average over "
        f"{plural(len(gains), 'run')} of several epochs and {signed(gains.max())} at most, in part "
        "by chance, which new images wouldn't show."
    )


def by_best_epoch(study: dict[str, Any], comparisons: pd.DataFrame) -> str:
    """Return how far effects depend on which epoch is compared, in words."""
    several = comparisons[comparisons["n"] > 1].dropna(subset="best_difference_points")
    several = several[~judged.repeated(several)].reset_index(drop=True)
    if several.empty:
        return ""
    moved = (several["best_difference_points"] - several["difference_points"]).abs()
    most = several.loc[moved.idxmax()]
    last, best = clear_of_zero(several, ""), clear_of_zero(several, "best_")
    said = (
        f"Effects are of the last epoch; by the best epoch {plural(len(several), 'effect')} of "
        f"several seeds would differ by {points(float(moved.median()))} points (median), most of "
        f"all {_name(study, most)}: {signed(most['best_difference_points'])} points, not "
        f"{signed(most['difference_points'])}."
    )
    for which, where, of in (("best", best & ~last, "best_"), ("last", last & ~best, "")):
        named = [
            f"{_name(study, row)}: {signed(row[f'{of}difference_points'])} "
            f"({interval(row[f'{of}low_points'], row[f'{of}high_points'])})"
            for row in several[where].to_dict("records")
        ]
        if named:
            said += f" By the {which} epoch alone the interval leaves out zero: {listed(named)}."
    return said


def clear_of_zero(effects: pd.DataFrame, of: str) -> pd.Series:
    """Return which effects have an interval that leaves out zero; ``of`` begins the columns."""
    return (effects[f"{of}low_points"] > 0) | (effects[f"{of}high_points"] < 0)


def _name(study: dict[str, Any], row: Any) -> str:
    return name_of(study, f"{row['ablation']}.{row['arm']}")


def chance_sentence(spreads: pd.DataFrame) -> str:
    """Return a sentence on the variation between seeds and between samples of test images."""
    both = spreads.dropna(subset=["seeds_points", "images_points"])
    if spreads.empty:
        return (
            "These runs' answers to single images aren't known, and so not how much an accuracy "
            "depends on the test images."
        )
    if both.empty:
        return "One seed a run says nothing of how much seeds matter."
    seeds, images = (math.sqrt((both[c] ** 2).mean()) for c in ("seeds_points", "images_points"))
    share = seeds**2 / max(seeds**2 + images**2, 1e-12)
    return (
        f"A single run's accuracy moves by {seeds:.2f} points from seed to seed and by "
        f"{images:.2f} points from one sample of test images to another (root mean squares over "
        f"{plural(len(both), 'configuration')}): {percent(share, 0)} of that variance is seeds."
    )


def _distinct_names(study: dict[str, Any], runs: list[str]) -> dict[str, str]:
    """Return how readers know each run, with its ablation's title where names are alike."""
    names = {run: name_of(study, run) for run in runs}
    often = Counter(names.values())
    titles = {run: (ablation_of(study, run) or {"title": run})["title"] for run in runs}
    return {run: f"{n} ({titles[run]})" if often[n] > 1 else n for run, n in names.items()}


def chance_table(study: dict[str, Any], spreads: pd.DataFrame, records: Records) -> Printed:
    """Return a table of each run's variation in accuracy between seeds and between test images."""
    columns = {
        "run": False,
        "n": True,
        "over seeds, points": True,
        "over test images, points": True,
    }
    names = _distinct_names(study, list(spreads["run"]))
    rows: list[Row] = [
        [
            Cell(names[row["run"]], records.of(row["run"])),
            str(row["n"]),
            points(row["seeds_points"]),
            points(row["images_points"]),
        ]
        for row in spreads.to_dict("records")
    ]
    caption = (
        "Two kinds of chance in each run's accuracy: the standard deviation from seed to seed, and "
        "the standard error over test images."
    )
    return printed(caption, columns, rows)
