"""Figure 2 of the paper: the final network's training, and the learning rates that it prints."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.page.picture import Picture
from report.page.printed_table import Printed, Row, printed
from report.read.arms import headline_runs
from report.read.published import Published
from report.wording import DASH

TITLE = "Figure 2: training the final network"

RATES = (
    "The notebook printed scheduler.get_lr() after each epoch. Between steps that call returns the "
    "recursion's next value, not the rate in force. Simulating the published protocol (cosine with "
    "T_max 25 from 0.1 to 0.0001, stepped after each of an epoch's 1,562 batches) gives what the "
    "paper printed; the rate in force was another."
)


def content(
    study: dict[str, Any],
    epochs: pd.DataFrame,
    rates: pd.DataFrame,
    published: Published,
    pictures: dict[str, list[Picture]],
) -> dict[str, Any]:
    """Return the figure, both logs, and the table of learning rates."""
    runs = headline_runs(study, epochs["run"])
    theirs = published.logs.query("run == 'final' and 11 <= epoch <= 17")
    mine = epochs[epochs["run"].isin(runs[:1])]
    seed = None if mine.empty else int(mine["seed"].min())
    return {
        "these": pictures["figure-2"],
        "log_published": log_lines(theirs, "printed_lr"),
        "log_ours": log_lines(mine[mine["seed"] == seed], "printed_learning_rate", last=7),
        "seed": seed,
        "note": RATES,
        "rates": rates_table(rates, published),
    }


def rates_table(rates: pd.DataFrame, published: Published) -> Printed:
    """Return the learning rates printed in Figure 2, those printed here, and those in use."""
    columns = {"epoch": True, "printed in the paper": True, "printed by get_lr(), ours": True}
    columns |= {"equal to the last digit": False, "in force in the last batch": True}
    figure = published.facts["figure2"]
    ours = rates.set_index("epoch")
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


def log_lines(epochs: pd.DataFrame, rate: str, last: int | None = None) -> str:
    """Return all epochs, or the ``last`` ones, in the format of the log in the paper's Figure 2."""
    lines = []
    epochs = epochs.assign(so_far=epochs["test_accuracy"].cummax())
    for _, row in epochs.iloc[-last if last else 0 :].iterrows():
        lines += [
            f"Epoch: {row['epoch']:.0f} LR: [{float(row[rate])!r}]",
            f"Train Loss: {row['train_loss']:.3f} | Train Acc: {row['train_accuracy']:.2%}",
            f"Val. Loss: {row['test_loss']:.3f} | Val Acc: {row['test_accuracy']:.2%}",
            f"Current best Val Acc: {float(row.get('best_test_accuracy_so_far', row['so_far']))!r}",
        ]
    return "\n".join(lines).replace("nan", DASH)
