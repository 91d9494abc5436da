"""Trace the same runs in two checkouts, and find the first difference."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resnet.files import read_json
from resnet.job.provenance import ROOT
from resnet.trace import ORIGINS

ADAPTER = Path(__file__).with_name("trace_4f77428.py")
"""The script that writes a trace in a checkout that is older than `resnet.trace`."""

STEPS = 200
"""Number of compared steps; the epoch is shortened to end within them."""

LEAST_STEPS = 3
"""The fewest steps within which an epoch of one batch and a half ends."""


class TreeError(Exception):
    """A commit can't be checked out, or its code fails."""


@dataclass(frozen=True)
class Trained:
    """The inputs of a trace: the run's config as JSON, seed, images, threads and kind of device."""

    run: str
    config: str
    seed: int
    data: Path
    threads: int = 1
    on_gpu: bool = False


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Yield a temporary folder with the code of a commit.

    Raises
    ------
    TreeError
        If there is no such commit, or git fails.
    """
    if commit.endswith("+changes"):
        raise TreeError(f"{commit}: no commit has these changes")
    try:
        _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    except TreeError:
        raise TreeError(f"{commit[:12]}: this repository has no such commit") from None
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        _git("worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> None:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise TreeError(f"git {arguments[0]}: {' '.join(done.stderr.split())}")


def trace(tree: Path, trained: Trained, steps: int = STEPS) -> dict[str, Any]:
    """Return the trace of a run's first steps by the code in ``tree`` (see `resnet.trace`).

    Raises
    ------
    TreeError
        If that code fails; the message has the last line of its output.
    """
    hidden = {} if trained.on_gpu else {"CUDA_VISIBLE_DEVICES": ""}
    entry = ["-m", "resnet.trace"] if (tree / "resnet" / "trace.py").is_file() else [str(ADAPTER)]
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "trace.json"
        arguments = {
            "--config": trained.config,
            "--seed": trained.seed,
            "--data": trained.data.absolute(),
            "--steps": steps,
            "--threads": trained.threads,
            "--output": output,
        }
        done = subprocess.run(
            [sys.executable, *entry, *(str(part) for pair in arguments.items() for part in pair)],
            cwd=tree,
            env=os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"} | hidden,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["no error was printed"]
            raise TreeError(f"{trained.run} seed {trained.seed}, code in {tree}: {last[0]}")
        found: dict[str, Any] = read_json(output)
        return found


def difference(first: dict[str, Any], second: dict[str, Any]) -> str:
    """Return the first difference between two traces in words; empty if all bits agree."""
    if first["steps"] != second["steps"]:
        return f"{first['steps']} steps in the run against {second['steps']}"
    if first["rates"] != second["rates"]:
        return "the learning rates differ"
    found = _in_tensors(first, second)
    if not found and first["probabilities"] != second["probabilities"]:
        found = f"the evaluation after step {len(first['sums'])} differs"
    return found or _in_record(first, second)


def _in_tensors(first: dict[str, Any], second: dict[str, Any]) -> str:
    if first["tensors"] != second["tensors"]:
        changed = sorted(set(first["tensors"]) ^ set(second["tensors"]))
        return f"the network's tensors differ: {', '.join(changed[:3]) or 'their order'}"
    for step, (one, other) in enumerate(zip(first["sums"], second["sums"], strict=True), 1):
        for name, a, b in zip(first["tensors"], one, other, strict=True):
            if a != b:
                return f"step {step}: the tensor {name} differs"
    return ""


def _in_record(first: dict[str, Any], second: dict[str, Any]) -> str:
    one, other = first["numbers"], second["numbers"]
    for name in sorted(one.keys() & other.keys()):
        if one[name] != other[name]:
            return f"the record's {name}: {one[name]} against {other[name]}"
    for part in sorted(first["form"].keys() | second["form"].keys()):
        if _of_results(first["form"].get(part)) != _of_results(second["form"].get(part)):
            return f"the record's {part} has another form"
    return ""


def _of_results(form: list[str] | None) -> list[str] | None:
    """Return a file's columns or keys without those that say where a record comes from."""
    return form and [name for name in form if name not in ORIGINS]
