"""How to cite the paper and this study, and the works that the report refers to."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.read.published import Published
from report.wording import listed

TITLE = "How to cite, and references"


def content(
    study: dict[str, Any], runs: pd.DataFrame, published: Published, date: str
) -> dict[str, Any]:
    """Return the citations and the references."""
    facts = published.facts
    return {
        "sentences": citation(study, runs, published, date),
        "authors": ", ".join(facts["authors"]),
        "title_of_paper": facts["title"],
        "address": facts["address"],
        "references": [
            *REFERENCES,
            *((it["work"], it["address"]) for it in facts.get("references", ())),
        ],
    }


REFERENCES = (
    (
        "A. Krizhevsky. Learning Multiple Layers of Features from Tiny Images. Technical report, "
        "University of Toronto, 2009.",
        "https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    (
        "S. Holm. A Simple Sequentially Rejective Multiple Test Procedure. Scandinavian Journal of "
        "Statistics 6:65-70, 1979.",
        "https://www.jstor.org/stable/4615733",
    ),
    (
        "D. J. Schuirmann. A comparison of the two one-sided tests procedure and the power "
        "approach for assessing the equivalence of average bioavailability. Journal of "
        "Pharmacokinetics and Biopharmaceutics 15:657-680, 1987.",
        "https://doi.org/10.1007/BF01068419",
    ),
)
"""The cited works and their addresses; the paper itself comes first, what it builds on last."""


def commits_of(runs: pd.DataFrame) -> list[str]:
    """Return the commits of the runs, shortened, each with ``+changes`` if there were any."""
    parts = (str(commit).partition("+") for commit in runs["commit"])
    return list(dict.fromkeys(f"{name[:12]}{plus}{rest}" for name, plus, rest in parts))


def citation(
    study: dict[str, Any], runs: pd.DataFrame, published: Published, date: str
) -> list[str]:
    """Return how to cite the paper, and this reproduction of it."""
    facts = published.facts
    authors = ", ".join(facts["authors"])
    return [
        f"The paper: {authors}. {facts['title']}. {facts['address']}",
        f"This reproduction: The modified-resnet contributors. {facts['title']}, reproduced. Scale "
        f"{study['scale']['name']}, {date}, commit "
        f"{listed(commits_of(runs))}.",
    ]
