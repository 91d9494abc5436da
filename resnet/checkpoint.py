"""Checkpoints: where a run stands, so that a killed one goes on with the same bits."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import torch

from resnet.files import new_file


def save(path: Path, key: str, state: dict[str, Any]) -> None:
    """Write ``state`` under ``key``, atomically."""
    # Through memory: written by torch itself, a full disk is an error of a kind of its own.
    buffer = io.BytesIO()
    torch.save({"key": key, "state": state}, buffer)
    with new_file(path) as beside:
        beside.write_bytes(buffer.getbuffer())


def load(path: Path, key: str) -> dict[str, Any] | None:
    """Return the state saved under ``key``, or None where there is none.

    A checkpoint of another config or code, or one that can't be read, is not used.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
        return None
    if not isinstance(saved, dict) or saved.get("key") != key:
        return None
    state: dict[str, Any] = saved["state"]
    return state
