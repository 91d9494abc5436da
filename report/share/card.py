"""A model card (Mitchell et al. 2019, arXiv:1810.03993) for the study's best run."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.page.records import Records
from report.page.summary import table
from report.read.arms import name_of
from report.read.tables import setting_of, titles_of
from report.share.checklist import TO_FILL_IN
from report.wording import count, duration, giga, percent, plural, written


def model_card(
    study: dict[str, Any], runs: pd.DataFrame, data: dict[str, Any], records: Records, answer: str
) -> str:
    """Return the card in Markdown; what the records don't say is marked as to be filled in."""
    means = runs.groupby("run")["final_test_accuracy"].mean().dropna()
    if means.empty:
        return "# Model card\n\nNo run of this study ended with an accuracy.\n"
    run = str(means.idxmax())
    mine = runs[runs["run"] == run]
    first = dict(mine.iloc[0])
    config = study["runs"][run]["config"] or {}
    settings = [
        (words, written(value))
        for key, words in titles_of(study).items()
        if key != "seed" and (value := setting_of(config, key)) is not None
    ]
    seeds = [f"[seed {n}]({records.record(run, int(n))})" for n in sorted(mine["seed"])]
    number, used = plural(len(mine), "seed"), setting_of(config, "data.training_images")
    of_which = f", of which this run used {count(used)}" if used else ""
    chosen = percent(float(mine["best_test_accuracy"].mean()))
    parts = {
        f"# Model card: {name_of(study, run)} ({run})": answer,
        "## Model": (
            f"A convolutional network for images of {len(data['classes'])} classes "
            f"({', '.join(data['classes'])}): {count(first['parameters'])} parameters, "
            f"{giga(first['flops_per_image'])} GFLOPs an image.\n\n"
            f"{table(('setting', 'value'), settings)}"
        ).strip(),
        "## Training": (
            f"{number}, {count(first['images_seen'])} images seen, "
            f"{duration(float(mine['seconds'].mean()))} a run on {first['device']} "
            f"({first['processor']}), precision {first['precision']}; {first['versions']}; commit "
            f"{first['commit']}. Records: {', '.join(seeds)}."
        ),
        "## Data": (
            f"{data['dataset']} from {data['source']} ({data['pixels']}): "
            f"{count(data['images']['train'])} training images are there{of_which}. SHA-256 of "
            f"the training images: {data['sha256']['train']}."
        ),
        "## Results": (
            f"On {count(data['images']['test'])} test images, after the last epoch: "
            f"{percent(float(means[run]))} (mean over {number}); the best epoch on the test "
            f"images, which the test set chose: {chosen}."
        ),
        "## Use and limits": (
            "Made to test claims of a paper, not to be used. It was never tested on other data, on "
            "corrupted or adversarial images, or for differences between groups of people.\n\n"
            f"{TO_FILL_IN} where it is used: who uses it, for what, and what a mistake leads to."
        ),
    }
    return "\n\n".join(f"{head}\n\n{text}" for head, text in parts.items()) + "\n"
