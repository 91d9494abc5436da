"""What is said while a run trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
