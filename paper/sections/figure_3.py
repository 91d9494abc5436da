"""Figures 3 and 4 of the paper: the layers of the final network, and their sizes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.page.printed_table import Cell, Printed, Row, printed
from report.read.published import Published
from report.read.tables import pixels_of
from report.wording import count

TITLE = "Figures 3 and 4: the final network"

FINAL = "base.final"
"""The name of the paper's final network in ``networks.csv``."""


def content(networks: pd.DataFrame, published: Published) -> dict[str, Any]:
    """Return the layers with subtotals by stage, and the printed sizes beside the real ones."""
    layers = networks[networks["arm"] == FINAL]
    parameters = count(published.facts["headline"]["parameters"])
    return {
        "parameters": parameters,
        "summary": summary_table(layers),
        "structure": structure_table(published, layers),
        "note": (
            f"The printed sizes contradict the model that has {parameters} parameters and no "
            "maxpool: its real sizes stand beside them."
        ),
    }


LEAVES = ("Conv2d", "BatchNorm2d", "Linear", "MaxPool2d")


def summary_table(layers: pd.DataFrame) -> Printed:
    """Return Figure 3: the layers that have parameters or change sizes, subtotals and the total."""
    columns = {"layer": False, "type": False, "output": False, "kernel": False}
    columns |= {"stride": False, "parameters": True, "MFLOPs": True}
    rows: list[Row] = []
    stage = None
    for row in layers.to_dict("records"):
        if row["depth"] == 1 and row["type"] == "Sequential":
            stage = row
            rows.append(_sums(f"stage {str(row['name']).removeprefix('layer')}", row))
        elif row["type"] in LEAVES:
            inside = stage is not None and str(row["name"]).startswith(f"{stage['name']}.")
            rows.append(_layer(row, "\u2003" if inside else ""))
    rows.append(_sums("total", layers.iloc[0]))
    return printed(
        "Figure 3: layers of the final network with output sizes (channels\u00d7height\u00d7width) "
        "for a 3\u00d732\u00d732 image, and the sums of each stage. FLOPs count a multiplication "
        "and an addition as two.",
        columns,
        rows,
    )


def _layer(row: Any, indent: str) -> Row:
    return [
        indent + row["name"],
        row["type"],
        sizes(row["output_shape"]),
        sizes(row["kernel"]),
        sizes(row["stride"]),
        count(row["parameters"]),
        f"{row['flops'] / 1e6:.1f}",
    ]


def _sums(name: str, row: Any) -> Row:
    numbers = (count(row["parameters"]), f"{row['flops'] / 1e6:.1f}")
    size = "" if name == "total" else sizes(row["output_shape"])
    texts = (name, "", size, "", "", *numbers)
    return [Cell(text, strong=True) for text in texts]


def sizes(shape: Any) -> str:
    """Return ``32x16x16`` with real multiplication signs, or an empty text for no shape."""
    return str(shape).replace("x", "\u00d7") if isinstance(shape, str) else ""


def structure_table(published: Published, layers: pd.DataFrame) -> Printed:
    """Return Figure 4: the sizes printed in the paper, and the real sizes."""
    columns = {"layer": False, "output, printed": False, "output, real": False}
    columns |= {"kernels, printed": False, "kernels, real": False}
    named = layers.set_index("name")
    modules = published.tests["figure4-sizes"]["exact"][0]["modules"]
    rows: list[Row] = []
    for row in published.facts["figure4"]["rows"]:
        ours = modules[row["layer"]]
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
