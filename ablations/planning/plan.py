"""Estimate a study's runs, time, disk space and detectable differences before training."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ablations.harness.declarations.document import DeclarationError
from ablations.harness.declarations.home import ROOT
from ablations.harness.resources import SecondsPerImage, run_seconds
from ablations.harness.study import Study, to_document
from report.judge.families import levels
from report.judge.statistics import power
from report.judge.statistics.effects import SIGNIFICANCE
from report.judge.statistics.looks import weights
from report.read.files import RecordError
from report.read.published import published_of
from resnet.config import RunConfig, to_json
from resnet.costs import estimate
from resnet.training.length import schedule_steps, total_steps


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


def calibrate(configs: list[RunConfig], cache: Path, gpu: bool = True) -> list[SecondsPerImage]:
    """Return each config's seconds per image for training and evaluation, on this machine.

    Without ``gpu`` they are those of its CPU.
    """
    lines = "".join(to_json(config) + "\n" for config in configs)
    done = subprocess.run(
        [sys.executable, "-m", "resnet.job.calibrate", "--cache", str(cache)],
        cwd=ROOT,
        env=os.environ | ({} if gpu else {"CUDA_VISIBLE_DEVICES": ""}),
        input=lines,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DeclarationError(Path("plan"), None, "the calibration failed; see the error above")
    return [json.loads(line) for line in done.stdout.splitlines()]


def record_megabytes(config: RunConfig) -> float:
    """Return the approximate size of a run record: float32 weights and test probabilities."""
    facts = config.dataset
    numbers = estimate.parameters(config.model, facts.image_size) + facts.test_images * len(
        facts.classes
    )
    return 4 * numbers / 1e6


def detectable(study: Study, names: tuple[str, ...], spread: float) -> float:
    """Return the smallest effect that claims on the ablations would find, in percentage points.

    It has 80% power at the level that decides the strictest of the claims on any arm, after Holm's
    procedure and for the last declared look; NaN for one seed. ``spread`` is the standard deviation
    of one run; without correlation within pairs, a difference has sqrt(2) times that.
    """
    document = to_document(study)
    try:
        at = levels(document, published_of(document))
    except RecordError as error:
        raise DeclarationError(Path("study"), None, str(error)) from None
    found = []
    for name in names:
        ablation = study.ablations[name]
        share = weights(ablation.looks)[-1]
        arms = [f"{name}.{member.name}" for member in ablation.members[1:]]
        level = min((at.get(arm, SIGNIFICANCE) for arm in arms), default=SIGNIFICANCE) * share
        found.append(power.detectable(ablation.looks[-1], spread * math.sqrt(2), level))
    return max(found, key=lambda points: (math.isnan(points), points))


def plan(
    study: Study,
    names: tuple[str, ...],
    spread: float,
    measure: Callable[[list[RunConfig]], list[SecondsPerImage]],
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
    study: Study,
    label: str,
    names: tuple[str, ...],
    spread: float,
    speeds: dict[str, SecondsPerImage],
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
        detectable_points=detectable(study, names, spread),
    )


CUT = 0.9
"""The share of its budget below which a run that ends early is named."""


def ends_early(study: Study, names: tuple[str, ...]) -> list[str]:
    """Return a line for each run that a cyclic rate ends before 90% of its budget.

    Such a run ends in the last batch in which its rate is lowest.
    """
    lines = []
    for run in dict.fromkeys(run for run, _ in study.runs_of(*names) if run in study.runs):
        config = study.runs[run]
        seen, asked = total_steps(config) * config.batch_size, config.budget.images_seen
        # Other schedules shorten nothing: what is missing then are last batches, which are dropped.
        cyclic = config.schedule.last_step(schedule_steps(config)) is not None
        if cyclic and seen < CUT * asked:
            lines.append(f"{run} sees {seen:,} of {asked:,} images: its rate is lowest there.")
    return lines


def table(rows: list[Row], spread: float) -> str:
    """Return the rows as a text table, with an explanation of the last columns."""
    heads = ("ablation", "arms", "seeds", "runs", "images seen", "hours", "disk MB", "detectable")
    lines = [heads]
    for row in rows:
        shown = "-" if math.isnan(row.detectable_points) else f"{row.detectable_points:.2f}"
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
            f"detectable: the smallest difference in points that {power.POWER:.0%} of such studies",
            f"find if runs spread by {spread:g} points between seeds (--spread), at the level that",
            "decides claims on the ablation, after all adjustments; one seed finds none.",
        ]
    )
