"""Estimate a run's time and memory for the scheduler, and how many runs to group into a job."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet.config import RunConfig, work_of
from resnet.costs import estimate as size
from resnet.files import read_json

TYPICAL_FLOPS = {"cuda": 3e12, "cpu": 3e10}
"""Default FLOP/s without a measurement: a modest GPU and an old CPU core in these networks."""

SecondsPerImage = dict[str, float]
"""Seconds that an image takes to ``train`` and to ``evaluate``."""

Measured = list[tuple[dict[str, Any], SecondsPerImage]]
"""Pairs of a calibration's key and what it measured."""

TRAINING, EVALUATION = 3, 1
"""Cost per image in forward passes; a backward pass costs about two forward passes."""

HEAD_ROOM = 2.0
"""Factor on the estimate, because nodes differ and share their disks."""

START_MINUTES = 2
"""Start-up time of a job: Python from a network disk with a cold cache."""

JOB_MINUTES = 10
"""Minimum duration of a job; shorter runs are grouped."""

GROUPS = (4, 16, 64)
"""The group sizes, as defined in profiles/slurm."""


def run_seconds(config: RunConfig, image: SecondsPerImage) -> float:
    """Return the seconds of a run: start, training, evaluation per epoch, final evaluation."""
    epochs = math.ceil(config.budget.images_seen / config.epoch_images)
    facts = config.dataset
    evaluated = epochs * (facts.test_images + config.selection.held_out_images)
    # The final evaluation on the training images, not augmented.
    evaluated += config.data.training_images - config.selection.held_out_images
    start_seconds = 4.0
    trained = config.budget.images_seen * image["train"]
    return trained + evaluated * image["evaluate"] + start_seconds


def seconds_per_image(config: RunConfig, device: str, measured: Measured) -> SecondsPerImage:
    """Return the seconds per image for training and for evaluation.

    Parameters
    ----------
    config
        The run's config.
    device
        ``cuda`` or ``cpu``.
    measured
        Measurements of `resnet.job.calibrate`; the slowest machine counts.
    """
    like = {**work_of(config), "device": device} if measured else {}
    found = [seconds for known, seconds in measured if like.items() <= known.items()]
    if found:
        return {part: max(one[part] for one in found) for part in ("train", "evaluate")}
    seconds = size.flops(config.model, config.dataset.image_size) / TYPICAL_FLOPS[device]
    views = (2 if config.evaluation.flip else 1) * (3 if config.evaluation.shift else 1)
    return {"train": TRAINING * seconds, "evaluate": EVALUATION * views * seconds}


def read_measured(cache: Path) -> Measured:
    """Return the measurements in ``cache``; an empty list if the file is missing or invalid."""
    try:
        content = read_json(cache)
        measured = [(dict(json.loads(key)), value) for key, value in content.items()]
        seconds = [value[part] for _, value in measured for part in ("train", "evaluate")]
        return measured if all(0 < s < 1e6 for s in seconds) else []
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return []


@dataclass(frozen=True)
class Estimate:
    """The estimated minutes and megabytes of main memory of a run, without head-room."""

    minutes: float
    memory_mb: float

    def runtime(self, attempt: int) -> int:
        """Return the minutes to request; every further attempt requests twice as many as the first.

        It goes on from the checkpoint. More might be more than a partition allows, and a group
        requests the sum over its runs.
        """
        return math.ceil(START_MINUTES + HEAD_ROOM * self.minutes) * min(attempt, 2)

    def memory(self, attempt: int) -> int:
        """Return the megabytes to request; every further attempt adds half of the estimate."""
        return math.ceil(self.memory_mb * (1 + attempt) / 2)

    @property
    def group(self) -> str | None:
        """The group of runs that together take at least ten minutes, or None for a long run."""
        needed = JOB_MINUTES / max(self.minutes, 1e-9)
        if needed <= 1:
            return None
        size = next((size for size in GROUPS if size >= needed), GROUPS[-1])
        return f"runs_by_{size}"


def estimate(config: RunConfig, device: str, measured: Measured) -> Estimate:
    """Return the time and main memory of a run on ``device`` (see `seconds_per_image`).

    A process takes about 1.5 GB for PyTorch and the images, 3 GB with CUDA; on the CPU, the network
    and its outputs need additional memory.
    """
    minutes = run_seconds(config, seconds_per_image(config, device, measured)) / 60
    if device == "cuda":
        return Estimate(minutes, 3_000)
    needed = size.training_bytes(config.model, config.dataset.image_size, config.batch_size)
    return Estimate(minutes, 1_500 + 1.5 * needed / 1e6)
