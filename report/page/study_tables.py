"""Make the study's tables: verdicts, protocol, ablations, runs, classes and random variation."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.judge.verdicts import Verdict
from report.page.findings import held_out_accuracies
from report.page.printed_table import (
    Cell,
    Printed,
    Row,
    mean_and_range,
    points,
    printed,
    record_link,
)
from report.read.tables import Tables, confusion_shares, runs_of, setting_of, titles_of
from report.wording import DASH, changes, count, duration, giga, interval, percent, signed, written

BUDGETS = {
    "images": "Every arm sees the same number of training images.",
    "epochs": "Every arm trains for the same number of epochs, however many images they hold.",
}
"""Explanations of an ablation's ``budget``."""


ARM_COLUMNS = {
    "arm": False,
    "what changed": False,
    "parameters": True,
    "GFLOPs at 32\u00d732": True,
    "last epoch %": True,
    "best epoch %": True,
    "held-out %": True,
    "against": False,
    "effect, points": True,
    "interval over seeds": True,
    "95% over images": True,
    "n": True,
    "time a run": True,
}
"""The columns of an ablation's table, and whether they are numeric."""


def ablation_table(tables: Tables, name: str) -> Printed:
    """Return a table of an ablation's arms: changes, cost, accuracies and effects.

    Columns that are empty for all arms are omitted.
    """
    ablation = tables.study["ablations"][name]
    base = ablation["arms"][0]["name"]
    effects = tables.comparisons.query("ablation == @name").set_index("arm")
    rows: list[dict[str, str | Cell]] = []
    for arm in ablation["arms"]:
        row = {"what changed": _changed(name, ablation, arm), **_measured(tables, name, arm)}
        if arm["name"] in effects.index:
            row |= _effect(effects.loc[arm["name"]], base)
        rows.append(row)
    said = {key for row in rows for key, cell in row.items() if cell not in ("", DASH)}
    columns = {key: numeric for key, numeric in ARM_COLUMNS.items() if key in said}
    against = " unless it says otherwise" if "against" in said else ""
    return printed(
        f"{ablation['title']}. {BUDGETS[ablation['budget']]} Effects are against {base}{against}; "
        "intervals over seeds have 95% unless they say otherwise.",
        columns,
        [[row.get(key, "") for key in columns] for row in rows],
    )


def _changed(name: str, ablation: dict[str, Any], arm: dict[str, Any]) -> str:
    said = changes(arm["changes"])
    if not said:
        own = ablation["design"] == "records" and arm is not ablation["arms"][0]
        said = f"see ablations/{name}.smk" if own else f"nothing (base {ablation['base']})"
    if arm["also_changes"]:
        said += f"; also, outside the factor, {changes(arm['also_changes'])}"
    return said


def _measured(tables: Tables, name: str, arm: dict[str, Any]) -> dict[str, str | Cell]:
    mine = runs_of(tables, name).query("run == @arm['run']")
    if mine.empty:
        return {"arm": f"{arm['name']} (no run is finished)", "n": "0"}
    diverged = int((mine["status"] == "diverged").sum())
    held_out = held_out_accuracies(tables, name).get(arm["run"], float("nan"))
    return {
        "arm": Cell(arm["name"], record_link(tables, arm["run"], int(mine["seed"].min()))),
        "parameters": count(mine["parameters"].iloc[0]),
        "GFLOPs at 32\u00d732": giga(mine["flops_per_image"].iloc[0]),
        "last epoch %": mean_and_range(mine["final_test_accuracy"]),
        "best epoch %": mean_and_range(mine["best_test_accuracy"]),
        "held-out %": percent(held_out).rstrip("%"),
        "n": f"{len(mine)}, {diverged} diverged" if diverged else str(len(mine)),
        "time a run": duration(mine["seconds"].mean()),
    }


def _effect(effect: pd.Series, base: str) -> dict[str, str | Cell]:
    return {
        "against": str(effect["reference"]) if effect["reference"] != base else "",
        "effect, points": signed(effect["difference_points"]),
        "interval over seeds": _interval(effect),
        "95% over images": interval(effect["image_low_points"], effect["image_high_points"]),
    }


def _interval(effect: pd.Series) -> str:
    """Return an effect's interval; its confidence, too, if looks are shared out."""
    said = interval(effect["low_points"], effect["high_points"])
    level = effect.get("level", 0.95)
    return said if abs(level - 0.95) < 1e-9 or said == DASH else f"{said} ({level * 100:.4g}%)"


def runs_table(tables: Tables) -> Printed:
    """Return a table of all runs and seeds, each linked to its record."""
    columns = {"run": False, "seed": True, "status": False, "images seen": True}
    columns |= {"last epoch": True, "best epoch": True, "best, notebook's average": True}
    columns |= {"train, as is": True, "seconds": True}
    rows: list[Row] = [
        [
            Cell(row["run"], record_link(tables, row["run"], row["seed"])),
            str(row["seed"]),
            row["status"],
            count(row["images_seen"]),
            percent(row["final_test_accuracy"]),
            percent(row["best_test_accuracy"]),
            percent(row["best_notebook_test_accuracy"]),
            percent(row["final_plain_train_accuracy"]),
            f"{row['seconds']:.1f}",
        ]
        for row in tables.runs.to_dict("records")
    ]
    return printed(
        "Every run of every seed. Train, as is: the training images without augmentation, in "
        "evaluation mode.",
        columns,
        rows,
    )


def verdicts_table(verdicts: list[Verdict], whose: str) -> Printed:
    """Return a table of all claims, each linked to its evidence."""
    columns = {"claim": False, "verdict": False, "what it says": False}
    rows: list[Row] = [
        [Cell(v.id, f"#claim-{v.id}"), Cell(v.label, strong=True), v.quote] for v in verdicts
    ]
    return printed(f"{whose}: {len(rows)} claims, each with its verdict.", columns, rows)


def protocol_table(tables: Tables) -> Printed:
    """Return a table of the settings of every base."""
    runs = tables.study["runs"].items()
    bases = {run: planned["config"] for run, planned in runs if run.startswith("base.")}
    names = {run: run.removeprefix("base.").replace("_", " ") for run in bases}
    columns = {"setting": False, **{names[run]: False for run in bases}}
    rows: list[Row] = []
    for key, words in titles_of(tables).items():
        values = [setting_of(config, key) for config in bases.values()]
        if key != "seed" and any(value is not None for value in values):
            rows.append([words, *(DASH if v is None else written(v) for v in values)])
    return printed("What the arms start from: every setting of the bases.", columns, rows)


def classes_table(tables: Tables) -> Printed:
    """Return a table of each class's accuracy and most frequent confusion."""
    columns = {
        "class": False,
        "accuracy %": True,
        "most often taken for": False,
        "of its images": True,
    }
    shares, seeds = confusion_shares(tables)
    rows: list[Row] = []
    for number, name in enumerate(tables.classes):
        others = shares.loc[number].drop(number)
        rows.append(
            [
                name,
                f"{shares.loc[number, number] * 100:.1f}",
                tables.classes[int(others.idxmax())],
                percent(float(others.max()), 1),
            ]
        )
    run = tables.confusion["run"].iloc[0]
    caption = f"Accuracy of {run} by class, mean over {seeds} {'seed' if seeds == 1 else 'seeds'}."
    return printed(caption, columns, rows)


def chance_table(tables: Tables) -> Printed:
    """Return a table of each run's variation in accuracy between seeds and between test images."""
    columns = {
        "run": False,
        "n": True,
        "over seeds, points": True,
        "over test images, points": True,
    }
    rows: list[Row] = [
        [
            Cell(row["run"], record_link(tables, row["run"])),
            str(row["n"]),
            points(row["seeds_points"]),
            points(row["images_points"]),
        ]
        for row in tables.spreads.to_dict("records")
    ]
    caption = (
        "Two kinds of chance in each run's accuracy: the standard deviation from seed to seed, and "
        "the standard error over test images."
    )
    return printed(caption, columns, rows)
