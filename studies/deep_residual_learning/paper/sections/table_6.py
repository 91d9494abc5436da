"""Table 6 of the paper: residual networks by depth, published beside measured."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.page.printed_table import Cell, Printed, Row, mean_and_range, printed
from report.page.records import Records
from report.read.arms import name_of
from report.read.published import Published
from report.wording import DASH, count
from studies.deep_residual_learning.paper.networks import runs_by_layers

TITLE = "Table 6: residual networks by depth"


def content(
    study: dict[str, Any],
    runs: pd.DataFrame,
    networks: pd.DataFrame,
    published: Published,
    records: Records,
) -> dict[str, Any]:
    """Return the table, with the parameters as declared and the errors of what was trained."""
    return {"networks": table_6(study, runs, networks, published, records)}


def table_6(
    study: dict[str, Any],
    runs: pd.DataFrame,
    networks: pd.DataFrame,
    published: Published,
    records: Records,
) -> Printed:
    """Return Table 6 with the published numbers, and the measured ones if there are."""
    columns = {
        "layers": True,
        "parameters, published": True,
        "parameters": True,
        "error %, published": True,
        "run": False,
        "images seen": True,
        "error %, last epoch": True,
        "n": True,
    }
    trained, declared = runs_by_layers(study, shortcuts=True), parameters(networks)
    length = published.facts["headline"]["images_seen"]
    rows: list[Row] = []
    for row in published.facts["table6"]["rows"]:
        layers = int(row["layers"])
        run = trained.get(layers, "")
        mine = runs[runs["run"] == run]
        number = declared.get(layers)
        rows.append(
            [
                str(layers),
                f"{row['parameters_millions']:g} million",
                DASH if number is None else count(number),
                f"{row['error_percent']:.2f}",
                Cell(name_of(study, run), records.of(run)) if len(mine) else "not run",
                count(mine["images_seen"].max()) if len(mine) else DASH,
                mean_and_range(1 - mine["final_test_accuracy"]) if len(mine) else DASH,
                str(len(mine)) if len(mine) else DASH,
            ]
        )
    return printed(
        "Table 6 of the paper, published beside measured. Parameters are counted in the declared "
        f"networks, for ten classes. The published networks saw {count(length)} images in "
        "training; errors after fewer can't be compared with theirs. Ranges in brackets are over "
        "seeds.",
        columns,
        rows,
    )


def parameters(networks: pd.DataFrame) -> dict[int, int]:
    """Return the number of parameters of each declared network, by its layers.

    Layers are counted as the paper does: convolutions and linear layers.
    """
    found: dict[int, int] = {}
    for arm, rows in networks.groupby("arm", sort=False):
        if not str(arm).startswith(("residual", "base.residual")):
            continue
        layers = int(rows["type"].isin(["Conv2d", "Linear"]).sum())
        found[layers] = int(rows["parameters"].iloc[0])
    return found
