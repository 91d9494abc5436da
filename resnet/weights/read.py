"""Read the tensors in a file of weights without running code from it."""

from __future__ import annotations

import json
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params")
"""Names under which checkpoints keep the network's state dict; the first one present is taken."""

SAVE = "torch.save(model.state_dict(), 'weights.pt')"

LONGEST_HEADER = 100_000_000
"""The longest header that safetensors allows, in bytes."""


def read_weights(path: Path) -> tuple[dict[str, Tensor], str]:
    """Return the tensors in a file, and the name under which they were in a checkpoint, if any.

    Parameters
    ----------
    path
        A safetensors file, or a file of ``torch.save`` with a state dict or a checkpoint in which
        there is one.

    Raises
    ------
    ValueError
        If the file is missing, has neither format, contains objects that could run code, or has no
        state dict.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise ValueError(f"{path}: can't be read: {error.strerror}") from None
    _refuse_other_files(path, start)
    if is_safetensors(start):
        return _read_safetensors(path), ""
    return state_dict_in(_read_pickle(path), path)


def _refuse_other_files(path: Path, start: bytes) -> None:
    """Raise an error if a file is what downloads often leave instead of weights."""
    if not start:
        raise ValueError(f"{path}: the file is empty")
    if start.startswith(b"version https://git-lfs"):
        raise ValueError(
            f"{path}: a Git LFS pointer, not the weights; fetch them with git lfs pull"
        )
    if re.match(rb"\s*(<!doctype|<html|<\?xml)", start, re.IGNORECASE):
        raise ValueError(f"{path}: a web page, not weights; download the file itself")


def is_safetensors(start: bytes) -> bool:
    """Return whether a file starts as safetensors does: the length of a JSON header, the header."""
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= LONGEST_HEADER


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except Exception as error:  # It has no class of its own for each reason.
        raise ValueError(f"{path}: not a readable safetensors file: {_first_line(error)}") from None


def _read_pickle(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            # TorchScript is refused below.
            warnings.simplefilter("ignore", UserWarning)
            # weights_only rejects pickles that could run code.
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # PyTorch's message advises how to load the file anyway, which could run code.
        found = re.search(r"(?:GLOBAL |class )([\w.]+)", str(error))
        if found and "Unsupported" in str(error):
            raise ValueError(
                f"{path}: holds an object of {found[1]}, and loading objects can run code; "
                f"save the tensors alone where the file was made: {SAVE}"
            ) from None
        raise ValueError(f"{path}: not a file of weights") from None
    except Exception as error:
        if "TorchScript" in str(error):
            raise ValueError(f"{path}: a TorchScript program; save its tensors: {SAVE}") from None
        raise ValueError(f"{path}: not a readable file of weights: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def state_dict_in(content: Any, path: Path) -> tuple[dict[str, Tensor], str]:
    """Return the state dict in a file's content, and its name in there, if it has one.

    Raises
    ------
    ValueError
        If there is none, or several without a known name.
    """
    if not isinstance(content, dict):
        raise ValueError(
            f"{path}: expected a state dict (name -> tensor), got a {type(content).__name__}"
        )
    inside = {str(name): _tensors(value) for name, value in content.items()}
    inside = {name: tensors for name, tensors in inside.items() if tensors}
    known = [name for name in WRAPPERS if name in inside]
    if known or len(inside) == 1:
        name = (known or list(inside))[0]
        return inside[name], name
    if inside:
        names = ", ".join(json.dumps(name) for name in inside)
        raise ValueError(f"{path}: several state dicts, {names}; save one of them alone")
    tensors = _tensors(content)
    if not tensors:
        names = ", ".join(map(str, content))[:200]
        raise ValueError(f"{path}: expected a state dict (name -> tensor), found {names}")
    return tensors, ""


def _tensors(content: Any) -> dict[str, Tensor]:
    """Return the tensors in a state dict; numbers and texts between them are left out."""
    if not isinstance(content, dict):
        return {}
    return {k: v for k, v in content.items() if isinstance(k, str) and isinstance(v, Tensor)}
