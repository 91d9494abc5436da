"""Every ablation: its question, its conclusion, figure, tables and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from report.judge.verdicts import Verdict
from report.page.findings import ablation_findings, conclusion, held_out_accuracies, unlike
from report.page.picture import Picture
from report.page.printed_table import Cell, Printed, Row, mean_and_range, printed
from report.page.records import Records
from report.read.arms import label_of
from report.read.tables import belonging, setting_of, titles_of
from report.wording import (
    DASH,
    NO_BREAK,
    changes,
    count,
    duration,
    giga,
    interval,
    listed,
    number_of_seeds,
    percent,
    plural,
    signed,
)

TITLE = "Ablations"

BUDGETS = {
    "epochs": "Arms are trained for the same number of epochs, however many images these hold.",
    "images": "Arms see equally many training images.",
}
"""Explanations of an ablation's ``budget``, where they are true of its runs."""


@dataclass(frozen=True)
class Shown:
    """An ablation in the report; ``rest`` has the columns that its table leaves out."""

    name: str
    title: str
    question: str
    base: str
    source: str
    conclusion: str
    table: Printed
    rest: Printed
    pictures: list[Picture]
    findings: list[str]
    cost: str
    verdicts: list[Verdict]


def content(
    study: dict[str, Any],
    runs: pd.DataFrame,
    epochs: pd.DataFrame,
    comparisons: pd.DataFrame,
    records: Records,
    verdicts: list[Verdict],
    own_verdicts: list[Verdict],
    pictures_of: dict[str, list[Picture]],
) -> dict[str, Any]:
    """Return the ablations of which a run says something, and the titles of the others.

    That is a run of an arm, or one of the base if a claim on its training is about it.
    """
    found, missing = [], []
    for name, ablation in study["ablations"].items():
        mine = belonging(study, name, runs)
        claims = [
            v for v in (*verdicts, *own_verdicts) if v.id in ablation["claims"] or v.where == name
        ]
        arms = {arm["run"] for arm in ablation["arms"][1:]}
        if not mine["run"].isin(arms).any() and (mine.empty or not _tells(name, claims)):
            missing.append(str(ablation["title"]))
            continue
        effects = comparisons[comparisons["ablation"] == name]
        held_out = held_out_accuracies(belonging(study, name, epochs))
        found.append(
            Shown(
                name=name,
                title=ablation["title"],
                question=ablation["question"],
                base=base_said(study, ablation, mine),
                source=ablation["source"],
                conclusion=conclusion(ablation, effects, claims, name),
                table=main_table(ablation, mine, effects, records),
                rest=rest_table(name, ablation, mine, effects, held_out, records, titles_of(study)),
                pictures=pictures_of[name],
                findings=ablation_findings(study, name, mine, effects, held_out, claims),
                cost=_cost(mine),
                verdicts=claims,
            )
        )
    single = len(study["ablations"]) == 1
    return {
        "ablations": found,
        "missing": missing,
        "unlike": unlike((it.title, belonging(study, it.name, runs)) for it in found),
        "missing_said": (
            f"{plural(len(missing), 'ablation is', 'ablations are')} left out: no arm was run, "
            "and no claim is about the training of the base"
        ),
        **({"title": found[0].title} if single and found else {}),
    }


def base_said(study: dict[str, Any], ablation: dict[str, Any], mine: pd.DataFrame) -> str:
    """Return what an ablation's arms start from, in words; ``mine`` has its runs."""
    base = ablation["arms"][0]
    config = study["runs"][base["run"]]["config"]
    if not config:
        return ""
    rate = setting_of(config, "optimizer.learning_rate")
    copies = setting_of(config, "augmentation.copies") or [[]]
    augmented = "no augmentation" if copies == [[]] else changes({"augmentation.copies": copies})
    name = label_of(base)
    seen = mine.loc[mine["run"] == base["run"], "images_seen"].max()
    planned = setting_of(config, "budget.images_seen")
    return (
        f"{name[:1].upper()}{name[1:]}: {setting_of(config, 'optimizer.name')} at a rate of "
        f"{rate:g}, batches of {config['batch_size']}, {augmented}; "
        f"{count(planned if pd.isna(seen) else int(seen))} images seen, of "
        f"{count(setting_of(config, 'data.training_images'))}."
    )


def _tells(name: str, claims: list[Verdict]) -> bool:
    """Return whether a claim was tested on the training of an ablation's base."""
    parts = [part for v in claims for part in v.parts if part.held]
    return any(part.arm == f"{name}.base" for part in parts)


def main_table(
    ablation: dict[str, Any], mine: pd.DataFrame, effects: pd.DataFrame, records: Records
) -> Printed:
    """Return a table of an ablation's arms: what changed, accuracy, and effect."""
    by_arm = effects.set_index("arm")
    base = ablation["arms"][0]["name"]
    rows: list[Row] = []
    against = set()
    for arm in ablation["arms"]:
        runs = mine[mine["run"] == arm["run"]]
        if runs.empty:
            # What a rung changes is part of all rungs above it.
            if ablation["design"] == "ladder":
                rows.append([label_of(arm), DASH, "not run", "0"])
            continue
        effect = by_arm.loc[arm["name"]] if arm["name"] in by_arm.index else None
        if effect is not None and effect["reference"] != base:
            against.add(effect["reference"])
        diverged = int((runs["status"] == "diverged").sum())
        rows.append(
            [
                Cell(label_of(arm), records.of(arm["run"])),
                Cell(_effect(effect, len(runs)), strong=_clear(effect))
                if effect is not None
                else DASH,
                mean_and_range(runs["final_test_accuracy"]),
                f"{len(runs)}, {diverged} diverged" if diverged else str(len(runs)),
            ]
        )
    below = " Each arm is compared with the one above it." if against else ""
    columns = {
        "arm": False,
        "effect, points (interval)": True,
        "accuracy % (range)": True,
        "n": True,
    }
    return printed(
        f"{ablation['title']}.{below} {_lengths(ablation, mine)}".strip(),
        columns,
        rows,
        mixed=tuple(columns) if against else (),
    )


def _clear(effect: Any) -> bool:
    """Return whether an effect's interval leaves out zero."""
    return bool(effect["low_points"] > 0 or effect["high_points"] < 0)


def _effect(effect: Any, seeds: int, of: str = "") -> str:
    """Return an effect with its interval, and its number of pairs if it isn't that of the runs.

    What is one pair's difference is said to be that. ``of`` begins the names of the columns.
    """
    ends = interval(effect[f"{of}low_points"], effect[f"{of}high_points"]).replace(DASH, "")
    pairs = f"n = {effect['n']}" if 1 < effect["n"] != seeds else ""
    pairs = "one pair" if effect["n"] == 1 else pairs
    inside = ", ".join(filter(None, [ends, pairs]))
    said = signed(effect[f"{of}difference_points"])
    return f"{said} ({inside})".replace(" ", NO_BREAK) if inside else said


def _lengths(ablation: dict[str, Any], mine: pd.DataFrame) -> str:
    """Return how the arms' lengths relate, as far as it is true of the runs."""
    seen = mine["images_seen"]
    if seen.max() == seen.min():
        return BUDGETS["images"]
    by_epochs = f"{BUDGETS['epochs']} " if ablation["budget"] == "epochs" else ""
    lengths = f"from {count(seen.min())} to {count(seen.max())} images, counting repeats"
    return f"{by_epochs}They see {lengths}." if by_epochs else f"Arms see {lengths}."


def rest_table(
    name: str,
    ablation: dict[str, Any],
    mine: pd.DataFrame,
    effects: pd.DataFrame,
    held_out: dict[str, float],
    records: Records,
    titles: dict[str, str],
) -> Printed:
    """Return a table of what the main table leaves out, without columns that are constant."""
    by_arm = effects.set_index("arm").to_dict("index")
    rows: list[Row] = []
    for arm in ablation["arms"]:
        runs, changed = mine[mine["run"] == arm["run"]], _changed(name, ablation, arm, titles)
        if not runs.empty:
            shown = Cell(label_of(arm), records.of(arm["run"]))
            effect = by_arm.get(arm["name"], {})
            costs = _costs(runs, effect, held_out.get(arm["run"], NAN))
            if mine["device"].nunique() > 1:
                costs[-1] += f" ({listed(runs['device'].unique())})"
            rows.append([shown, changed, *costs])
        elif ablation["design"] == "ladder":
            rows.append([f"{label_of(arm)} (not run)", changed, *NOTHING])
    kept = _telling(rows)
    return printed(
        f"{ablation['title']}: what changed, and what it costs. Runs may have shared a machine: "
        "their times don't compare arms. Settings and costs with one value are left out.",
        {head: number for i, (head, number) in enumerate(REST.items()) if i in kept},
        [[row[i] for i in kept] for row in rows],
    )


REST = {
    "arm": False,
    "what changed": False,
    "parameters": True,
    "GFLOPs at 32\u00d732": True,
    "best epoch %": True,
    "effect by the best epoch, points (interval)": True,
    "held-out %": True,
    "95% over test images, points": True,
    "time a run": True,
}
"""The columns of `rest_table`, and whether they are numbers."""

RESULTS = (
    "effect by the best epoch, points (interval)",
    "held-out %",
    "95% over test images, points",
)
"""Those columns of which a single arm's value is a result; settings and costs are compared."""


def _telling(rows: list[Row]) -> list[int]:
    """Return which columns of `rest_table` say something."""
    values = [{str(row[i]) for row in rows} - {DASH} for i in range(len(REST))]
    return [
        i
        for i, (head, found) in enumerate(zip(REST, values, strict=True))
        if i < 2 or len(found) > (head not in RESULTS)
    ]


def _costs(runs: pd.DataFrame, effect: dict[str, Any], held_out: float) -> list[str]:
    """Return the columns of `rest_table` after the first two, for the runs of an arm."""
    return [
        count(runs["parameters"].iloc[0]),
        giga(runs["flops_per_image"].iloc[0]),
        mean_and_range(runs["best_test_accuracy"]),
        _effect(effect, len(runs), "best_") if effect else DASH,
        percent(held_out).rstrip("%"),
        interval(effect.get("image_low_points", NAN), effect.get("image_high_points", NAN)),
        duration(runs["seconds"].mean()),
    ]


NAN, NOTHING = float("nan"), [DASH] * 7
"""A missing number, and what `_costs` has of an arm that was not run."""


def _changed(
    name: str, ablation: dict[str, Any], arm: dict[str, Any], titles: dict[str, str]
) -> str:
    said = changes(arm["changes"], titles)
    if not said:
        own = ablation["design"] == "records" and arm is not ablation["arms"][0]
        said = f"see ablations/{name}.smk" if own else "nothing"
    if arm["also_changes"]:
        said += f"; also, outside the factor, {changes(arm['also_changes'], titles)}"
    return said


def _cost(mine: pd.DataFrame) -> str:
    counts = mine.groupby("run")["seed"].nunique()
    return (
        f"{plural(len(mine), 'run')}, {number_of_seeds(counts)} an arm, "
        f"{duration(mine['seconds'].sum())} of training, at most "
        f"{count(mine['images_seen'].max())} images seen."
    )
