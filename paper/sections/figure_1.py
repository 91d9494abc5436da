"""Figure 1 of the paper: the models that it tried, published beside measured."""

from __future__ import annotations

from typing import Any

import pandas as pd

from paper.models import figure1_rows
from report.page.picture import Picture
from report.page.printed_table import Cell, Printed, Row, mean_and_range, printed
from report.page.records import Records
from report.read.arms import name_of
from report.read.published import Published
from report.wording import DASH, count

TITLE = "Figure 1: the models that the paper tried"

ASSUMPTIONS = (
    "The paper doesn't say how the stems shrink the images. Rows 1 and 2 are run with the early "
    "notebook's stem (stride 2, then maxpool) and with the stride in a block's second convolution; "
    "row 3 is run in this way, and also at full resolution (no stride in the stem, no maxpool), "
    "with the stride in the first convolution, as in the final network."
)


def content(
    study: dict[str, Any],
    runs: pd.DataFrame,
    published: Published,
    records: Records,
    pictures: dict[str, list[Picture]],
) -> dict[str, Any]:
    """Return the table of the models, the figure where one was trained, and the assumptions."""
    table = figure1_table(study, runs, published, records)
    return {
        "these": pictures["figure-1"],
        "models": table,
        "assumptions": ASSUMPTIONS,
    }


def figure1_table(
    study: dict[str, Any], runs: pd.DataFrame, published: Published, records: Records
) -> Printed:
    """Return Figure 1 with the published numbers, and the measured ones if there are."""
    columns = {
        "row": False,
        "blocks; channels; strides; kernels": False,
        "parameters": True,
        "published %": True,
        "trained as": False,
        "best %, paper's metric": True,
        "last epoch %": True,
        "n": True,
    }
    rows: list[Row] = []
    for number, row, mine in figure1_rows(study, published):
        kernels = [row["kernels"]["stem"], *row["kernels"]["stages"]]
        lists = (row["blocks"], row["channels"], row["stage_strides"], kernels)
        said = "; ".join(",".join(map(str, values)) for values in lists)
        theirs: Row = [str(number), said, count(row["parameters"]), f"{row['accuracy_percent']}"]
        trained = [run for run in mine if (runs["run"] == run).any()]
        if not trained:
            rows.append([*theirs, "not run", DASH, DASH, DASH])
        for run in trained:
            found = runs[runs["run"] == run]
            rows.append(
                [
                    *theirs,
                    Cell(name_of(study, run), records.of(run)),
                    mean_and_range(found["best_notebook_test_accuracy"]),
                    mean_and_range(found["final_test_accuracy"]),
                    str(len(found)),
                ]
            )
    return printed(
        "Figure 1 of the paper, published beside measured. Channels and kernels list the stem "
        "first. Ranges in brackets are over seeds.",
        columns,
        rows,
    )
