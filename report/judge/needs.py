"""What a claim needs of the runs that it rests on, checked against their configs."""

from __future__ import annotations

from typing import Any

from report.read.tables import Tables, setting_of
from report.wording import count, percent, stated

AMOUNTS = {
    "training_images": ("data.training_images", "trains on {} images"),
    "images_seen": ("budget.images_seen", "sees {} images in training"),
}
"""Needs that are amounts: the setting that states each, and the words for it."""

REACHED = {
    "train_accuracy": ("final_train_accuracy", "training accuracy in the last epoch"),
    "plain_train_accuracy": (
        "final_plain_train_accuracy",
        "accuracy on the training images without augmentation",
    ),
}
"""Needs that a run must reach: the column of each, and the words for it."""


def unmet(needs: dict[str, Any], study: dict[str, Any], run: str, exactly: bool = False) -> str:
    """Return why a run can't test a claim, or an empty text.

    Parameters
    ----------
    needs
        ``dataset``, and the least ``training_images`` and ``images_seen``; all are optional.
    study
        ``study.json``.
    run
        The run's name.
    exactly
        Whether more than these amounts is too much, as for a published accuracy.
    """
    asked = {key: needs[key] for key in ("dataset", *AMOUNTS) if key in needs}
    if not asked:
        return ""
    config = study["runs"][run]["config"]
    if config is None:
        return f"{run} has no config that could be checked"
    dataset = setting_of(config, "data.dataset")
    if asked.get("dataset", dataset) != dataset:
        return f"{run} trains on {dataset}, not on {asked['dataset']}"
    for key, (setting, words) in AMOUNTS.items():
        value = setting_of(config, setting)
        if key in asked and (value < asked[key] or (exactly and value > asked[key])):
            return f"{run} {words.format(count(value))}, and the claim needs {count(asked[key])}"
    return ""


def far_from_end(needs: dict[str, Any], tables: Tables, run: str, seeds: int) -> str:
    """Return whether a run ends too early to be evidence of what a change is worth, in words.

    Parameters
    ----------
    needs
        ``train_accuracy``, the least training accuracy in the last epoch, on images as they were
        augmented, and ``plain_train_accuracy``, that on them without augmentation after the last
        epoch; both in the mean over seeds.
    tables
        The study's tables.
    run
        The run's name.
    seeds
        How many seeds the verdict reads. Runs that diverged don't count: they say nothing of the
        length of a run.
    """
    runs = tables.runs
    there = (runs["run"] == run) & (runs["seed"] < seeds) & (runs["status"] != "diverged")
    for need, (column, name) in REACHED.items():
        if need not in needs:
            continue
        least, reached = needs[need], runs.loc[there, column]
        if reached.isna().any():
            every = "" if reached.isna().all() else " for all seeds"
            return f"{run} has no {name}{every}, and the claim needs {stated(least)}"
        if reached.empty or reached.mean() >= least:
            continue
        mean = percent(float(reached.mean()))
        return (
            f"The {name} of {run} is {mean}, below {stated(least)}, "
            "so that this comparison shows early training and gives no verdict"
        )
    return ""
