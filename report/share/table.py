"""The ablations as a LaTeX table for somebody's own paper, with booktabs."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.page.escape import escape
from report.read.arms import label_of
from report.read.tables import belonging
from report.wording import DASH, interval, signed

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
                body.append(_row(ablation, arm, float(means[arm["run"]]), effect, number, best))
    long = sum(row != r"\midrule" for row in body) > MOST_ROWS
    package, kind = (",longtable", "longtable") if long else ("", "tabular")
    return "\n".join(
        [
            "% Test accuracy after the last epoch (mean over seeds) and effects paired by seed,",
            "% with their interval, not widened for the number of arms; n is that of the accuracy.",
            "% The highest mean of each ablation is bold.",
            rf"% Needs \usepackage{{booktabs,amssymb{package}}}.",
            *(
                ["% longtable has no place in two columns of text, nor in a table environment."]
                * long
            ),
            r"\providecommand{\transliterated}[1]{#1}",
            rf"\begin{{{kind}}}{{@{{}}lrrr@{{}}}}",
            *HEADS,
            *(
                [r"\endfirsthead", *HEADS, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot"]
                * long
            ),
            *body,
            *([r"\bottomrule"] * (not long)),
            rf"\end{{{kind}}}",
            "",
        ]
    )


def _row(
    ablation: dict[str, Any],
    arm: dict[str, Any],
    mean: float,
    effect: pd.Series | None,
    number: int,
    best: bool,
) -> str:
    first = arm is ablation["arms"][0]
    name = escape(f"the base {ablation['base']}" if first else label_of(arm))
    accuracy = f"{mean * 100:.2f}"
    said = ""
    if effect is not None:
        ends = interval(effect["low_points"], effect["high_points"])
        said = signed(effect["difference_points"]) + ("" if ends == DASH else f" ({ends})")
    shown = rf"\textbf{{{accuracy}}}" if best else accuracy
    return rf"\quad {name} & {shown} & {escape(said)} & {number} \\"
