"""Compute the number of steps of a run. This module doesn't import torch."""

from __future__ import annotations

from resnet.config import RunConfig


def steps_per_epoch(config: RunConfig) -> int:
    """Return the number of batches in an epoch, including the last, smaller one if not dropped."""
    whole, rest = divmod(config.epoch_images, config.batch_size)
    return whole if config.drop_last or not rest else whole + 1


def total_steps(config: RunConfig) -> int:
    """Return the number of batches in the run; a cyclic schedule ends at its last lowest rate.

    A whole epoch counts as all its images even if its last batch is dropped, so that a budget of
    ten epochs is always ten epochs.
    """
    per_epoch = steps_per_epoch(config)
    epochs, rest = divmod(config.budget.images_seen, config.epoch_images)
    steps = max(1, epochs * per_epoch + min(rest // config.batch_size, per_epoch))
    unit = 1 if config.schedule.every == "batch" else per_epoch
    last = config.schedule.last_step(steps // unit)
    return steps if last is None else unit * last


def schedule_steps(config: RunConfig) -> int:
    """Return the number of schedule steps in the run, i.e. how often the learning rate is set."""
    steps = total_steps(config)
    return steps if config.schedule.every == "batch" else -(-steps // steps_per_epoch(config))
