"""Measure the time of a run outside its epochs: ``python -m benchmarks.startup``.

It writes a cache of random images as large as CIFAR-10, and repeatedly trains the final network for
one batch with ``python -m resnet.train``. It prints the median of the process's seconds minus those
of its epoch: starting Python and PyTorch, checking and mapping the data, building the network,
evaluating the 128 training images and writing the record. The design's limit is 4 s.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path

import numpy as np
import pandas as pd

from resnet.images.datasets import DATASETS
from resnet.images.sources.cache import Split, describe, write_cache

TIMES = 5
CONFIG = {"data": {"training_images": 128}, "budget": {"images_seen": 128}}


def write_noise(folder: Path) -> None:
    """Write a cache of random images with CIFAR-10's shapes."""
    rng, facts = np.random.default_rng(0), DATASETS["cifar10"]
    splits = {
        split: Split(rng.integers(0, 256, (n, 32, 32, 3), np.uint8), rng.integers(0, 10, n))
        for split, n in (("train", facts.training_images), ("test", facts.test_images))
    }
    write_cache(splits, describe(splits, "cifar10", "parquet", "noise"), folder)


def outside(data: Path, record: Path) -> float:
    """Return the seconds of a run's process minus the seconds of its epoch."""
    argv = [sys.executable, "-m", "resnet.train", "--config", json.dumps(CONFIG), "--seed", "0"]
    argv += ["--data", str(data), "--output", str(record), "--log", f"{record}.log"]
    start = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True)
    seconds = time.perf_counter() - start
    return seconds - float(pd.read_csv(record / "metrics.csv")["seconds"].sum())


def main() -> None:
    """Run the benchmark and print the results."""
    ArgumentParser(prog="python -m benchmarks.startup", description=main.__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        write_noise(data)
        found = [outside(data, Path(folder) / f"seed{number}") for number in range(TIMES)]
    print(f"outside its epochs: {statistics.median(found):.1f} s", end=" ")
    print(f"({min(found):.1f} to {max(found):.1f})")


if __name__ == "__main__":
    main()
