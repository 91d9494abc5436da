"""Estimate a study's runs, time, disk space and detectable differences before training."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ablations.harness.document import DeclarationError
from ablations.harness.scale import ROOT
from ablations.harness.study import Study
from resnet.config import RunConfig, to_json
from resnet.costs import estimate

SPREAD = 0.4
"""Default standard deviation of test accuracy between seeds, in percentage points."""

POWER, SIGNIFICANCE = 0.8, 0.05

Speed = dict[str, float]


@dataclass(frozen=True)
class Row:
    """A row of the plan: counts, hours if runs are sequential, megabytes, percentage points."""

    name: str
    arms: int
    seeds: int
    runs: int
    images_seen: int
    hours: float
    disk_mb: float
    detectable_points: float


def calibrate(configs: list[RunConfig], cache: Path) -> list[Speed]:
    """Return each config's seconds per image for training and evaluation, on this machine."""
    lines = "".join(to_json(config) + "\n" for config in configs)
    done = subprocess.run(
        [sys.executable, "-m", "resnet.job.calibrate", "--cache", str(cache)],
        cwd=ROOT,
        input=lines,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DeclarationError(Path("plan"), None, "the calibration failed; see the error above")
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_seconds(config: RunConfig, speed: Speed) -> float:
    """Return the seconds of a run: start, training, evaluation per epoch, final evaluation."""
    epochs = math.ceil(config.budget.images_seen / config.epoch_images)
    facts = config.dataset
    evaluated = epochs * (facts.test_images + config.selection.held_out_images)
    # The final evaluation on the training images, not augmented.
    evaluated += config.data.training_images - config.selection.held_out_images
    start_seconds = 4.0
    trained = config.budget.images_seen * speed["train"]
    return trained + evaluated * speed["evaluate"] + start_seconds


def record_megabytes(config: RunConfig) -> float:
    """Return the approximate size of a run record: float32 weights and test probabilities."""
    facts = config.dataset
    numbers = estimate.parameters(config.model, facts.image_size) + facts.test_images * len(
        facts.classes
    )
    return 4 * numbers / 1e6


def detectable(seeds: int, spread: float) -> float:
    """Return the smallest difference that is detectable, in percentage points; NaN for one seed.

    It has 80% power in the two-sided paired t test at 5% (Cohen 1988, Statistical Power Analysis,
    chapter 2). ``spread`` is the standard deviation of one run; without correlation within pairs,
    a difference has sqrt(2) times this standard deviation.
    """
    if seeds < 2:
        return math.nan
    from statsmodels.stats.power import TTestPower  # takes a second, so import it only when needed

    effect = TTestPower().solve_power(nobs=seeds, alpha=SIGNIFICANCE, power=POWER)
    return float(effect) * spread * math.sqrt(2)


def plan(
    study: Study,
    names: tuple[str, ...],
    spread: float,
    measure: Callable[[list[RunConfig]], list[Speed]],
) -> list[Row]:
    """Return a row for each ablation, and a row for all, in which shared runs count once.

    Parameters
    ----------
    study
        The study.
    names
        Names of the ablations, in the order of the rows.
    spread
        Standard deviation between seeds, in percentage points.
    measure
        Function that returns each config's speed (see `calibrate`).
    """
    # Runs that an ablation's own rules record can't be estimated.
    runs = dict.fromkeys(run for run, _ in study.runs_of(*names) if run in study.runs)
    speeds = dict(zip(runs, measure([study.runs[run] for run in runs]), strict=True))
    rows = [_row(study, name, (name,), spread, speeds) for name in names]
    return [*rows, _row(study, "all of these", names, spread, speeds)]


def _row(
    study: Study, label: str, names: tuple[str, ...], spread: float, speeds: dict[str, Speed]
) -> Row:
    pairs = [(run, seed) for run, seed in study.runs_of(*names) if run in study.runs]
    seeds = min(study.ablations[name].seeds for name in names)
    return Row(
        name=label,
        arms=sum(len(study.ablations[name].members) for name in names),
        seeds=seeds,
        runs=len(pairs),
        images_seen=sum(study.runs[run].budget.images_seen for run, _ in pairs),
        hours=sum(run_seconds(study.runs[run], speeds[run]) for run, _ in pairs) / 3600,
        disk_mb=sum(record_megabytes(study.runs[run]) for run, _ in pairs),
        detectable_points=detectable(seeds, spread),
    )


def table(rows: list[Row], spread: float) -> str:
    """Return the rows as a text table, with an explanation of the last columns."""
    heads = ("ablation", "arms", "seeds", "runs", "images seen", "hours", "disk MB", "detectable")
    lines = [heads]
    for row in rows:
        shown = f"{row.detectable_points:.2f}" if row.seeds > 1 else "-"
        counts = (str(row.arms), str(row.seeds), str(row.runs), f"{row.images_seen:,}")
        lines.append((row.name, *counts, f"{row.hours:.2f}", f"{row.disk_mb:,.0f}", shown))
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    text = [
        "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in pairs)
        for pairs in (enumerate(zip(line, widths, strict=True)) for line in lines)
    ]
    return "\n".join(
        [
            *text,
            "",
            "hours: one run after another, one thread each, as timed on this machine.",
            f"detectable: the smallest difference in points that {POWER:.0%} of such studies find,",
            f"if runs spread by {spread:g} points between seeds (--spread); one seed finds none.",
        ]
    )
