"""Compute the tables of effects and of random variation: ``comparisons.csv``, ``spreads.csv``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from report.judge.statistics import Hits, correlation, image_interval, paired_effect, spreads
from report.read.files import RecordError, read_arrays
from report.read.records import read_study
from report.writing import write_csv


def optimism(epochs: pd.DataFrame) -> pd.DataFrame:
    """Return for each run and seed the best minus the last test accuracy, in percentage points.

    Parameters
    ----------
    epochs
        ``epochs.csv``.
    """
    by_seed = epochs.groupby(["run", "seed"], sort=False)["test_accuracy"]
    return ((by_seed.max() - by_seed.last()) * 100).rename("optimism_points").reset_index()


def accuracies(runs: pd.DataFrame, run: str, seeds: int) -> pd.Series:
    """Return a run's final test accuracies in percent, indexed by seed from 0 to ``seeds``."""
    mine = runs[(runs["run"] == run) & (runs["seed"] < seeds)]
    series: pd.Series = mine.set_index("seed")["final_test_accuracy"] * 100
    return series


POINTS = ("difference", "low", "high", "deviation", "detectable")
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
    "deviation_points",
    "sign_flip_p",
    "equivalence_p",
    "detectable_points",
    "correlation",
    "image_low_points",
    "image_high_points",
)
"""The columns of ``comparisons.csv``; differences of final test accuracy in percentage points."""


def compare(
    study: dict[str, Any], runs: pd.DataFrame, hits: dict[str, Hits] | None = None
) -> pd.DataFrame:
    """Return a row for the difference between every arm and its reference, in percentage points.

    The reference is the ablation's base; on a ladder it is the rung below.

    Parameters
    ----------
    study
        ``study.json``.
    runs
        ``runs.csv``.
    hits
        By ``<run>/seed<k>``, whether each test image was classified rightly.
    """
    rows = []
    for name, ablation in study["ablations"].items():
        reference = ablation["arms"][0]
        for arm in ablation["arms"][1:]:
            pair = (arm["run"], reference["run"])
            rows.append(
                {
                    "ablation": name,
                    "arm": arm["name"],
                    "reference": reference["name"],
                    "run": arm["run"],
                    "reference_run": reference["run"],
                    **_comparison(runs, pair, ablation["seeds"], hits or {}),
                }
            )
            if ablation["design"] == "ladder":
                reference = arm
    return pd.DataFrame(rows, columns=list(COLUMNS))


def variation(study: dict[str, Any], hits: dict[str, Hits]) -> pd.DataFrame:
    """Return ``spreads.csv``: by run, how far chance moves its accuracy, over seeds and images.

    Parameters
    ----------
    study
        ``study.json``.
    hits
        By ``<run>/seed<k>``, whether each test image was classified rightly.
    """
    rows = []
    for run, planned in study["runs"].items():
        answers = _answers(hits, run, range(planned["seeds"]))
        if len(answers):
            over_seeds, over_images = spreads(answers)
            rows.append(
                {
                    "run": run,
                    "n": len(answers),
                    "images": answers.shape[1],
                    "seeds_points": over_seeds,
                    "images_points": over_images,
                }
            )
    return pd.DataFrame(rows, columns=["run", "n", "images", "seeds_points", "images_points"])


def _comparison(
    runs: pd.DataFrame, pair: tuple[str, str], seeds: int, hits: dict[str, Hits]
) -> dict[str, float]:
    both = pd.concat([accuracies(runs, run, seeds) for run in pair], axis=1, join="inner")
    a, b = (both.iloc[:, i].to_numpy(dtype=np.float64) for i in (0, 1))
    effect = asdict(paired_effect(a - b))
    row = {f"{key}_points" if key in POINTS else key: v for key, v in effect.items()}
    row["correlation"] = correlation(a, b)
    answers = [_answers(hits, run, both.index) for run in pair]
    if all(len(found) for found in answers):
        low, high = image_interval(answers[0], answers[1])
        row |= {"image_low_points": low, "image_high_points": high}
    return row


def _answers(hits: dict[str, Hits], run: str, seeds: Any) -> Hits:
    found = [hits[f"{run}/seed{seed}"] for seed in seeds if f"{run}/seed{seed}" in hits]
    return np.stack(found) if found else np.zeros((0, 0), bool)


def write(study: dict[str, Any], runs: pd.DataFrame, hits: dict[str, Hits], folder: Path) -> None:
    """Write the tables of effects and of chance into ``folder``."""
    write_csv(compare(study, runs, hits), folder / "comparisons.csv")
    write_csv(variation(study, hits), folder / "spreads.csv")


def main(argv: list[str] | None = None) -> int:
    """Write ``tables/comparisons.csv`` and ``tables/spreads.csv``."""
    parser = argparse.ArgumentParser(
        prog="python -m report.judge.comparisons", description=main.__doc__
    )
    parser.add_argument("folder", type=Path, help="results/<scale>")
    folder = parser.parse_args(argv).folder
    try:
        study = read_study(folder)
        runs = pd.read_csv(folder / "tables" / "runs.csv")
        answers = read_arrays(folder / "tables" / "hits.npz")
        write(study, runs, answers, folder / "tables")
    except (RecordError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
