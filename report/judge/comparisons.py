"""Compute the tables of effects and of random variation: ``comparisons.csv``, ``spreads.csv``."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from report.judge.families import levels
from report.judge.pairs import Pairs, pairs_of
from report.judge.statistics.effects import SIGNIFICANCE, Effect, correlation, sign_flip_p
from report.judge.statistics.images import Hits, image_interval, spreads
from report.judge.statistics.power import detectable
from report.read.arms import looks_of, with_references
from report.read.files import RecordError, read_arrays
from report.read.published import published_of
from report.read.study import read_study
from report.writing import write_csv


def optimism(epochs: pd.DataFrame) -> pd.DataFrame:
    """Return for each run and seed the best minus the last test accuracy, in percentage points.

    A run of one epoch leaves no choice, and has no row.

    Parameters
    ----------
    epochs
        ``epochs.csv``.
    """
    several = epochs[epochs.groupby(["run", "seed"])["test_accuracy"].transform("size") > 1]
    by_seed = several.groupby(["run", "seed"], sort=False)["test_accuracy"]
    return ((by_seed.max() - by_seed.last()) * 100).rename("optimism_points").reset_index()


COLUMNS = (
    "ablation",
    "arm",
    "reference",
    "run",
    "reference_run",
    "n",
    "look",
    "level",
    "difference_points",
    "low_points",
    "high_points",
    "best_difference_points",
    "best_low_points",
    "best_high_points",
    "p",
    "deviation_points",
    "sign_flip_p",
    "equivalence_p",
    "decides_at",
    "detectable_points",
    "correlation",
    "image_low_points",
    "image_high_points",
    "missing",
    "unlike_seeds",
    "diverged",
    "finite_n",
    "finite_difference_points",
    "finite_low_points",
    "finite_high_points",
)
"""The columns of ``comparisons.csv``; differences of final test accuracy in percentage points.

``look`` is the declared number of seeds that the row has seen, or empty before the first look, when
the row has all pairs; ``level`` is the confidence of the interval. ``decides_at`` is the
significance at which a claim about the effect is decided at first, after all adjustments. The
columns ``best_`` have the effect on the accuracy of the best epoch, which decides nothing.
``missing``, ``unlike_seeds`` and ``diverged`` name runs without a record, seeds that couldn't be
paired, and runs that diverged; the columns ``finite_`` have the effect without the diverged runs.
"""


def repeated(comparisons: pd.DataFrame) -> pd.Series:
    """Return whether each row compares two runs that a row above it compares, either way round."""
    pairs = zip(comparisons["run"], comparisons["reference_run"], strict=True)
    both = ["/".join(sorted(map(str, pair))) for pair in pairs]
    return pd.Series(both, index=comparisons.index, dtype=str).duplicated()


def compare(
    study: dict[str, Any],
    runs: pd.DataFrame,
    hits: dict[str, Hits] | None = None,
    decides_at: dict[str, float] | None = None,
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
    decides_at
        By ``ablation.arm``, the significance at which claims about the arm are decided.
    """
    rows = []
    for name, ablation in study["ablations"].items():
        for arm, reference in with_references(ablation):
            members = arm["run"], reference["run"], looks_of(ablation)
            pairs = pairs_of(study, runs, *members)
            best = pairs_of(study, runs, *members, "best_test_accuracy").effect
            level = (decides_at or {}).get(f"{name}.{arm['name']}", SIGNIFICANCE)
            answers = (arm["run"], reference["run"])
            rows.append(
                {
                    "ablation": name,
                    "arm": arm["name"],
                    "reference": reference["name"],
                    "run": arm["run"],
                    "reference_run": reference["run"],
                    **_numbers(pairs, level),
                    **_points("best_", best, pairs.share),
                    **_image_numbers(pairs.table.index, answers, hits or {}),
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _numbers(pairs: Pairs, decides_at: float) -> dict[str, Any]:
    """Return the effect at the last look, or of all pairs before the first look."""
    effect, share = pairs.effect, pairs.share
    sides = (pairs.table[side].to_numpy(np.float64) for side in ("arm", "reference"))
    found: dict[str, Any] = {
        "n": effect.n,
        "look": pairs.looks.at if pairs.looks.seen else None,
        "level": 1 - share,
        **_points("", effect, share),
        "p": effect.p,
        "deviation_points": effect.deviation,
        "sign_flip_p": sign_flip_p(pairs.differences()) if effect.n > 1 else None,
        "equivalence_p": effect.equivalence_p,
        "decides_at": decides_at,
        "correlation": correlation(*sides),
        "missing": "; ".join(pairs.missing),
        "unlike_seeds": ", ".join(map(str, pairs.unlike)),
        "diverged": "; ".join(pairs.diverged),
    }
    if not math.isnan(effect.error):
        # The last look decides with what the earlier ones have left of the level.
        at = decides_at * share / SIGNIFICANCE
        found["detectable_points"] = detectable(effect.n, effect.deviation, at)
    if pairs.diverged:
        found |= {"finite_n": pairs.finite.n, **_points("finite_", pairs.finite, share)}
    return found


def _points(what: str, effect: Effect, share: float) -> dict[str, float]:
    """Return an effect and the ends of its interval, under names that begin with ``what``."""
    low, high = effect.interval(1 - share)
    names = (f"{what}difference_points", f"{what}low_points", f"{what}high_points")
    return dict(zip(names, (effect.difference, low, high), strict=True))


def _image_numbers(
    seeds: pd.Index, runs: tuple[str, str], hits: dict[str, Hits]
) -> dict[str, float]:
    answers = [_answers(hits, run, seeds) for run in runs]
    if not all(found.size for found in answers):
        return {}
    low, high = image_interval(answers[0], answers[1])
    return {"image_low_points": low, "image_high_points": high}


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
        if answers.size:
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


def _answers(hits: dict[str, Hits], run: str, seeds: Any) -> Hits:
    found = [hits[f"{run}/seed{seed}"] for seed in seeds if f"{run}/seed{seed}" in hits]
    return np.stack(found) if found else np.zeros((0, 0), bool)


def write(study: dict[str, Any], runs: pd.DataFrame, hits: dict[str, Hits], folder: Path) -> None:
    """Write the tables of effects and of chance into ``folder``."""
    decides_at = levels(study, published_of(study))
    write_csv(compare(study, runs, hits, decides_at), folder / "comparisons.csv")
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
