"""Read and write ``kept.json``: which records of older code are valid for the current code.

This module doesn't import torch, because Snakemake reads ``kept.json`` at every call.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet.config import RunConfig, changed, from_record, to_json
from resnet.files import new_file, read_json, write_json
from resnet.job.provenance import PACKAGES, versions

NAME = "kept.json"
"""The name of the file in a study's folder."""


@dataclass(frozen=True)
class Kept:
    """Older code whose training was found to be bit-identical to the current code's.

    Parameters
    ----------
    commit, recorded
        The commit of the older code, and its digest as stated in the records.
    today
        The digest of the code that it was compared with.
    runs, steps
        The compared runs, as ``<run>/seed<k>``, and the number of steps of each.
    records
        Number of the study's records made by the older code.
    """

    commit: str
    recorded: str
    today: str
    runs: tuple[str, ...]
    steps: int
    records: int


def read_kept(folder: Path) -> list[Kept]:
    """Return the content of a study's ``kept.json``; an empty list if there is none.

    Raises
    ------
    ValueError
        If the file can't be read. Without it, all records that it accepts would be trained again.
    """
    path = folder / NAME
    if not path.exists():
        return []
    try:
        rows = read_json(path)
        return [Kept(**{**row, "runs": tuple(row["runs"])}) for row in rows]
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise ValueError(
            f"{path}: can't be read ({error}); `python -m resnet.verify {folder} --keep` writes it "
            "anew; without it, records of older code are trained again"
        ) from None


def write_kept(folder: Path, kept: list[Kept]) -> None:
    """Write ``kept.json`` into a study's folder."""
    with new_file(folder / NAME) as beside:
        write_json(beside, [dataclasses.asdict(k) for k in kept])


def accepted(config: RunConfig, digest: str, record: Path, kept: list[Kept]) -> str:
    """Return the digest for planning a run: its record's digest if the record was accepted.

    Parameters
    ----------
    config
        The planned run, which the record must have been trained with. The record states every
        setting, so that a default that changed since is noticed.
    digest
        Digest of the current code, returned otherwise.
    record
        The run's record, which may not exist.
    kept
        The content of the study's ``kept.json``.
    """
    known = {(k.commit, k.recorded) for k in kept if k.today == digest}
    if not known:
        return digest
    try:
        summary = read_json(record / "summary.json")
        trained = from_record(read_json(record / "config.json"))
        code = str(summary["commit"]), str(summary["code_digest"])
        same = to_json(trained) == to_json(changed(config, {"seed": trained.seed}))
        # What other images or versions have trained again anyway will be a record of today's code.
        installed = {name: summary["versions"][name] for name in PACKAGES}
        images = summary["data"]["sha256"], _images(record, trained)["sha256"]
    except (OSError, ValueError, LookupError, TypeError):
        return digest
    same = same and installed == versions(*PACKAGES) and images[0] == images[1]
    return code[1] if same and code in known else digest


def _images(record: Path, config: RunConfig) -> dict[str, Any]:
    """Return what is known of the images in ``results/data``, beside a record's study."""
    results = record.parents[3]
    facts: dict[str, Any] = read_json(results / "data" / config.data.dataset / "data.json")
    return facts
