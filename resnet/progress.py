"""What is said while a run trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from resnet.train import Run


def epoch_line(run: Run, name: str) -> str:
    """Return a line on the epoch that ended last, and how long the rest will take."""
    row, done = run.rows[-1], len(run.rows)
    left = sum(r["seconds"] for r in run.rows) / run.step * (run.steps - run.step)
    return (
        f"{name} seed {run.config.seed}  epoch {done}/{run.epochs}"
        f"  train {row['train_accuracy']:.4f}  test {row['test_accuracy']:.4f}"
        f"  {row['images_per_second']:,.0f} images/s  {_duration(left)} left"
    )


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def gpu_problem(error: RuntimeError) -> str:
    """Return what to do about an error of the GPU's."""
    if isinstance(error, torch.OutOfMemoryError):
        return (
            "the GPU's memory is too small for it: allowed is a smaller network or "
            "batch_size, fewer runs_per_gpu, or a larger GPU"
        )
    reason = str(error).partition("\n")[0]
    return (
        f"the GPU failed ({reason}): run again to go on from the last checkpoint, with one run a "
        "GPU; if it fails again, with cuda_graphs=never in --config"
    )
