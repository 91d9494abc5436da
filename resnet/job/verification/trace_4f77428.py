"""`resnet.trace` for old checkouts, organised like commit 4f77428; run this file by its path.

It imports ``resnet`` from the old checkout, and from this one only ``resnet/trace.py``, by path.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

_TRACE = Path(__file__).parents[2] / "trace.py"
_spec = importlib.util.spec_from_file_location("trace_now", _TRACE)
assert _spec and _spec.loader, "it is in the same tree"
now = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(now)


class Layout(now.Layout):  # type: ignore[name-defined, misc]
    """Access to the functions that a trace needs, as the old checkout organises them."""

    def config(self, text: str, seed: int) -> Any:
        """Return a run's config."""
        from resnet.config import changed, from_dict

        return changed(from_dict(json.loads(text)), {"seed": seed})

    def set_up(self, threads: int) -> None:
        """Configure PyTorch as a run does."""
        machine = importlib.import_module("resnet.machine")
        machine.set_up(threads)

    def run(self, config: Any, splits: list[Any], facts: dict[str, Any]) -> Any:
        """Return a run, before its first step."""
        machine, train = map(importlib.import_module, ("resnet.machine", "resnet.train"))
        return train.Run(config, *splits, facts, machine.pick_device())

    def load(self, data: Path) -> tuple[list[Any], dict[str, Any]]:
        """Return the training and test images, and the content of their ``data.json``."""
        images = importlib.import_module("resnet.data")
        return [images.load(data, "train"), images.load(data, "test")], images.read_facts(data)

    def rates(self, config: Any) -> list[float]:
        """Return the learning rate of every step of a run."""
        import torch

        schedule = importlib.import_module("resnet.schedule")
        optimizer = schedule.optimizer(config, [torch.nn.Parameter(torch.zeros(1))])
        scheduler = schedule.scheduler(config, optimizer)
        each = config.schedule.step_every == "batch"
        every = 1 if each else schedule.steps_per_epoch(config)
        steps = schedule.total_steps(config)
        found: list[float] = now.rates_of(scheduler, schedule.rate, steps, every, optimizer)
        return found

    def plain_accuracy(self, run: Any) -> float:
        """Return the accuracy on the training images without augmentation."""
        return float(run.evaluate(*run.training).accuracy)

    def write_record(
        self, folder: Path, run: Any, facts: dict[str, Any], test: Any, plain: float
    ) -> None:
        """Write a record of the run in its present state."""
        record, provenance = map(importlib.import_module, ("resnet.record", "resnet.provenance"))
        record.write_record(folder, "trace", run, facts, provenance.origin(), test, plain)


if __name__ == "__main__":
    sys.exit(now.main(layout=Layout()))
