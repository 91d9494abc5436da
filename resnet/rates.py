"""The learning rates of a protocol, epoch by epoch: those in force, and those that print.

``python -m resnet.rates --config JSON --epochs N --output FILE`` needs no data and no training. The
paper's Figure 2 prints ``scheduler.get_lr()`` after each epoch, which is not the rate in force.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from resnet import schedule
from resnet.config import ConfigError, RunConfig, from_dict
from resnet.files import new_file
from resnet.record import write_csv


def by_epoch(config: RunConfig, epochs: int) -> list[dict[str, float]]:
    """Return for each epoch the rate of its last batch, and what ``get_lr()`` prints after it."""
    optim = schedule.optimizer(config, [torch.nn.Parameter(torch.zeros(1))])
    scheduler = schedule.scheduler(config, optim)
    rows: list[dict[str, float]] = []
    for epoch in range(epochs):
        for _batch in range(schedule.steps_per_epoch(config)):
            rate = schedule.rate(scheduler)
            optim.step()
            if config.schedule.step_every == "batch":
                scheduler.step()
        if config.schedule.step_every == "epoch":
            scheduler.step()
        printed = schedule.printed_rate(scheduler)
        rows.append({"epoch": epoch, "learning_rate": rate, "printed_learning_rate": printed})
    return rows


def main(argv: list[str] | None = None) -> int:
    """Write a row an epoch."""
    parser = argparse.ArgumentParser(prog="python -m resnet.rates", description=main.__doc__)
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
    sys.exit(main())
