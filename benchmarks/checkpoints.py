"""Measure the overhead of checkpoints: ``python -m benchmarks.checkpoints``.

Two runs of the final network alternate on one thread, for an epoch of 2,560 images each: one with
checkpoints at the workflow's intervals, the other without checkpoints. The design's limit for the
overhead is 2%. The first checkpoint, taken before its cost is known, is included.
"""

from __future__ import annotations

import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np

from resnet.config import RunConfig, from_dict
from resnet.images.sources.cache import Split
from resnet.job.guard import Guard
from resnet.training.images import place
from resnet.training.machine import pick_device, set_up
from resnet.training.run import Run

SECONDS = 300
"""Minimum total training time of both runs."""

CONFIG: dict[str, Any] = {
    "data.training_images": 2_560,
    "optimizer.momentum": 0.9,
    "budget.images_seen": 10**9,
}


def run(config: RunConfig) -> Run:
    """Return a run on random images; the content of the images doesn't affect the speed."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (config.data.training_images, 32, 32, 3), np.uint8)
    split = Split(images, rng.integers(0, 10, len(images)))
    test = Split(images[:500], split.labels[:500])
    device = pick_device()
    return Run(config, place(config, split, test, {}, device), device)


def epoch(one: Run, guard: Guard | None) -> float:
    """Train an epoch as `resnet.job.train.train` does, and return its seconds."""
    start = time.perf_counter()
    for _ in one.train_to_epoch_end():
        if guard:
            guard.after(guard.within_epoch_seconds)
    one.end_epoch(*one.evaluate_epoch())
    if guard:
        guard.after(guard.after_epoch_seconds)
    return time.perf_counter() - start


def main() -> None:
    """Run the benchmark and print the results."""
    ArgumentParser(prog="python -m benchmarks.checkpoints", description=main.__doc__).parse_args()
    set_up(1)
    config = from_dict(CONFIG)
    kept, plain = run(config), run(config)
    saved = 0

    class Counting(Guard):
        def save(self) -> None:
            nonlocal saved
            saved += 1
            super().save()

    with tempfile.TemporaryDirectory() as folder:
        guard = Counting(kept, Path(folder) / "checkpoint", "key", {"began": "now"})
        seconds = np.zeros(2)
        while seconds.sum() < SECONDS:
            seconds[0] += epoch(kept, guard)
            others = epoch(plain, None)
            seconds[1] += others
            # The other run's time doesn't count towards the checkpoint interval.
            guard.saved_at += others
    with_them, without = seconds
    print(f"{saved} checkpoints in {with_them:.0f} s; without any {without:.0f} s")
    print(f"checkpoints: {with_them / without:.3f}")


if __name__ == "__main__":
    main()
