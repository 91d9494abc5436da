"""How many steps a run takes. Imports no torch."""

from __future__ import annotations

from resnet.config import RunConfig


def steps_per_epoch(config: RunConfig) -> int:
    """Return the batches in an epoch; the last, smaller one counts unless it is dropped."""
    whole, rest = divmod(config.epoch_images, config.batch_size)
    return whole if config.drop_last or not rest else whole + 1


def total_steps(config: RunConfig) -> int:
    """Return the batches in the run: the budget, cut where a cyclic rate is lowest.

    Whole epochs count as the images they hold, so that the budget of ten epochs is ten epochs
    whether or not the last batch is dropped.
    """
    per_epoch = steps_per_epoch(config)
    epochs, rest = divmod(config.budget.images_seen, config.epoch_images)
    steps = max(1, epochs * per_epoch + min(rest // config.batch_size, per_epoch))
    unit = 1 if config.schedule.every == "batch" else per_epoch
    last = config.schedule.last_step(steps // unit)
    return steps if last is None else unit * last


def schedule_steps(config: RunConfig) -> int:
    """Return how often the learning rate is set in the run."""
    steps = total_steps(config)
    return steps if config.schedule.every == "batch" else -(-steps // steps_per_epoch(config))
