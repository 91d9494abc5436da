"""Write the learning rate of every epoch: the rate in use, and the one that ``get_lr()`` returns.

``python -m resnet.job.declared.rates --config JSON --epochs N --output FILE`` needs no training.
The paper's Figure 2 shows ``scheduler.get_lr()`` after each epoch, which isn't the rate in use.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from resnet.config import RunConfig, from_dict
from resnet.files import end, new_file
from resnet.job.record import write_csv
from resnet.settings import ConfigError
from resnet.training.length import schedule_steps, steps_per_epoch
from resnet.training.optimizers.build import build as build_optimizer
from resnet.training.schedules import build as schedules


def by_epoch(config: RunConfig, epochs: int) -> list[dict[str, float]]:
    """Return for each epoch the rate of its last batch, and the ``get_lr()`` after that batch."""
    optim = build_optimizer(config.optimizer, [torch.nn.Parameter(torch.zeros(1))])
    scheduler = schedules.build(config.schedule, optim, schedule_steps(config))
    rows: list[dict[str, float]] = []
    for epoch in range(epochs):
        for _batch in range(steps_per_epoch(config)):
            rate = schedules.rate(scheduler)
            optim.step()
            if config.schedule.every == "batch":
                scheduler.step()
        if config.schedule.every == "epoch":
            scheduler.step()
        printed = schedules.printed_rate(scheduler)
        rows.append({"epoch": epoch, "learning_rate": rate, "printed_learning_rate": printed})
    return rows


def main(argv: list[str] | None = None) -> int:
    """Write a CSV file with a row for each epoch."""
    parser = argparse.ArgumentParser(
        prog="python -m resnet.job.declared.rates", description=main.__doc__
    )
    parser.add_argument("--config", required=True, help="the run config as JSON")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    try:
        rows = by_epoch(from_dict(json.loads(args.config)), args.epochs)
        with new_file(args.output) as beside:
            write_csv(beside, rows)
    except (ConfigError, ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    end(main)
