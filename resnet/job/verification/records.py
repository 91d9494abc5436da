"""The records that can be verified here, and what a trace of each needs."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import torch

from resnet.config import from_record
from resnet.files import read_json
from resnet.job.provenance import training_digest
from resnet.job.verification.trees import Trained

Record = tuple[Path, str, int]
"""A record's folder, its run and its seed."""

NEEDED = ("status", "device", "threads", "commit", "code_digest", "data", "final_test_accuracy")
"""The fields of ``summary.json`` that a verification reads."""


def finished(folder: Path) -> list[Record]:
    """Return the records of finished runs under ``folder``, with run and seed.

    Runs that others trained are left out: their code isn't this project's.
    """
    found = []
    for path in sorted((folder / "runs").glob("*/seed*/summary.json")):
        summary = summary_of(path.parent)
        if summary["status"] == "finished" and "imported" not in summary:
            found.append((path.parent, path.parent.parent.name, int(path.parent.name[4:])))
    return found


def trainable(records: list[Record]) -> list[Record]:
    """Return the records that can be trained here: without a GPU those of CPUs, and a line says so.

    A record is compared on the kind of device that it was trained on.
    """
    found = [record for record in records if torch.cuda.is_available() or not on_gpu(record)]
    if len(found) < len(records):
        left = len(records) - len(found)
        print(f"left out: {left} records of a GPU, of which none is visible here", file=sys.stderr)
    return found


def on_gpu(record: Record) -> bool:
    """Return whether a record's run was trained on a GPU."""
    return bool(summary_of(record[0])["device"] != "cpu")


def data_of(record: Path) -> Path:
    """Return the folder of the images of a record's run: ``results/data/<dataset>``."""
    config = read_json(record / "config.json")
    return record.parents[3] / "data" / str(config["data"]["dataset"])


def by_code(folder: Path) -> dict[tuple[str, str, str], list[Record]]:
    """Group a study's records by commit, digest of their code, and digest of the current code.

    Runs that use different registry entries have different digests, and are compared separately.

    Raises
    ------
    ValueError
        If no run is finished.
    """
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in finished(folder):
        summary = summary_of(record[0])
        config = from_record(read_json(record[0] / "config.json"))
        key = (summary["commit"], summary["code_digest"], training_digest(config))
        found.setdefault(key, []).append(record)
    if not found:
        raise ValueError(f"{folder}: no finished run in {folder / 'runs'}")
    return found


def drawn_from(records: list[Record], sample: int, seed: int) -> list[Trained]:
    """Return the traces' inputs for random samples of the records of CPUs and of those of GPUs."""
    kinds: dict[bool, list[Record]] = {}
    for record in records:
        kinds.setdefault(on_gpu(record), []).append(record)
    chosen = [
        record
        for mine in kinds.values()
        for record in random.Random(seed).sample(mine, min(sample, len(mine)))  # noqa: S311
    ]
    return [
        Trained(
            run,
            (record / "config.json").read_text(encoding="utf-8"),
            number,
            data_of(record),
            summary_of(record)["threads"],
            on_gpu((record, run, number)),
        )
        for record, run, number in sorted(chosen)
    ]


def summary_of(folder: Path) -> dict[str, Any]:
    """Return the content of a record's ``summary.json``.

    Raises
    ------
    ValueError
        If it can't be read, or lacks what a verification needs.
    """
    path = folder / "summary.json"
    try:
        content: dict[str, Any] = read_json(path)
        missing = [name for name in NEEDED if name not in content]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: damaged ({error})") from None
    if missing:
        raise ValueError(f"{path}: lacks {', '.join(missing)}")
    return content
