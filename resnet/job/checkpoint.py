"""Save and load checkpoints, from which a killed run resumes with bit-identical results."""

from __future__ import annotations

import glob
import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import torch

from resnet.files import new_file, new_folder

ASIDE = ".aside"
"""The end of the name of a checkpoint that was put aside."""

DIGEST = 32
"""Bytes of the SHA-256 at the start of a checkpoint, which detects damaged files."""


def save(path: Path, key: str, state: dict[str, Any]) -> None:
    """Write ``state`` and ``key`` atomically."""
    # Serialise in memory first: torch.save doesn't raise OSError when the disk is full.
    buffer = io.BytesIO()
    torch.save({"key": key, "state": state}, buffer)
    content = buffer.getbuffer()
    with new_file(path) as beside, beside.open("wb") as file:
        file.write(hashlib.sha256(content).digest())
        file.write(content)


def load(path: Path, key: str) -> dict[str, Any] | None:
    """Return the state that was saved with ``key``, or None if there is none.

    A checkpoint with another key, such as of another config or code, or a damaged one is ignored.
    One that was put aside (see `put_aside`) is found, too.
    """
    for place in (path, _aside(path, key)):
        saved = _read(place)
        if saved.get("key") == key and isinstance(saved.get("state"), dict):
            state: dict[str, Any] = saved["state"]
            return state
    return None


def _read(path: Path) -> dict[str, Any]:
    """Return the content of a checkpoint, or nothing if it can't be read or is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
        return {}
    try:
        saved = torch.load(io.BytesIO(content[DIGEST:]), map_location="cpu", weights_only=True)
    except Exception:
        return {}  # a checkpoint of another version; torch may raise anything
    return saved if isinstance(saved, dict) else {}


def put_aside(path: Path) -> Path | None:
    """Rename a checkpoint, such as of other code, so that no other overwrites it; None without.

    The code may be edited back; then `load` finds it by its key.
    """
    if not path.exists():
        return None
    return path.rename(_aside(path, str(_read(path).get("key"))))


def remove(path: Path) -> None:
    """Remove the checkpoint of a finished run, and those of it that were put aside."""
    for there in (path, *path.parent.glob(f"{glob.escape(path.name)}.*{ASIDE}")):
        there.unlink(missing_ok=True)


def _aside(path: Path, key: str) -> Path:
    return path.with_name(f"{path.name}.{_short(key)}{ASIDE}")


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def kept_record(path: Path, key: str) -> Path:
    """Return the folder for a second copy of a finished run's record, by checkpoint path and key.

    Its files are hard links, so that they take no extra disk space and survive the removal of the
    record. They are removed when a call of the workflow ends well (see report/report.smk).
    """
    return path.with_name(f".{path.name}.{_short(key)}.done")


def link(record: Path, into: Path) -> None:
    """Hard-link a record's files into another folder; copy them if the file system has no links."""
    with new_folder(into) as beside:
        for file in record.iterdir():
            try:
                (beside / file.name).hardlink_to(file)
            except OSError:
                shutil.copy2(file, beside)
