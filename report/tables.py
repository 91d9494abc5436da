"""The study's tables as the report reads them, and the tables that it prints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from report import published
from report.collect import read_json
from report.wording import DASH, changes, count, duration, giga, interval, percent, signed


@dataclass(frozen=True)
class Tables:
    """What the report is made of: the study, its tables, and what the paper published.

    ``root`` leads from the page to ``results/<scale>``.
    """

    study: dict[str, Any]
    runs: pd.DataFrame
    epochs: pd.DataFrame
    layers: pd.DataFrame
    rates: pd.DataFrame
    comparisons: pd.DataFrame
    spreads: pd.DataFrame
    gaps: pd.DataFrame
    published: published.Published
    root: str = ".."


def read_tables(folder: Path, tables: Path | None = None) -> Tables:
    """Return the tables of ``results/<scale>``, or those in the folder ``tables``."""
    tables = tables or folder / "tables"
    read = {
        name: pd.read_csv(tables / f"{name}.csv")
        for name in ("runs", "epochs", "layers", "comparisons", "spreads", "gaps")
    }
    return Tables(
        study=read_json(folder / "study.json"),
        published=published.load(),
        rates=pd.read_csv(folder / "tables" / "rates.csv"),
        root=".." if tables.parent == folder else "../..",
        **read,
    )


def figure1_rows(tables: Tables) -> list[tuple[int, dict[str, Any], list[str]]]:
    """Return each row of Figure 1 with its number and the runs that train its model."""
    facts = tables.published.facts["figure1"]["rows"]
    runs = tables.study["runs"].items()
    configs = {run: planned["config"] for run, planned in runs if planned["config"]}
    return [
        (
            number,
            row,
            [r for r, c in configs.items() if published.same_model(row, c["model"]) and _like(c)],
        )
        for number, row in enumerate(facts, 1)
    ]


def _like(config: dict[str, Any]) -> bool:
    """Return whether a config trains as Figure 1 says: Adam at 0.001, batch 64, as they are."""
    optimizer = config["optimizer"]
    trained = (optimizer["name"], optimizer["learning_rate"], config["batch_size"])
    return trained == ("adam", 0.001, 64) and config["augmentation"]["copies"] == [[]]


def final_run(tables: Tables) -> str:
    """Return the run of the paper's final model and protocol: the base, or the longest there is."""
    if "base.final" in tables.study["runs"]:
        return "base.final"
    candidates = [
        (planned["config"]["budget"]["images_seen"], run)
        for run, planned in tables.study["runs"].items()
        if run.startswith("base.final")
    ]
    return max(candidates)[1] if candidates else "base.final"


# --- printed tables -------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A cell's text, perhaps with a link; ``strong`` marks the one that matters."""

    text: str
    link: str | None = None
    strong: bool = False


@dataclass(frozen=True)
class Printed:
    """A table to print: column heads, which of them hold numbers, and rows of cells."""

    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: list[list[Cell]]


def _printed(columns: dict[str, bool], rows: list[list[str | Cell]]) -> Printed:
    cells = [[c if isinstance(c, Cell) else Cell(c) for c in row] for row in rows]
    return Printed(tuple(columns), tuple(columns.values()), cells)


def record_link(tables: Tables, run: str, seed: int = 0) -> str:
    """Return the link from the page to a run record's summary."""
    return f"{tables.root}/runs/{run}/seed{seed}/summary.json"


def mean_and_range(values: pd.Series) -> str:
    """Return percentages as ``91.05 (90.80 to 91.30)``, or a dash for none."""
    if values.empty:
        return DASH
    text = f"{values.mean() * 100:.2f}"
    if len(values) > 1:
        text += f" ({values.min() * 100:.2f} to {values.max() * 100:.2f})"
    return text


def figure1_table(tables: Tables) -> Printed:
    """Return Figure 1 with the published and the measured numbers of each row."""
    columns = {
        "row": False,
        "run": False,
        "blocks": False,
        "channels": False,
        "strides": False,
        "kernels": False,
        "parameters, published": True,
        "parameters, ours": True,
        "published %": True,
        "best %, paper's metric": True,
        "best %, all images": True,
        "last %": True,
        "n": True,
    }
    rows: list[list[str | Cell]] = []
    for number, row, runs in figure1_rows(tables):
        kernels = [row["kernels"]["stem"], *row["kernels"]["stages"]]
        lists = (row["blocks"], row["channels"], row["stage_strides"], kernels)
        said = [",".join(map(str, values)) for values in lists]
        for run in runs or [""]:
            mine = tables.runs[tables.runs["run"] == run]
            rows.append(
                [
                    str(number),
                    Cell(run, record_link(tables, run)) if run else "not run in this study",
                    *said,
                    count(row["parameters"]),
                    count(mine["parameters"].iloc[0]) if len(mine) else DASH,
                    f"{row['accuracy_percent']}",
                    mean_and_range(mine["best_notebook_test_accuracy"]),
                    mean_and_range(mine["best_test_accuracy"]),
                    mean_and_range(mine["final_test_accuracy"]),
                    str(len(mine)),
                ]
            )
    return _printed(columns, rows)


def summary_table(layers: pd.DataFrame) -> Printed:
    """Return Figure 3: the layers that hold parameters or change sizes, ending in the total."""
    columns = {"layer": False, "type": False, "output": False, "kernel": False}
    columns |= {"stride": False, "parameters": True, "MFLOPs": True}
    leaves = layers[layers["type"].isin(["Conv2d", "BatchNorm2d", "Linear", "MaxPool2d"])]
    rows: list[list[str | Cell]] = [
        [
            row["name"],
            row["type"],
            sizes(row["output_shape"]),
            sizes(row["kernel"]),
            sizes(row["stride"]),
            count(row["parameters"]),
            f"{row['flops'] / 1e6:.1f}",
        ]
        for row in leaves.to_dict("records")
    ]
    total = layers.iloc[0]
    last = [count(total["parameters"]), f"{total['flops'] / 1e6:.1f}"]
    rows.append(["total", *[""] * 4, *(Cell(text, strong=True) for text in last)])
    return _printed(columns, rows)


def sizes(shape: Any) -> str:
    """Return ``32x16x16`` with real multiplication signs, or nothing for no shape."""
    return str(shape).replace("x", "\u00d7") if isinstance(shape, str) else ""


def rates_table(tables: Tables) -> Printed:
    """Return Figure 2's printed rates, ours, and the rates that were in force."""
    columns = {"epoch": True, "printed in the paper": True, "printed by get_lr(), ours": True}
    columns |= {"equal": False, "in force in the last batch": True}
    figure = tables.published.facts["figure2"]
    ours = tables.rates.set_index("epoch")
    rows: list[list[str | Cell]] = []
    for epoch, printed in zip(figure["epochs"], figure["learning_rate_printed"], strict=True):
        mine = float(ours.loc[epoch, "printed_learning_rate"])
        rows.append(
            [
                str(epoch),
                repr(printed),
                repr(mine),
                "yes, to the last digit" if mine == printed else "no",
                f"{ours.loc[epoch, 'learning_rate']:.6f}",
            ]
        )
    return _printed(columns, rows)


STAGES = {
    "conv1": "conv1",
    "conv2_x": "layer1",
    "conv3_x": "layer2",
    "conv4_x": "layer3",
    "conv5_x": "layer4",
    "average pool": "avgpool",
    "fc": "fc",
}
"""The paper's names of the stages (Figure 4) and ours."""


def structure_table(tables: Tables, layers: pd.DataFrame) -> Printed:
    """Return Figure 4: the sizes that the paper prints beside the real ones."""
    columns = {"layer": False, "output, printed": False, "output, real": False}
    columns |= {"kernels, printed": False, "kernels, real": False}
    named = layers.set_index("name")
    rows: list[list[str | Cell]] = []
    for row in tables.published.facts["figure4"]["rows"]:
        ours = STAGES[row["layer"]]
        real = _pixels(named, ours)
        rows.append(
            [
                row["layer"],
                sizes(row["output"]) if isinstance(row["output"], str) else str(row["output"]),
                Cell(sizes(real), strong=real != str(row["output"])),
                str(row.get("kernel", "")).replace("x", "\u00d7"),
                sizes(_kernels(named, ours)),
            ]
        )
    return _printed(columns, rows)


def _pixels(named: pd.DataFrame, stage: str) -> str:
    """Return a stage's output size as ``16x16``, or its number of outputs."""
    channels, _, pixels = str(named.loc[stage, "output_shape"]).partition("x")
    return pixels or channels


def sizes_of_figure4(tables: Tables, run: str) -> list[tuple[str, str, str]]:
    """Return each layer of Figure 4 with its printed size and that of the run's network."""
    named = tables.layers[tables.layers["run"] == run].set_index("name")
    return [
        (row["layer"], str(row["output"]), _pixels(named, STAGES[row["layer"]]))
        for row in tables.published.facts["figure4"]["rows"]
    ]


def _kernels(named: pd.DataFrame, stage: str) -> str:
    """Return a stage's kernels in the paper's form: ``(5x5 32, 5x5 32) x 2``."""
    if stage == "conv1":
        row = named.loc[stage]
        channels = row["output_shape"].partition("x")[0]
        return f"{row['kernel']}, {channels}, stride {str(row['stride']).partition('x')[0]}"
    block = named[named.index.str.fullmatch(rf"{stage}\.0\.conv\d+")]
    if block.empty:
        if stage != "fc":
            return ""
        outputs = int(named.loc[stage, "output_shape"])
        inputs = (int(named.loc[stage, "parameters"]) - outputs) // outputs
        return f"{inputs} \u2192 {outputs}"
    inside = ", ".join(
        f"{row.kernel} {row.output_shape.partition('x')[0]}" for row in block.itertuples()
    )
    blocks = named.index.str.fullmatch(rf"{stage}\.\d+").sum()
    return f"({inside}) x {blocks}"


def ablation_table(tables: Tables, name: str) -> Printed:
    """Return an ablation's arms: what changed, cost, accuracies, and the effect."""
    columns = {
        "arm": False,
        "what changed": False,
        "parameters": True,
        "GFLOPs at 32\u00d732": True,
        "last epoch %": True,
        "best epoch %": True,
        "against": False,
        "effect, points": True,
        "95% interval": True,
        "n": True,
        "time a run": True,
    }
    ablation = tables.study["ablations"][name]
    effects = tables.comparisons.query("ablation == @name").set_index("arm")
    chosen_by = held_out_accuracies(tables)
    if any(arm["run"] in chosen_by for arm in ablation["arms"]):
        columns["held-out %"] = True
    rows: list[list[str | Cell]] = []
    for arm in ablation["arms"]:
        mine = tables.runs.query("run == @arm['run'] and seed < @ablation['seeds']")
        diverged = int((mine["status"] == "diverged").sum())
        changed = changes(arm["changes"])
        if not changed:
            own = ablation["design"] == "records" and arm is not ablation["arms"][0]
            changed = f"see ablations/{name}.smk" if own else f"nothing (base {ablation['base']})"
        if arm["also_changes"]:
            changed += f"; also, outside the factor, {changes(arm['also_changes'])}"
        effect = effects.loc[arm["name"]] if arm["name"] in effects.index else None
        row: list[str | Cell] = [
            Cell(arm["name"], record_link(tables, arm["run"], int(mine["seed"].min())))
            if len(mine)
            else f"{arm['name']} (no run is finished)",
            changed,
            count(mine["parameters"].iloc[0]) if len(mine) else DASH,
            giga(mine["flops_per_image"].iloc[0]) if len(mine) else DASH,
            mean_and_range(mine["final_test_accuracy"]),
            mean_and_range(mine["best_test_accuracy"]),
            str(effect["reference"]) if effect is not None else "",
            signed(effect["difference_points"]) if effect is not None else "",
            interval(effect["low_points"], effect["high_points"]) if effect is not None else "",
            f"{len(mine)}, {diverged} diverged" if diverged else str(len(mine)),
            duration(mine["seconds"].mean()) if len(mine) else DASH,
        ]
        if "held-out %" in columns:
            held_out = chosen_by.get(arm["run"], float("nan"))
            row.append(percent(held_out).rstrip("%"))
        rows.append(row)
    return _printed(columns, rows)


def held_out_accuracies(tables: Tables) -> dict[str, float]:
    """Return the mean held-out accuracy after the last epoch, of the runs that hold images out."""
    if "held_out_accuracy" not in tables.epochs:
        return {}
    last = tables.epochs.groupby(["run", "seed"], sort=False).tail(1)
    means = last.dropna(subset="held_out_accuracy").groupby("run")["held_out_accuracy"].mean()
    return {str(run): float(value) for run, value in means.items()}


def runs_table(tables: Tables) -> Printed:
    """Return every run of every seed, each linked to its record."""
    columns = {"run": False, "seed": True, "status": False, "images seen": True}
    columns |= {"last epoch": True, "best epoch": True, "best, notebook's average": True}
    columns |= {"train, as is": True, "seconds": True}
    rows: list[list[str | Cell]] = [
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
    return _printed(columns, rows)


def ablation_findings(tables: Tables, name: str) -> list[str]:
    """Return a sentence for each arm: the effect, its interval, and what that tells.

    Where images were held out, the first sentence names the arm that they choose.
    """
    rows = tables.comparisons.query("ablation == @name").to_dict("records")
    return [
        *_choice(tables, name),
        *(_finding(row) for row in rows),
        *_diverged(tables, name),
        *_unlike(tables, name),
    ]


def _members(tables: Tables, name: str) -> pd.DataFrame:
    """Return the runs of an ablation's arms and base, those of its own seeds."""
    ablation = tables.study["ablations"][name]
    runs = {arm["run"] for arm in ablation["arms"]}
    mine = tables.runs
    return mine[mine["run"].isin(runs) & (mine["seed"] < ablation["seeds"])]


def _diverged(tables: Tables, name: str) -> list[str]:
    mine = _members(tables, name)
    return [
        f"{row['run']}, seed {row['seed']}, diverged in epoch {row['epochs'] - 1} of those counted "
        f"from 0; the last finite loss of a batch was {row['last_finite_train_loss']:.3g}."
        for row in mine[mine["status"] == "diverged"].to_dict("records")
    ]


def _unlike(tables: Tables, name: str) -> list[str]:
    """Return a warning where runs that are compared were not trained alike."""
    mine = _members(tables, name)
    unlike = [
        f"{word} ({', '.join(map(str, mine[column].drop_duplicates()))})"
        for column, word in ORIGINS.items()
        if mine[column].nunique() > 1
    ]
    return [f"Not all of these runs were trained alike: {'; '.join(unlike)}."] if unlike else []


ORIGINS = {
    "precision": "precision",
    "device": "device",
    "threads": "threads",
    "versions": "versions",
}
"""Columns of ``runs.csv`` in which runs that are compared should agree, as a reader calls them."""


def _choice(tables: Tables, name: str) -> list[str]:
    accuracies = held_out_accuracies(tables)
    arms = tables.study["ablations"][name]["arms"]
    held_out = {a["name"]: accuracies[a["run"]] for a in arms if a["run"] in accuracies}
    if len(held_out) < 2:
        return []
    best = max(held_out, key=lambda arm: held_out[arm])
    return [
        f"Chosen on held-out images, not on the test images: {best}, with "
        f"{percent(held_out[best])} of them right on average."
    ]


def _finding(row: dict[str, Any]) -> str:
    effect = f"{row['arm']} against {row['reference']}: {signed(row['difference_points'])} points"
    low, high, n = row["low_points"], row["high_points"], row["n"]
    if n < 1:
        return f"{row['arm']} against {row['reference']}: no pair of runs is finished."
    if n < 2:
        return f"{effect} from one seed, which can't tell an effect from chance."
    if math.isnan(low):
        return f"{effect} in each of {n} seeds: equal differences give no interval."
    effect += f", 95% interval {interval(low, high)} (n = {n} seeds)"
    if low <= 0 <= high:
        return f"{effect}: an effect of either sign remains possible."
    return f"{effect}: {'better' if low > 0 else 'worse'} on this data and budget."
