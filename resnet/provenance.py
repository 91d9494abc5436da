"""Where numbers come from: digests of the code and versions that decide them, and the hardware.

Imports no torch: Snakemake calls the digests at every start.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parent.parent

TRAINING = (
    "resnet/augment.py",
    "resnet/average.py",
    "resnet/config.py",
    "resnet/convolution.py",
    "resnet/evaluate.py",
    "resnet/graphs.py",
    "resnet/machine.py",
    "resnet/model.py",
    "resnet/muon.py",
    "resnet/optimizers.py",
    "resnet/record.py",
    "resnet/schedule.py",
    "resnet/threads.py",
    "resnet/train.py",
    "resnet/winograd.py",
)
"""The modules whose code decides a run's numbers (not its cost or checkpoints)."""

DATA_CODE = ("resnet/data.py",)
"""The modules whose code decides the cached pixels."""

PACKAGES = ("torch", "torchvision", "numpy")
"""The packages whose versions decide a run's numbers."""

DATA_PACKAGES = ("numpy", "pillow", "pyarrow", "scikit-learn")
"""The packages whose versions decide the decoded pixels."""


def code_digest(*modules: str) -> str:
    """Return a digest of modules (paths from the root) without their comments and docstrings."""
    digest = hashlib.sha256()
    for module in modules:
        digest.update(_without_docstrings((ROOT / module).read_text()).encode())
    return digest.hexdigest()[:16]


@cache
def _without_docstrings(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # A string that stands alone does nothing, wherever it is.
            node.body = [  # type: ignore[attr-defined]
                item
                for item in body
                if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
            ]
    return ast.dump(tree)


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions, without importing anything."""
    return {name: _version(name) for name in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def versions_digest(*packages: str) -> str:
    """Return the installed versions on one line."""
    return " ".join(f"{name}={v}" for name, v in versions(*packages).items())


def origin() -> dict[str, object]:
    """Return where a run's numbers come from, to be asked when it starts."""
    return {
        "processor": processor(),
        "versions": versions(*PACKAGES) | {"python": platform.python_version()},
        "commit": commit(),
        "code_digest": code_digest(*TRAINING),
    }


def commit() -> str:
    """Return the checkout's commit, with ``+changes`` where files differ from it."""
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
    """Return the processor's name and what of it this process may use."""
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
