"""Verify that runs are reproducible, or that an edit of the code doesn't change their results.

``python -m resnet.verify results/<scale> --sample N`` trains finished runs again from their own
``config.json`` and writes the comparison to ``verification.json``, which the report shows. Expect
*identical to the bit* on the same machine with the same number of threads and package versions.
Elsewhere rounding differs, and results differ as much as between two seeds.

Use ``python -m resnet.verify results/<scale> --keep`` after an edit of the code that should not
change results. It trains the first steps of some runs both with the commit in their records and
with the current code. If all bits agree, it marks the records as valid for the current code, so
that the next ``snakemake`` trains only the missing runs. ``--against COMMIT`` runs the same
comparison with any commit, and marks nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from resnet import train
from resnet.arguments import at_least
from resnet.config import from_record, to_json
from resnet.files import end, new_file, read_json, start_log, write_json
from resnet.images.sources.cache import DataError, read_facts
from resnet.job import checksums
from resnet.job.kept import NAME as KEPT
from resnet.job.kept import Kept, write_kept
from resnet.job.provenance import PACKAGES, ROOT, training_digest, versions
from resnet.job.verification.records import (
    by_code,
    data_of,
    drawn_from,
    finished,
    on_gpu,
    summary_of,
    trainable,
)
from resnet.job.verification.trees import (
    LEAST_STEPS,
    STEPS,
    Trained,
    TreeError,
    checked_out,
    difference,
    trace,
)
from resnet.settings import ConfigError

IDENTICAL, WITHIN, DIFFERS = "identical to the bit", "within tolerance", "differs"

TOLERANCE = 2.0
"""Allowed difference in final test accuracy on different hardware, in percentage points."""


# --- training again -------------------------------------------------------------------------


def compare(first: Path, second: Path, tolerance: float) -> dict[str, Any]:
    """Compare two records of the same run and seed.

    Parameters
    ----------
    first, second
        The records' folders.
    tolerance
        Allowed difference in final test accuracy, in percentage points.
    """
    weights = [(folder / "model.safetensors").read_bytes() for folder in (first, second)]
    answers = [np.load(folder / "predictions.npz")["probabilities"] for folder in (first, second)]
    curves = [_curve(folder) for folder in (first, second)]
    accuracy = [summary_of(folder)["final_test_accuracy"] for folder in (first, second)]
    off = abs(accuracy[0] - accuracy[1]) * 100
    same = weights[0] == weights[1] and curves[0] == curves[1]
    if same and np.array_equal(answers[0], answers[1]):
        verdict = IDENTICAL
    else:
        verdict = WITHIN if off <= tolerance else DIFFERS
    return {"verdict": verdict, "points_apart": round(off, 3)}


def _curve(folder: Path) -> list[str]:
    """Return the rows of ``metrics.csv`` without their last two columns, which are times."""
    lines = (folder / "metrics.csv").read_text(encoding="utf-8").splitlines()
    return [line.rsplit(",", 2)[0] for line in lines]


def retrain(record: Path, run: str, seed: int, data: Path, output: Path) -> None:
    """Train the run again, with the number of threads and the kind of device in its record.

    Raises
    ------
    RuntimeError
        If training fails.
    """
    config = to_json(from_record(read_json(record / "config.json")))
    argv = ["--config", config, "--seed", str(seed), "--run", run]
    argv += ["--data", str(data), "--output", str(output), "--log", str(output) + ".log"]
    argv += ["--threads", str(summary_of(record)["threads"])]
    argv += ["--gpu", "always" if on_gpu((record, run, seed)) else "never"]
    # In a process of its own, since one that has used a GPU can't be kept from it.
    status = subprocess.run([sys.executable, "-m", "resnet.train", *argv], cwd=ROOT).returncode
    if status == train.INTERRUPTED:
        raise KeyboardInterrupt
    if status:
        raise RuntimeError(f"{record}: can't be trained again; see the error above")


def train_again(args: argparse.Namespace) -> int:
    """Train a sample of the study's runs again, and write ``verification.json``."""
    whole = [r for r in finished(args.folder) if (r[0] / "model.safetensors").is_file()]
    records = trainable(whole)
    if not records:
        which = "that can be trained here" if whole else "with its weights"
        print(f"error: {args.folder}: no finished run {which}", file=sys.stderr)
        return 1
    drawn = random.Random(args.seed).sample(records, min(args.sample, len(records)))  # noqa: S311
    images = read_facts(data_of(records[0][0]))["sha256"]
    other = [record for record, *_ in records if summary_of(record)["data"]["sha256"] != images]
    if other:
        print(f"error: {other[0]}: was trained on other images than are here", file=sys.stderr)
        return 1
    path, status = args.folder / "verification.json", 0
    receipt = {(row["run"], row["seed"]): row for row in _rows(path)}
    for record, run, seed in drawn:
        damage = checksums.problems(record)
        if damage:
            raise ValueError("; ".join(damage))
        with tempfile.TemporaryDirectory() as scratch:
            retrain(record, run, seed, data_of(record), Path(scratch) / "seed")
            result = compare(record, Path(scratch) / "seed", args.tolerance)
        # The report leaves out what was found of a record that isn't there any more.
        digest = hashlib.sha256((record / checksums.NAME).read_bytes()).hexdigest()
        receipt[run, seed] = {"run": run, "seed": seed, "record": digest, **result}
        receipt[run, seed]["otherwise"] = otherwise(record)
        status = max(status, result["verdict"] == DIFFERS)
        # After each run, so that an error in a later one loses nothing.
        with new_file(path) as beside:
            write_json(beside, [*receipt.values()])
        print(f"{run} seed {seed}: {result['verdict']} ({result['points_apart']:g} points apart)")
    return status


def otherwise(record: Path) -> list[str]:
    """Return in what code and versions here differ from a record's, which may change its bits."""
    summary, config = summary_of(record), from_record(read_json(record / "config.json"))
    here = {"code": training_digest(config), **versions(*PACKAGES)}
    then = {"code": summary.get("code_digest"), **(summary.get("versions") or {})}
    return [name for name, value in here.items() if then.get(name) != value]


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return the lines of ``verification.json`` from earlier calls; none if it can't be read."""
    try:
        return [row for row in read_json(path) if "record" in row]
    except (OSError, ValueError, TypeError):
        return []


# --- the code of then and of now ------------------------------------------------------------


def same_bits(commit: str, trained: list[Trained], steps: int) -> bool:
    """Trace runs with a commit's and with the current code; print and return whether they agree."""
    agree = True
    with checked_out(commit) as tree:
        for one in trained:
            then, now = (trace(place, one, steps) for place in (tree, ROOT))
            found = difference(then, now)
            agree = agree and not found
            said = found or f"the same bits in {len(now['sums'])} steps"
            names = f"{one.run} seed {one.seed}, {commit[:12]} against today's code"
            print(f"{names}: {said}", flush=True)
    return agree


def keep(args: argparse.Namespace) -> int:
    """Mark the records whose code trains bit-identically as valid for the current code.

    ``kept.json`` is written anew. If any compared code differs, no record is kept.
    """
    groups = by_code(args.folder)
    status, agree, kept = 0, True, list[Kept]()
    for (commit, digest, today), records in groups.items():
        if digest == today:
            continue
        mine = trainable(records)
        if len(mine) < len(records):
            lacking = next(record for record in records if record not in mine)
            print(f"error: {lacking[0]} can't be kept: not compared here", file=sys.stderr)
            status = 1
            continue
        trained = drawn_from(mine, args.sample, args.seed)
        try:
            same = same_bits(commit, trained, args.steps)
        except TreeError as error:
            print(f"error: {mine[0][0]} can't be kept: {error}", file=sys.stderr)
            status = 1
            continue
        if same:
            names = tuple(f"{one.run}/seed{one.seed}" for one in trained)
            kept.append(Kept(commit, digest, today, names, args.steps, len(records)))
        else:
            agree = False
    kept = kept if agree else []
    write_kept(args.folder, kept)
    current = sum(len(r) for (_, digest, today), r in groups.items() if digest == today)
    print(
        f"{args.folder / KEPT}: {sum(k.records for k in kept)} records are accepted as results of "
        f"the current code, beside {current} that it made"
    )
    return status if agree else 1


def against(args: argparse.Namespace) -> int:
    """Compare the current code with a commit's on the runs of the study's records."""
    groups = map(trainable, by_code(args.folder).values())
    trained = [one for group in groups for one in drawn_from(group, args.sample, args.seed)]
    return 0 if same_bits(args.against, trained, args.steps) else 1


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m resnet.verify",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument(
        "--sample", type=at_least(1), default=3, help="how many runs to draw (default: 3)"
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of the draw (default: 0)")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help="largest accepted difference in test accuracy, in percentage points (default: 2)",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--keep",
        action="store_true",
        help="mark records as valid if their code trains to the same bits as the current code",
    )
    which.add_argument(
        "--against", metavar="COMMIT", help="compare the current code with that of a commit"
    )
    parser.add_argument(
        "--steps",
        type=at_least(LEAST_STEPS),
        default=STEPS,
        help=f"how many training steps of a run to compare (default: {STEPS})",
    )
    args = parser.parse_args(argv)
    args.folder = args.folder.resolve()
    return args


def main(argv: list[str] | None = None) -> int:
    """Verify a study's finished runs."""
    args = _arguments(argv)
    start_log(None)
    work = keep if args.keep else against if args.against else train_again
    try:
        return work(args)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return train.INTERRUPTED
    except (
        RuntimeError,
        TreeError,
        ConfigError,
        DataError,
        OSError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    end(main)
