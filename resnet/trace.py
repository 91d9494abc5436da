"""Write checksums of a run's first steps, so that two checkouts can be compared bit by bit.

`resnet.job.verification` calls ``python -m resnet.trace --config JSON --seed K --data FOLDER
--steps N --output FILE`` in each checkout, including future ones: keep arguments and output stable.
The class `Layout` contains everything that depends on how the package is organised.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import tempfile
import zlib
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

TEST_IMAGES = 1_000
"""Test images that are evaluated after the steps."""


class Layout:
    """Access to the functions that a trace needs, as this checkout organises them."""

    def config(self, text: str, seed: int) -> Any:
        """Return a run's config."""
        from resnet.config import changed, from_record

        return changed(from_record(json.loads(text)), {"seed": seed})

    def shortened(self, config: Any, steps: int) -> Any:
        """Return the config with so few training images that an epoch ends within ``steps``."""
        from resnet.config import changed

        return changed(config, few_images(config, steps))

    def set_up(self, threads: int) -> None:
        """Configure PyTorch as a run does."""
        from resnet.training import machine

        machine.set_up(threads)

    def run(self, config: Any, splits: list[Any], facts: dict[str, Any]) -> Any:
        """Return a run, before its first step."""
        from resnet.training import machine
        from resnet.training.images import place
        from resnet.training.run import Run

        device = machine.pick_device()
        return Run(config, place(config, splits[0], splits[1], facts, device), device)

    def load(self, data: Path) -> tuple[list[Any], dict[str, Any]]:
        """Return the training and test images, and the content of their ``data.json``."""
        from resnet.images.sources.cache import load, read_facts

        return [load(data, "train"), load(data, "test")], read_facts(data)

    def first(self, split: Any, images: int) -> Any:
        """Return the first images of a split."""
        return type(split)(split.images[:images], split.labels[:images])

    def rates(self, config: Any) -> list[float]:
        """Return the learning rate of every step of a run."""
        from resnet.training.length import schedule_steps, steps_per_epoch, total_steps
        from resnet.training.optimizers.build import build as build_optimizer
        from resnet.training.schedules.build import build, rate

        optimizer = build_optimizer(config.optimizer, [torch.nn.Parameter(torch.zeros(1))])
        scheduler = build(config.schedule, optimizer, schedule_steps(config))
        every = 1 if config.schedule.every == "batch" else steps_per_epoch(config)
        return rates_of(scheduler, rate, total_steps(config), every, optimizer)

    def plain_accuracy(self, run: Any) -> float:
        """Return the accuracy on the training images without augmentation."""
        return float(run.evaluate(*run.images.training).accuracy)

    def write_record(
        self, folder: Path, run: Any, facts: dict[str, Any], test: Any, plain: float
    ) -> None:
        """Write a record of the run in its present state."""
        from resnet.job.provenance import origin
        from resnet.job.record import write_record

        write_record(folder, "trace", run, facts, origin(run.config), test, plain)


def few_images(config: Any, steps: int) -> dict[str, Any]:
    """Return the settings with which an epoch ends within three quarters of the steps."""
    held_out = config.selection.held_out_images
    copies = len(config.augmentation.copies)
    # Half a batch is left over, so that a smaller last batch is compared, too.
    share = ((3 * steps // 4) * config.batch_size - config.batch_size // 2) // copies
    images = min(config.data.training_images, held_out + max(2, share))
    # Avoid a batch of one image, on which batch norm fails.
    images -= (images - held_out) * copies % config.batch_size == 1
    return {"data.training_images": images}


def rates_of(scheduler: Any, rate: Any, steps: int, every: int, optimizer: Any) -> list[float]:
    """Return the learning rate used in each of ``steps`` steps."""
    found = []
    optimizer.step()
    for step in range(1, steps + 1):
        found.append(rate(scheduler))
        if not step % every:
            scheduler.step()
    return found


def trace(layout: Layout, text: str, seed: int, data: Path, steps: int) -> dict[str, Any]:
    """Train the first steps of a run, and return checksums of the results.

    Parameters
    ----------
    layout
        Access to the checkout's functions.
    text
        The run's config as JSON.
    seed
        The run's seed.
    data
        The folder of the images.
    steps
        Number of steps; a shorter run has fewer.

    Returns
    -------
    dict
        ``steps`` and ``rates`` (a digest) of the whole run; ``tensors``, their names; ``sums``, a
        CRC-32 of each tensor after each step; ``probabilities``, a digest for the first test images
        after the last step; ``form``, the files of the record, each with its columns or keys.
    """
    whole = layout.config(text, seed)
    rates = layout.rates(whole)
    config = layout.shortened(whole, steps)
    splits, facts = layout.load(data)
    splits[1] = layout.first(splits[1], TEST_IMAGES)
    run = layout.run(config, splits, facts)
    names = list(run.network.state_dict())
    sums: list[list[int]] = []
    while len(sums) < min(steps, run.steps):
        if run.step and run.step == min(run.steps, (len(run.rows) + 1) * run.steps_per_epoch):
            run.end_epoch(*run.evaluate_epoch())
        for _ in islice(run.train_to_epoch_end(), steps - len(sums)):
            sums.append([_sum(tensor) for tensor in run.network.state_dict().values()])
    test, held_out, seconds = run.evaluate_epoch()
    run.end_epoch(test, held_out, seconds)
    with tempfile.TemporaryDirectory() as scratch:
        record = Path(scratch) / "record"
        layout.write_record(record, run, facts, test, layout.plain_accuracy(run))
        form = {path.name: _form(path) for path in sorted(record.iterdir())}
        numbers = _numbers(record)
    return {
        "steps": len(rates),
        "rates": _digest(np.asarray(rates)),
        "tensors": names,
        "sums": sums,
        "probabilities": _digest(test.probabilities),
        "form": form,
        "numbers": numbers,
    }


MEASURED = ("images_per_second", "seconds", "peak_memory_mib")
"""Columns and keys of a record that differ each time."""

ORIGINS = ("run", "began", "processor", "device", "versions", "commit", "code_digest")
"""Keys of ``summary.json`` that say where a record comes from."""


def _numbers(record: Path) -> dict[str, str]:
    """Return what a record states of the run's course, each number as text."""
    with (record / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    summary = json.loads((record / "summary.json").read_text(encoding="utf-8"))
    stated = {
        f"epoch {i}: {key}": value for i, row in enumerate(rows) for key, value in row.items()
    }
    stated |= {key: json.dumps(v) for key, v in summary.items() if key not in ORIGINS}
    return {key: v for key, v in stated.items() if key.split(": ")[-1] not in MEASURED}


def _sum(tensor: torch.Tensor) -> int:
    return zlib.crc32(tensor.detach().cpu().contiguous().numpy().tobytes())


def _digest(array: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _form(path: Path) -> list[str]:
    """Return the names of the columns, keys or arrays in a file of a record."""
    match path.suffix:
        case ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                return next(csv.reader(file))
        case ".json":
            # A config's keys may differ; `resnet.config` compares configs by their values.
            return (
                []
                if path.name == "config.json"
                else sorted(json.loads(path.read_text(encoding="utf-8")))
            )
        case ".npz":
            with np.load(path) as arrays:
                return [f"{name} {arrays[name].dtype}" for name in sorted(arrays)]
    return []


def main(argv: list[str] | None = None, layout: Layout | None = None) -> int:
    """Write the trace of a run's first steps to a file."""
    parser = argparse.ArgumentParser(prog="python -m resnet.trace", description=main.__doc__)
    parser.add_argument("--config", required=True, help="the run config as JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="the images' folder")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    args = parser.parse_args(argv)
    layout = layout or Layout()
    layout.set_up(args.threads)
    found = trace(layout, args.config, args.seed, args.data, args.steps)
    args.output.write_text(json.dumps(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
