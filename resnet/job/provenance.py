"""Provenance of results: digests of code, package versions, commit and hardware.

This module doesn't import torch, because Snakemake computes the digests at every start.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from resnet.config import KINDS, RunConfig, defaults
from resnet.settings import kind_of

ROOT = Path(__file__).parent.parent.parent

TRAINING = ("resnet/training", "resnet/images/augmentation")
"""The folders whose code affects the results of every run, except for the registries in them."""

REGISTRIES = (
    "resnet/training/optimizers",
    "resnet/training/schedules",
    "resnet/images/augmentation/transforms",
)
"""Registries inside `TRAINING`; an entry affects only the results of runs that use it."""

PACKAGES = ("torch", "torchvision", "numpy")
"""The packages whose versions affect the results of runs."""

DATA_PACKAGES = ("numpy", "pillow", "pyarrow", "scikit-learn")
"""The packages whose versions affect the decoded pixels."""


def training_digest(config: RunConfig, root: Path = ROOT) -> str:
    """Return a digest of the code and the default settings that affect the results of a run.

    It covers the shared folders, and of each registry only the entries that the config uses.
    Comments, docstrings and titles are excluded.
    """
    return _training_digest(entries_of(config), root)


def entries_of(config: RunConfig) -> tuple[str, ...]:
    """Return the registries' entries that a config uses, as paths from the root."""
    transforms = sorted({name for copy in config.augmentation.copies for name in copy})
    return (
        f"resnet/network/{kind_of(config.model)}",
        f"resnet/training/optimizers/{kind_of(config.optimizer)}",
        f"resnet/training/schedules/{kind_of(config.schedule)}",
        *(f"resnet/images/augmentation/transforms/{name}.py" for name in transforms),
    )


@cache
def _training_digest(entries: tuple[str, ...], root: Path) -> str:
    shared = {name: value for name, value in defaults().items() if name not in KINDS}
    settings = json.dumps(shared, sort_keys=True)
    return _hex(
        settings,
        *(_code_of_training(folder, root) for folder in TRAINING),
        code(*entries, root=root),
    )


@cache
def _code_of_training(folder: str, root: Path) -> str:
    others = [
        path
        for path in sorted((root / folder).rglob("*.py"))
        if not any(_is_entry(path, root / registry) for registry in REGISTRIES)
    ]
    return _code_of(others, root)


def _is_entry(path: Path, registry: Path) -> bool:
    """Return whether a module belongs to one entry of a registry, not to code shared by entries."""
    if not path.is_relative_to(registry):
        return False
    inside = path.relative_to(registry)
    shared = not (registry / inside.parts[0] / "settings.py").is_file() and len(inside.parts) == 1
    only_modules = not any(registry.glob("*/settings.py"))
    return inside.name != "__init__.py" if only_modules else not shared


def code_digest(*places: str, root: Path = ROOT) -> str:
    """Return a digest of the code in files and folders (paths from the root).

    A folder includes all modules in it, so that adding a module changes the digest.
    """
    return _hex(code(*places, root=root))


def code(*places: str, root: Path = ROOT) -> str:
    """Return the code in files and folders, without comments and docstrings."""
    return "\n".join(
        _code_of(sorted(path.rglob("*.py")) if path.is_dir() else [path], root)
        for path in (root / place for place in places)
    )


def _code_of(paths: Iterable[Path], root: Path) -> str:
    return "\n".join(f"{p.relative_to(root)} {_without_words(p.read_text())}" for p in paths)


def _hex(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


@cache
def _without_words(source: str) -> str:
    """Return a module's syntax tree as text, without docstrings and the titles of settings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # Drop every constant that is a statement by itself: it has no effect.
            node.body = [  # type: ignore[attr-defined]
                item
                for item in body
                if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
            ]
        if isinstance(node, ast.Call):
            node.keywords = [word for word in node.keywords if word.arg != "title"]
    return ast.dump(tree)


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions, without importing the packages."""
    return {name: _version(name) for name in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def versions_digest(*packages: str) -> str:
    """Return the installed versions on one line."""
    return " ".join(f"{name}={v}" for name, v in versions(*packages).items())


def origin(config: RunConfig) -> dict[str, object]:
    """Return the provenance of a run's results; call this function when the run starts."""
    return {
        "processor": processor(),
        "versions": versions(*PACKAGES) | {"python": platform.python_version()},
        "commit": commit(),
        "code_digest": training_digest(config),
    }


def commit() -> str:
    """Return the checkout's commit, with ``+changes`` if tracked files differ from it."""
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+changes" if _git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def processor() -> str:
    """Return the processor's name and the number of cores that this process may use."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"
