"""Answers to the reproducibility checklists of NeurIPS and ACL, filled from the records."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.judge.comparisons import repeated
from report.page.sections.record.reproducibility import most_memory
from report.page.summary import table
from report.wording import count, duration, listed

TO_FILL_IN = "TO FILL IN"


def checklist(
    study: dict[str, Any],
    runs: pd.DataFrame,
    comparisons: pd.DataFrame,
    data: dict[str, Any],
    commands: list[str],
) -> str:
    """Return the questions with their answers in Markdown.

    The questions follow, in our words, the NeurIPS Paper Checklist
    (https://neurips.cc/public/guides/PaperChecklist) and the ACL Responsible NLP Research Checklist
    (https://aclrollingreview.org/responsibleNLPresearch/). What the records can't answer is marked.
    """
    seeds = runs.groupby("run")["seed"].nunique()
    distinct = comparisons[~repeated(comparisons)]
    several, made = (int((distinct["n"] > least).sum()) for least in (1, 0))
    rows = [
        ("Do the claims in abstract and introduction match what was found?", TO_FILL_IN),
        ("Are the limits of the work discussed?", "Yes: section Limits of the report."),
        ("Can the results be reproduced, and how?", f"`{commands[0]}`"),
        ("Is the code open, and at which version?", f"Commit {listed(runs['commit'].unique())}."),
        (
            "Is the data open?",
            f"{data['dataset']} from {data['source']}; {data['pixels']}. SHA-256 of the training "
            f"images {data['sha256']['train'][:16]}..., of the test images "
            f"{data['sha256']['test'][:16]}...",
        ),
        (
            "Are splits, hyperparameters and how they were chosen stated?",
            "Yes: every setting of every run is in its config.json, those of the bases in the "
            "section How it was done.",
        ),
        (
            "Are error bars given, of what, and how were they made?",
            f"{several} of {made} comparisons have several seeds: t intervals over "
            "seeds of paired differences; others have none and decide nothing.",
        ),
        (
            "How often was each experiment run?",
            f"{seeds.min()} to {seeds.max()} seeds a configuration, {count(len(runs))} runs.",
        ),
        (
            "Which computing resources were used?",
            f"{duration(float(runs['seconds'].sum()))} of training on "
            f"{listed(machines(runs))}; most memory of a run: {most_memory(runs)}. Runs that were "
            "tried and thrown away are not counted.",
        ),
        (
            "How many parameters do the models have?",
            f"{count(runs['parameters'].min())} to {count(runs['parameters'].max())}.",
        ),
        ("Which versions of packages were used?", listed(runs["versions"].unique()) + "."),
        ("Are the licences of code and data named and kept?", TO_FILL_IN),
        ("Were people asked, paid or studied?", "No, as far as the records say; " + TO_FILL_IN),
        ("What effects on society may the work have?", TO_FILL_IN),
        ("Was AI used in writing or coding?", TO_FILL_IN),
    ]
    scale = study["scale"]["name"]
    head = f"# Checklist (scale {scale})\n\nFrom the run records; {TO_FILL_IN}: what isn't.\n\n"
    return head + table(("question", "answer"), rows)


def machines(runs: pd.DataFrame) -> list[str]:
    """Return the GPUs and processors that runs were trained on, each once."""
    on_cpu = runs["device"] == "cpu"
    return list(dict.fromkeys([*runs.loc[~on_cpu, "device"], *runs.loc[on_cpu, "processor"]]))
