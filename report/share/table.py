"""The ablations as a LaTeX table for somebody's own paper, with booktabs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.page.escape import escape
from report.read.arms import label_of
from report.read.tables import belonging
from report.wording import DASH, interval, signed

NOTE = (
    "% Test accuracy after the last epoch (mean over seeds) and effects paired by seed,",
    "% with their interval, not widened for the number of arms; n is that of the accuracy.",
    "% An effect is against the first row of its ablation, on a ladder against the row above.",
    "% The highest mean of each ablation is bold.",
    r"\providecommand{\transliterated}[1]{#1}",
)
"""What a table begins with; the command is for letters that LaTeX's fonts don't have."""

HEADS = (r"\toprule", r" & accuracy (\%) & effect (points) & n \\")

MOST_ROWS = 50
"""Maximum number of rows and titles of a table on one page; a longer one goes on over pages."""


def ablations_table(study: dict[str, Any], runs: pd.DataFrame, comparisons: pd.DataFrame) -> str:
    """Return a table of every arm that ran: accuracy, effect with its interval, and n.

    The highest mean of each ablation is bold. What the preamble needs is said in a comment.
    """
    body: list[str] = []
    for name, ablation in study["ablations"].items():
        mine = belonging(study, name, runs)
        means = mine.groupby("run")["final_test_accuracy"].mean()
        if len(means) < 2:
            continue
        effects = comparisons[comparisons["ablation"] == name].set_index("arm")
        body += [
            r"\midrule",
            rf"\multicolumn{{4}}{{@{{}}l}}{{\textit{{{escape(ablation['title'])}}}}} \\",
        ]
        for arm in ablation["arms"]:
            if arm["run"] in means.index:
                effect = effects.loc[arm["name"]] if arm["name"] in effects.index else None
                number = int((mine["run"] == arm["run"]).sum())
                best = means[arm["run"]] == means.max()
                body.append(_row(arm, float(means[arm["run"]]), effect, number, best))
    return "\n".join([*NOTE, *_environment(body), ""])


def _environment(body: list[str]) -> list[str]:
    """Return the rows in a tabular, or in a longtable if they don't fit on a page."""
    if sum(row != r"\midrule" for row in body) <= MOST_ROWS:
        return [
            r"% Needs \usepackage{booktabs,amssymb}.",
            r"\begin{tabular}{@{}lrrr@{}}",
            *HEADS,
            *body,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    return [
        r"% Needs \usepackage{booktabs,amssymb,longtable}.",
        "% longtable has no place in two columns of text, nor in a table environment.",
        r"\begin{longtable}{@{}lrrr@{}}",
        *HEADS,
        r"\endfirsthead",
        *HEADS,
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endfoot",
        *body,
        r"\end{longtable}",
    ]


def _row(
    arm: dict[str, Any],
    mean: float,
    effect: pd.Series | None,
    number: int,
    best: bool,
) -> str:
    name = escape(label_of(arm))
    accuracy = f"{mean * 100:.2f}"
    said = ""
    if effect is not None:
        ends = interval(effect["low_points"], effect["high_points"])
        said = signed(effect["difference_points"]) + ("" if ends == DASH else f" ({ends})")
    shown = rf"\textbf{{{accuracy}}}" if best else accuracy
    return rf"\quad {name} & {shown} & {escape(said)} & {number} \\"
