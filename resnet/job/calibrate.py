"""Measure the speed of training on this machine: time a few steps on random images.

``python -m resnet.job.calibrate --cache FILE`` reads run configs as JSON lines from standard input
and prints for each config JSON with the seconds per image for training and for evaluation. Results
are cached in FILE; the key consists of network, batch size, precision, views in evaluation, image
size, code and package versions, machine and number of threads.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from resnet.arguments import at_least
from resnet.config import RunConfig, changed, from_dict, work_of
from resnet.files import new_file, read_json, write_json
from resnet.images.sources.cache import Split
from resnet.job.provenance import PACKAGES, processor, training_digest, versions_digest
from resnet.training.images import place
from resnet.training.machine import pick_device, pick_precision, set_up, wait_for
from resnet.training.run import Run

STEPS = 3
"""Number of timed batches."""

WARM_UP, COMPILING = 1, 3
"""Batches before the timed ones, without and with ``compile`` (which records CUDA graphs)."""


def key_of(config: RunConfig, threads: int) -> str:
    """Return the cache key of ``config``: everything that affects its speed on this machine."""
    device = pick_device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    parts = {
        **work_of(config),
        "precision": pick_precision(config.precision, device),
        "code": training_digest(config),
        "versions": versions_digest(*PACKAGES),
        "device": device.type,
        "machine": name,
        "threads": threads,
    }
    return json.dumps(parts, sort_keys=True)


def measure(config: RunConfig) -> dict[str, float]:
    """Return the seconds per image for ``train`` and ``evaluate``, measured on random images."""
    copies = len(config.augmentation.copies)
    warm_up = COMPILING if config.compile else WARM_UP
    images = min(
        -(-(STEPS + warm_up) * config.batch_size // copies), config.dataset.training_images
    )
    config = changed(
        config,
        {
            "data.training_images": images,
            "selection.held_out_images": 0,
            "data.normalization": "half",
            "budget.images_seen": images * copies,
            "drop_last": config.batch_size <= images * copies,
        },
    )
    device = pick_device()
    noise = _noise(config, images), _noise(config, 1_000)
    # Without CUDA graphs, as runs are by default; and their recording would be part of the time.
    run = Run(config, place(config, *noise, {}, device), device, cuda_graphs=False)
    steps = run.train_to_epoch_end()
    for _ in range(min(warm_up, run.steps)):
        next(steps)
    wait_for(run.device)
    start, trained = run.train_seconds, run.epoch_images
    for _ in steps:
        pass
    seconds = run.train_seconds - start if run.epoch_images > trained else start
    seen = run.epoch_images - trained or trained
    begin = time.perf_counter()
    run.evaluate(*run.images.test)
    return {"train": seconds / seen, "evaluate": (time.perf_counter() - begin) / 1_000}


def _noise(config: RunConfig, images: int) -> Split:
    size, classes = config.dataset.image_size, len(config.dataset.classes)
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (images, size, size, 3), np.uint8)
    return Split(pixels, generator.integers(0, classes, images))


def _read(cache: Path) -> dict[str, Any]:
    try:
        content = read_json(cache)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def main(argv: list[str] | None = None) -> int:
    """Print the seconds per image of each config, measured or from the cache."""
    parser = argparse.ArgumentParser(
        prog="python -m resnet.job.calibrate", description=main.__doc__
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--threads", type=at_least(1), default=1)
    args = parser.parse_args(argv)
    set_up(args.threads)
    known = _read(args.cache)
    for line in sys.stdin:
        config = from_dict(json.loads(line))
        key = key_of(config, args.threads)
        if key not in known:
            try:
                known[key] = measure(config)
                with new_file(args.cache) as beside:
                    write_json(beside, known)
            except (OSError, ValueError, torch.OutOfMemoryError, torch.AcceleratorError) as error:
                print(f"error: {error}", file=sys.stderr)
                return 1
        print(json.dumps(known[key]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
