"""Checkpoints: where a run stands, so that a killed one goes on with the same bits."""

from __future__ import annotations

import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import torch

from resnet.files import new_file, new_folder

DIGEST = 32
"""Bytes of a SHA-256 before the rest, by which a damaged checkpoint is known."""


def save(path: Path, key: str, state: dict[str, Any]) -> None:
    """Write ``state`` under ``key``, atomically."""
    # Through memory: written by torch itself, a full disk is an error of a kind of its own.
    buffer = io.BytesIO()
    torch.save({"key": key, "state": state}, buffer)
    content = buffer.getbuffer()
    with new_file(path) as beside, beside.open("wb") as file:
        file.write(hashlib.sha256(content).digest())
        file.write(content)


def load(path: Path, key: str) -> dict[str, Any] | None:
    """Return the state saved under ``key``, or None where there is none.

    A checkpoint of another config or code, or one that can't be read, is not used.
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
        return None  # another version's, whatever torch raises of it
    if not isinstance(saved, dict) or saved.get("key") != key:
        return None
    state = saved.get("state")
    return state if isinstance(state, dict) else None


def kept_record(path: Path, key: str) -> Path:
    """Return where the record of a run that is finished is kept, by the checkpoint's path and key.

    Its files are the record's own by another name (hard links), so that they take no room beside
    it, and outlive its removal. When a whole study is done, they go (see report/report.smk).
    """
    return path.with_name(f".{path.name}.{hashlib.sha256(key.encode()).hexdigest()[:16]}.done")


def link(record: Path, into: Path) -> None:
    """Give a record's files a second place, as links where the file system has them."""
    with new_folder(into) as beside:
        for file in record.iterdir():
            try:
                (beside / file.name).hardlink_to(file)
            except OSError:
                shutil.copy2(file, beside)
