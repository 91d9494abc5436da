"""Effects between arms: paired by seed, with intervals and the number behind them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from report.collect import RecordError, read_json

CONFIDENCE = 0.95

AGREEMENT = 1e-9
"""Standard errors below this are rounding: the differences are equal."""


@dataclass(frozen=True)
class Effect:
    """A mean difference with its interval; both NaN where too few pairs say nothing."""

    n: int
    difference: float
    low: float
    high: float
    p: float


def paired_effect(differences: NDArray[np.float64]) -> Effect:
    """Return the mean of paired differences with its 95% t interval and two-sided p.

    Student (1908), doi:10.2307/2331554. One pair has a difference but no interval; nor have pairs
    that all agree, for their spread says nothing about that of others.

    Parameters
    ----------
    differences
        Of shape (n,), one a seed.
    """
    n = len(differences)
    mean = float(np.mean(differences)) if n else float("nan")
    if n < 2:
        return Effect(n, mean, float("nan"), float("nan"), float("nan"))
    error = float(np.std(differences, ddof=1)) / np.sqrt(n)
    if error < AGREEMENT:
        return Effect(n, mean, float("nan"), float("nan"), float("nan"))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * error
    p = float(2 * stats.t.sf(abs(mean) / error, n - 1))
    return Effect(n, mean, mean - half, mean + half, p)


def accuracies(runs: pd.DataFrame, run: str, seeds: int) -> pd.Series:
    """Return a run's final test accuracies in percent, indexed by seed from 0 to ``seeds``."""
    mine = runs[(runs["run"] == run) & (runs["seed"] < seeds)]
    series: pd.Series = mine.set_index("seed")["final_test_accuracy"] * 100
    return series


def compare(study: dict[str, Any], runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row for every arm against its reference, in accuracy points.

    The reference is the ablation's base; on a ladder it is the rung below.
    """
    rows = []
    for name, ablation in study["ablations"].items():
        reference = ablation["arms"][0]
        for arm in ablation["arms"][1:]:
            a, b = (accuracies(runs, x["run"], ablation["seeds"]) for x in (arm, reference))
            effect = paired_effect((a - b).dropna().to_numpy(dtype=np.float64))
            rows.append(
                {
                    "ablation": name,
                    "arm": arm["name"],
                    "reference": reference["name"],
                    "run": arm["run"],
                    "reference_run": reference["run"],
                    **{f"{k}_points" if k in POINTS else k: v for k, v in asdict(effect).items()},
                }
            )
            if ablation["design"] == "ladder":
                reference = arm
    return pd.DataFrame(rows, columns=list(COLUMNS))


POINTS = ("difference", "low", "high")
COLUMNS = (
    "ablation",
    "arm",
    "reference",
    "run",
    "reference_run",
    "n",
    "difference_points",
    "low_points",
    "high_points",
    "p",
)
"""The columns of ``comparisons.csv``: differences in points of final test accuracy."""


def main(argv: list[str] | None = None) -> int:
    """Write ``tables/comparisons.csv``."""
    parser = argparse.ArgumentParser(prog="python -m report.statistics", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    folder = parser.parse_args(argv).folder
    try:
        study = read_json(folder / "study.json")
        table = compare(study, pd.read_csv(folder / "tables" / "runs.csv"))
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    table.to_csv(folder / "tables" / "comparisons.csv", index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
