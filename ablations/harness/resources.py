"""What a run asks of a scheduler: minutes, memory, and how many runs make a job worth its while."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.harness.plan import Speed, run_seconds
from resnet.config import RunConfig, work_of
from resnet.network import estimate as size

TYPICAL_FLOPS = {"cuda": 3e12, "cpu": 3e10}
"""FLOP/s of a modest GPU and of one old core in these networks, where nothing was measured."""

Measured = list[tuple[dict[str, Any], Speed]]
"""What decides a speed, and the speed."""

TRAINING, EVALUATION = 3, 1
"""Passes through the network by image: backward costs about twice what forward does."""

HEAD_ROOM = 2.0
"""Times the estimate: nodes differ, and share their disks."""

START_MINUTES = 2
"""Of a job: Python from a network disk, a cold cache."""

JOB_MINUTES = 10
"""What a job should take at least; shorter runs go together."""

GROUPS = (4, 16, 64)
"""How many runs may go together, as profiles/slurm names and counts them."""


def speed(config: RunConfig, device: str, measured: Measured) -> Speed:
    """Return the seconds that an image takes to train on and to evaluate.

    Parameters
    ----------
    config
        The run's.
    device
        ``cuda`` or ``cpu``.
    measured
        What `resnet.job.calibrate` found, by what decides it; the slowest machine counts.
    """
    like = {**work_of(config), "device": device} if measured else {}
    found = [speed for known, speed in measured if like.items() <= known.items()]
    if found:
        return {part: max(one[part] for one in found) for part in ("train", "evaluate")}
    seconds = size.flops(config.model, config.dataset.image_size) / TYPICAL_FLOPS[device]
    views = (2 if config.evaluation.flip else 1) * (3 if config.evaluation.shift else 1)
    return {"train": TRAINING * seconds, "evaluate": EVALUATION * views * seconds}


def read_measured(cache: Path) -> Measured:
    """Return the measurements in ``cache``; none where it is missing or holds something else."""
    try:
        content = json.loads(cache.read_text())
        measured = [(dict(json.loads(key)), value) for key, value in content.items()]
        seconds = [value[part] for _, value in measured for part in ("train", "evaluate")]
        return measured if all(0 < s < 1e6 for s in seconds) else []
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return []


@dataclass(frozen=True)
class Estimate:
    """What a run takes, without head-room: minutes, and megabytes of main memory."""

    minutes: float
    memory_mb: float

    def runtime(self, attempt: int) -> int:
        """Return the minutes to ask for; every further attempt asks for twice as many."""
        return math.ceil(START_MINUTES + HEAD_ROOM * self.minutes) << (attempt - 1)

    def memory(self, attempt: int) -> int:
        """Return the megabytes to ask for; every further attempt asks for half as many more."""
        return math.ceil(self.memory_mb * (1 + attempt) / 2)

    @property
    def group(self) -> str | None:
        """The group of runs that together make a job of ten minutes, None for a long run."""
        needed = JOB_MINUTES / max(self.minutes, 1e-9)
        if needed <= 1:
            return None
        size = next((size for size in GROUPS if size >= needed), GROUPS[-1])
        return f"runs_by_{size}"


def estimate(config: RunConfig, device: str, measured: Measured) -> Estimate:
    """Return what a run takes on ``device`` (see `speed`).

    A process takes about 1.5 GB for PyTorch and the images, 3 GB with CUDA; on the CPU the network
    and its outputs are beside that.
    """
    minutes = run_seconds(config, speed(config, device, measured)) / 60
    if device == "cuda":
        return Estimate(minutes, 3_000)
    needed = size.training_bytes(config.model, config.dataset.image_size, config.batch_size)
    return Estimate(minutes, 1_500 + 1.5 * needed / 1e6)
