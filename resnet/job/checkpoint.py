"""Save and load checkpoints, from which a killed run resumes with bit-identical results."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import torch

from resnet.files import new_file, new_folder

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
    """
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content[DIGEST:]).digest() != content[:DIGEST]:
        return None
    try:
        saved = torch.load(io.BytesIO(content[DIGEST:]), map_location="cpu", weights_only=True)
    except Exception:
        return None  # a checkpoint of another version; torch may raise anything
    if not isinstance(saved, dict) or saved.get("key") != key:
        return None
    state = saved.get("state")
    return state if isinstance(state, dict) else None


def kept_record(path: Path, key: str) -> Path:
    """Return the folder for a second copy of a finished run's record, by checkpoint path and key.

    Its files are hard links, so that they take no extra disk space and survive the removal of the
    record. They are removed when a call of the workflow ends well (see report/report.smk).
    """
    return path.with_name(f".{path.name}.{hashlib.sha256(key.encode()).hexdigest()[:16]}.done")


def link(record: Path, into: Path) -> None:
    """Hard-link a record's files into another folder; copy them if the file system has no links."""
    with new_folder(into) as beside:
        for file in record.iterdir():
            try:
                (beside / file.name).hardlink_to(file)
            except OSError:
                shutil.copy2(file, beside)
