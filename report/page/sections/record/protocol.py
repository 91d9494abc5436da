"""How runs were made and compared, and every setting of the bases."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.claim_types.forms import OF_EFFECTS
from report.page.printed_table import Printed, Row, printed
from report.read.arms import looks_of, name_of
from report.read.published import METRICS, Published
from report.read.tables import setting_of, titles_of
from report.wording import DASH, count, listed, percent, written

TITLE = "How it was done"


def content(
    study: dict[str, Any], runs: pd.DataFrame, data: dict[str, Any], published: Published
) -> dict[str, Any]:
    """Return paragraphs on the protocol, and the table of the bases' settings."""
    return {
        "sentences": protocol(study, runs, data, published),
        "settings": settings_table(study, runs),
    }


def protocol(
    study: dict[str, Any], runs: pd.DataFrame, data: dict[str, Any], published: Published
) -> list[str]:
    """Return paragraphs on the experimental protocol, from the configs, the runs and the data."""
    images, metric = data["images"], METRICS[published.facts["metric"]]
    chosen = str(published.facts.get("chosen", ""))
    precisions = listed(runs["precision"].drop_duplicates())
    return [
        f"Images: {data['dataset']}, {count(images['train'])} there to train on, {_used(study)}, "
        f"and {count(images['test'])} to test on; {data['pixels']}. Scale "
        f"{study['scale']['name']}: {study['scale']['about']}.",
        *_departures(published),
        "Every arm changes its ablation's base in the factor that is asked about, and in nothing "
        "else unless the section says so. Arms are compared by runs with the same seeds, which "
        "decide the initial weights, the order of images and their augmentation; effects are means "
        "of differences paired by seed, not differences of the shown means.",
        f"Effects are of the last epoch's accuracy on all test images{_in_training(published)}; "
        "claims that state an "
        f"accuracy are judged by the paper's: {metric}. {chosen}{' ' * bool(chosen)}"
        f"{_chosen_here(study, runs)} Precision: {precisions}.",
        "A direction is supported or refuted by a paired t test with Holm's adjustment over the "
        "paper's claims on directions [3], or found to make no meaningful difference (0.5 points) "
        "by two one-sided tests [4]; that a change doesn't help by the same test against a gain of "
        "0.5 points; a size by whether the whole 95% interval lies on one side of a threshold, an "
        "accuracy by whether it lies within the tolerance (one that is refuted since it is higher "
        "than published is marked exceeds), both by a wider interval where one of several parts "
        "decides; a trend by a sign test over seeds; arithmetic from the "
        "declarations. Of a claim on several arms either all must hold, so that one of them can "
        f"refute it, or one suffices. {_gate(published)}{_looks(study)} A decided claim is marked "
        "post hoc if a run behind it began, or may have begun, before its test was written.",
    ]


def _departures(published: Published) -> list[str]:
    """Return what this study does otherwise than the paper, or where it says nothing, if known."""
    known = published.facts.get("departures")
    return [f"Otherwise than in the paper, or unsaid there: {'; '.join(known)}."] if known else []


def _in_training(published: Published) -> str:
    """Return on what else effects are, if any claim is about training, in words."""
    tests = (part for test in published.tests.values() for part in test.get("effects", []))
    if not any("of" in part for part in tests):
        return ""
    return ", or where it is said, of that on the training images as augmented"


def _gate(published: Published) -> str:
    """Return which effects give no verdict, since their runs are far from their end, in words."""
    needs = [test.get("needs", {}) for test in published.tests.values()]
    least = sorted({need[key] for need in needs for key in OF_EFFECTS if key in need})
    if not least:
        return ""
    unaugmented = any("plain_train_accuracy" in need for need in needs)
    plain = " (for some claims, on these without augmentation)" if unaugmented else ""
    shares = " or ".join(percent(share, 0) for share in least)
    return (
        f"An effect gives no verdict where an arm reaches less than {shares} on its training "
        f"images{plain}: so short a run shows what helps at the start. "
    )


def _used(study: dict[str, Any]) -> str:
    """Return how many training images the study's runs use, in words."""
    configs = [planned["config"] for planned in study["runs"].values() if planned["config"]]
    used = sorted({int(config["data"]["training_images"]) for config in configs})
    return f"of which runs use {listed(map(count, used))}" if used else "which runs use"


def _looks(study: dict[str, Any]) -> str:
    """Return at which numbers of seeds verdicts may be given, in words."""
    declared = {looks_of(ablation) for ablation in study["ablations"].values()}
    # One seed never decides.
    said = [listed(looks) for looks in sorted(declared - {(1,)})]
    if not said:
        return "One seed an arm decides no claim on training."
    several = any(len(looks) > 1 for looks in declared)
    allowed = ", and p-values and intervals allow for every look" if several else ""
    by = ", by ablation" if len(said) > 1 else ""
    return f"A verdict may be given when {' or '.join(said)} seeds are there{by}{allowed}."


def _chosen_here(study: dict[str, Any], runs: pd.DataFrame) -> str:
    """Return in which ablations this study chooses on images kept out of training, in words."""
    there = {*runs["run"]}
    titles = [
        ablation["title"]
        for ablation in study["ablations"].values()
        if any(_holds_out(study, arm["run"]) for arm in ablation["arms"] if arm["run"] in there)
    ]
    if not titles:
        return "No run listed here holds images out of training to choose a setting by."
    return f"Settings are chosen on images held out of training in: {listed(titles)}."


def _holds_out(study: dict[str, Any], run: str) -> bool:
    """Return whether a run keeps some training images to choose a setting by."""
    config = study["runs"].get(run, {}).get("config")
    return bool(config and config["selection"].get("held_out_images"))


def settings_table(study: dict[str, Any], runs: pd.DataFrame) -> Printed:
    """Return a table of the bases that were run; settings with one value are in the caption."""
    there = [(run, study["runs"][run]["config"]) for run in study["runs"] if run in {*runs["run"]}]
    bases = {run: config for run, config in there if run.startswith("base.") and config}
    names = {run: name_of(study, run).removeprefix("the base ") for run in bases}
    columns = {"setting": False, **{names[run]: False for run in bases}}
    rows: list[Row] = []
    same: list[str] = []
    for key, words in titles_of(study).items():
        values = [setting_of(config, key) for config in bases.values()]
        if key == "seed" or all(value is None for value in values):
            continue
        texts = [DASH if v is None else written(v) for v in values]
        if len(set(texts)) == 1 and len(bases) > 1:
            same.append(f"{words} {texts[0]}")
        else:
            rows.append([words, *texts])
    alike = f" Of all bases alike: {'; '.join(same)}." if same else ""
    return printed(f"What the arms start from: the settings of the bases.{alike}", columns, rows)
