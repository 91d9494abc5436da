"""Retrain finished runs from their own ``config.json`` and say whether the same comes out.

``python -m resnet.verify results/<scale> --sample N`` writes ``verification.json``, the receipt
that the report shows. *Identical to the bit* is to be expected on the same machine with the same
threads and versions; elsewhere rounding differs, and with it the run, as another seed's would.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from resnet import train
from resnet.files import new_file, start_log

IDENTICAL, WITHIN, DIFFERS = "identical to the bit", "within tolerance", "differs"

TOLERANCE = 2.0
"""Points of final test accuracy that runs of one arm may lie apart on different hardware."""


def compare(first: Path, second: Path, tolerance: float) -> dict[str, Any]:
    """Return how two records of the same run and seed compare.

    Parameters
    ----------
    first, second
        Their folders.
    tolerance
        In points of final test accuracy.
    """
    weights = [(folder / "model.safetensors").read_bytes() for folder in (first, second)]
    answers = [np.load(folder / "predictions.npz")["probabilities"] for folder in (first, second)]
    curves = [_curve(folder) for folder in (first, second)]
    accuracy = [_summary(folder)["final_test_accuracy"] for folder in (first, second)]
    off = abs(accuracy[0] - accuracy[1]) * 100
    same = weights[0] == weights[1] and curves[0] == curves[1]
    if same and np.array_equal(answers[0], answers[1]):
        verdict = IDENTICAL
    else:
        verdict = WITHIN if off <= tolerance else DIFFERS
    return {"verdict": verdict, "points_apart": round(off, 3)}


def _summary(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return content


def _curve(folder: Path) -> list[str]:
    """Return the rows of ``metrics.csv`` without their last two columns, which are times."""
    lines = (folder / "metrics.csv").read_text().splitlines()
    return [line.rsplit(",", 2)[0] for line in lines]


def finished(folder: Path) -> list[tuple[Path, str, int]]:
    """Return the finished records under ``folder``, with run and seed."""
    found = []
    for path in sorted((folder / "runs").glob("*/seed*/summary.json")):
        weights = path.with_name("model.safetensors")
        if weights.is_file() and _summary(path.parent)["status"] == "finished":
            found.append((path.parent, path.parent.parent.name, int(path.parent.name[4:])))
    return found


def retrain(record: Path, run: str, seed: int, data: Path, output: Path) -> None:
    """Train the run again, with the threads of its record.

    Raises
    ------
    RuntimeError
        Where it can't be trained.
    """
    argv = ["--config", (record / "config.json").read_text(), "--seed", str(seed), "--run", run]
    argv += ["--data", str(data), "--output", str(output), "--log", str(output) + ".log"]
    if train.main([*argv, "--threads", str(_summary(record)["threads"])]):
        raise RuntimeError(f"{record}: can't be trained again; it says why above")


def main(argv: list[str] | None = None) -> int:
    """Verify a sample of a study's finished runs."""
    parser = argparse.ArgumentParser(prog="python -m resnet.verify", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument("--sample", type=int, default=3, help="how many runs, drawn with a seed")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="in points")
    args = parser.parse_args(argv)
    start_log(None)
    records = finished(args.folder)
    if not records:
        print(f"error: {args.folder}: no finished run with its weights", file=sys.stderr)
        return 1
    drawn = random.Random(args.seed).sample(records, min(args.sample, len(records)))  # noqa: S311
    receipt = []
    for record, run, seed in drawn:
        config = json.loads((record / "config.json").read_text())
        data = args.folder.parent / "data" / config["data"]["dataset"]
        with tempfile.TemporaryDirectory() as scratch:
            try:
                retrain(record, run, seed, data, Path(scratch) / "seed")
            except RuntimeError as error:
                print(f"error: {error}", file=sys.stderr)
                return 1
            result = compare(record, Path(scratch) / "seed", args.tolerance)
        receipt.append({"run": run, "seed": seed, **result})
        print(f"{run} seed {seed}: {result['verdict']} ({result['points_apart']:g} points apart)")
    try:
        with new_file(args.folder / "verification.json") as beside:
            beside.write_text(json.dumps(receipt, indent=1) + "\n")
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 1 if any(row["verdict"] == DIFFERS for row in receipt) else 0


if __name__ == "__main__":
    sys.exit(main())
