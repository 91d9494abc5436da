"""Records that were made by other code and are accepted as of today's: the receipt of that.

Imports no torch: Snakemake reads the receipt at every call.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from resnet.files import new_file

NAME = "kept.json"
"""The receipt's name in a study's folder."""


@dataclass(frozen=True)
class Kept:
    """Code that was found to train as today's does.

    Parameters
    ----------
    commit, recorded
        The commit of that code, and its digest, which the records state.
    today
        The digest of the code that it was compared with.
    runs, steps
        Which runs were compared, as ``<run>/seed<k>``, in how many steps each.
    records
        How many records the study had of it.
    """

    commit: str
    recorded: str
    today: str
    runs: tuple[str, ...]
    steps: int
    records: int


def read_kept(folder: Path) -> list[Kept]:
    """Return the receipt in a study's folder; nothing where there is none that can be read."""
    try:
        rows = json.loads((folder / NAME).read_text())
        return [Kept(**{**row, "runs": tuple(row["runs"])}) for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def write_kept(folder: Path, kept: list[Kept]) -> None:
    """Write the receipt."""
    with new_file(folder / NAME) as beside:
        beside.write_text(json.dumps([dataclasses.asdict(k) for k in kept], indent=1) + "\n")


def accepted(digest: str, record: Path, kept: list[Kept]) -> str:
    """Return the digest by which a run is planned: its record's own where that is accepted.

    Parameters
    ----------
    digest
        Of today's code.
    record
        The run's record, which may not exist.
    kept
        The study's receipt.
    """
    known = {k.recorded for k in kept if k.today == digest}
    if not known:
        return digest
    try:
        recorded = str(json.loads((record / "summary.json").read_text())["code_digest"])
    except (OSError, ValueError, LookupError, TypeError):
        return digest
    return recorded if recorded in known else digest
