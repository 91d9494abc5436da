"""How many steps a run takes and what its learning rate is at each."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import lr_scheduler

from resnet.config import RunConfig
from resnet.muon import Muon
from resnet.optimizers import SGD, Adam, AdamW, Optimizer


def steps_per_epoch(config: RunConfig) -> int:
    """Return the batches in an epoch; the last, smaller one counts unless it is dropped."""
    whole, rest = divmod(config.epoch_images, config.batch_size)
    return whole if config.drop_last or not rest else whole + 1


def total_steps(config: RunConfig) -> int:
    """Return the batches in the run: the budget, cut where a cyclic rate is lowest.

    Whole epochs count as the images they hold, so that the budget of ten epochs is ten epochs
    whether or not the last batch is dropped. A cosine with ``t_max`` oscillates with period
    2 ``t_max``; in the paper's own log test accuracy follows its phase by up to a point, so the
    run ends at the last minimum within the budget (or at the budget, if none is).
    """
    per_epoch = steps_per_epoch(config)
    epochs, rest = divmod(config.budget.images_seen, config.epoch_images)
    steps = max(1, epochs * per_epoch + min(rest // config.batch_size, per_epoch))
    schedule = config.schedule
    if schedule.name == "cosine" and schedule.t_max is not None:
        unit = 1 if schedule.step_every == "batch" else per_epoch
        minima = (steps // unit - 1 - schedule.t_max) // (2 * schedule.t_max)
        if minima >= 0:
            steps = unit * (schedule.t_max * (2 * minima + 1) + 1)
    return steps


def optimizer(
    config: RunConfig, parameters: Iterable[Parameter], dtype: torch.dtype = torch.float32
) -> Optimizer:
    """Return the optimizer of that name over ``parameters``, in groups where they differ.

    ``dtype`` is that of Muon's products.
    """
    c = config.optimizer
    weights = list(parameters)
    groups: list[dict[str, Any]] = [{"params": weights}]
    if c.name == "muon":
        groups = [
            {"params": [w for w in weights if w.ndim == 4], "lr": c.kernel_learning_rate},
            {"params": [w for w in weights if w.ndim != 4], "lr": c.learning_rate},
        ]
        groups[0]["kernels"] = True
    if not c.decay_norms:
        groups = [
            {**group, "params": params, **extra}
            for group in groups
            for params, extra in (
                ([w for w in group["params"] if w.ndim > 1], {}),
                ([w for w in group["params"] if w.ndim <= 1], {"weight_decay": 0.0}),
            )
            if params
        ]
    if c.name == "muon":
        return Muon(groups, c.momentum, c.nesterov, c.weight_decay, dtype)
    if c.name == "sgd":
        return SGD(
            groups, c.learning_rate, c.momentum, weight_decay=c.weight_decay, nesterov=c.nesterov
        )
    kind = Adam if c.name == "adam" else AdamW
    return kind(groups, c.learning_rate, weight_decay=c.weight_decay)


def scheduler(config: RunConfig, optim: Optimizer) -> lr_scheduler.LRScheduler:
    """Return torch's schedule of that name, to be stepped every batch or every epoch."""
    schedule, steps = config.schedule, total_steps(config)
    if schedule.step_every == "epoch":
        steps = -(-steps // steps_per_epoch(config))
    if schedule.name == "cosine":
        # The step at index steps - 1 is the last, and the one with the lowest rate.
        t_max = schedule.t_max or max(1, steps - 1)
        return lr_scheduler.CosineAnnealingLR(optim, t_max, schedule.eta_min)
    if schedule.name == "one_cycle":
        warm = schedule.warmup_fraction * steps
        return lr_scheduler.LambdaLR(
            optim, lambda i: min((i + 1) / (warm + 1), max(0.0, steps - i) / (steps - warm))
        )
    return lr_scheduler.ConstantLR(optim, factor=1.0)


def rate(schedule: lr_scheduler.LRScheduler) -> float:
    """Return the learning rate in force."""
    return float(schedule.get_last_lr()[0])


def printed_rate(schedule: lr_scheduler.LRScheduler) -> float:
    """Return what ``scheduler.get_lr()`` prints, as the paper's notebook did.

    Between steps that call gives the recursion's next value, not the rate in force.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return float(schedule.get_lr()[0])
