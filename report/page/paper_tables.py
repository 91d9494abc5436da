"""Make the paper's tables: Figure 1, the learning rates of Figure 2, and Figures 3 and 4."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.page.printed_table import Cell, Printed, Row, mean_and_range, printed, record_link
from report.read.tables import STAGES, Tables, figure1_rows, pixels_of
from report.wording import DASH, count


def figure1_table(tables: Tables) -> Printed:
    """Return Figure 1 with the published and the measured numbers of each row."""
    columns = {
        "row": False,
        "run": False,
        "blocks; channels; strides; kernels": False,
        "parameters, published": True,
        "parameters, ours": True,
        "published %": True,
        "best %, paper's metric": True,
        "best %, all images": True,
        "last %": True,
        "n": True,
    }
    rows: list[Row] = []
    for number, row, runs in figure1_rows(tables):
        kernels = [row["kernels"]["stem"], *row["kernels"]["stages"]]
        lists = (row["blocks"], row["channels"], row["stage_strides"], kernels)
        said = "; ".join(",".join(map(str, values)) for values in lists)
        for run in runs or [""]:
            mine = tables.runs[tables.runs["run"] == run]
            rows.append(
                [
                    str(number),
                    Cell(run, record_link(tables, run)) if run else "not run in this study",
                    said,
                    count(row["parameters"]),
                    count(mine["parameters"].iloc[0]) if len(mine) else DASH,
                    f"{row['accuracy_percent']}",
                    mean_and_range(mine["best_notebook_test_accuracy"]),
                    mean_and_range(mine["best_test_accuracy"]),
                    mean_and_range(mine["final_test_accuracy"]),
                    str(len(mine)),
                ]
            )
    return printed(
        "Figure 1 of the paper, published beside measured. Channels and kernels list the stem "
        "first. Ranges in brackets are over seeds.",
        columns,
        rows,
    )


def summary_table(layers: pd.DataFrame) -> Printed:
    """Return Figure 3: the layers that have parameters or change sizes, and the total."""
    columns = {"layer": False, "type": False, "output": False, "kernel": False}
    columns |= {"stride": False, "parameters": True, "MFLOPs": True}
    leaves = layers[layers["type"].isin(["Conv2d", "BatchNorm2d", "Linear", "MaxPool2d"])]
    rows: list[Row] = [
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
    return printed(
        "Figure 3: layers of the final model with output sizes (channels\u00d7height\u00d7width) "
        "for a 3\u00d732\u00d732 image. FLOPs count a multiplication and an addition as two.",
        columns,
        rows,
    )


def sizes(shape: Any) -> str:
    """Return ``32x16x16`` with real multiplication signs, or an empty text for no shape."""
    return str(shape).replace("x", "\u00d7") if isinstance(shape, str) else ""


def rates_table(tables: Tables) -> Printed:
    """Return the learning rates printed in Figure 2, those printed here, and those in use."""
    columns = {"epoch": True, "printed in the paper": True, "printed by get_lr(), ours": True}
    columns |= {"equal to the last digit": False, "in force in the last batch": True}
    figure = tables.published.facts["figure2"]
    ours = tables.rates.set_index("epoch")
    rows: list[Row] = []
    for epoch, theirs in zip(figure["epochs"], figure["learning_rate_printed"], strict=True):
        mine = float(ours.loc[epoch, "printed_learning_rate"])
        rows.append(
            [
                str(epoch),
                repr(theirs),
                repr(mine),
                "yes" if mine == theirs else "no",
                f"{ours.loc[epoch, 'learning_rate']:.6f}",
            ]
        )
    return printed("Learning rates after epochs 11 to 17, counted from 0.", columns, rows)


def structure_table(tables: Tables, layers: pd.DataFrame) -> Printed:
    """Return Figure 4: the sizes printed in the paper, and the real sizes."""
    columns = {"layer": False, "output, printed": False, "output, real": False}
    columns |= {"kernels, printed": False, "kernels, real": False}
    named = layers.set_index("name")
    rows: list[Row] = []
    for row in tables.published.facts["figure4"]["rows"]:
        ours = STAGES[row["layer"]]
        real = pixels_of(named, ours)
        rows.append(
            [
                row["layer"],
                sizes(row["output"]) if isinstance(row["output"], str) else str(row["output"]),
                Cell(sizes(real), strong=real != str(row["output"])),
                str(row.get("kernel", "")).replace("x", "\u00d7"),
                sizes(_kernels(named, ours)),
            ]
        )
    return printed(
        "Figure 4 of the paper: printed beside real. Sizes that differ are bold.", columns, rows
    )


def _kernels(named: pd.DataFrame, stage: str) -> str:
    """Return a stage's kernels in the paper's notation, such as ``(5x5 32, 5x5 32) x 2``."""
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
