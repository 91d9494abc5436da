"""Provenance of results: digests of code, package versions, commit and hardware.

This module doesn't import torch, because Snakemake computes the digests at every start.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from resnet.config import RunConfig
from resnet.files import listed
from resnet.registry import OF_GROUPS, TRANSFORMS, entry_of, modules

ROOT = Path(__file__).parent.parent.parent

TRAINING = (
    "resnet/config/run_config.py",
    "resnet/network",
    "resnet/training",
    "resnet/images/augmentation",
)
"""The code that decides every run's numbers, but for entries of the registries in it."""

REGISTRIES = tuple(package.replace(".", "/") for package in OF_GROUPS.values())
"""Folders whose entries, each a folder with ``settings.py``, decide only runs that name them."""

WORDS = {"Meta": ("title",), "Dataset": ("sources", "ways_out")}
"""Keywords of calls that decide no number: titles of settings, and where images can come from (a
run's record states where its own came from)."""

PACKAGES = ("torch", "torchvision", "numpy")
"""The packages whose versions decide a run's numbers."""

DATA_PACKAGES = ("numpy", "pillow", "pyarrow", "scikit-learn")
"""The packages whose versions decide the decoded pixels."""

LOWER_FLOAT32 = {
    "ONEDNN_DEFAULT_FPMATH_MODE": "STRICT",
    "DNNL_DEFAULT_FPMATH_MODE": "STRICT",
    "NVIDIA_TF32_OVERRIDE": "0",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE": "0",
}
"""Variables of the environment by which oneDNN and cuBLAS may compute float32 less precisely, each
with the value by which they don't. (NVIDIA's containers set the last one to 1.)"""


def training_digest(config: RunConfig, root: Path = ROOT) -> str:
    """Return a digest of the code that decides the numbers of a run, with its defaults.

    Shared code is covered by folder; of each registry, only the entries that the config names.
    Comments, docstrings, which errors are raised and `WORDS` are left out.
    """
    return _training_digest(entries_of(config), root)


def entries_of(config: RunConfig) -> tuple[str, ...]:
    """Return the registries' entries that a config names, as paths from the root."""
    transforms = modules(TRANSFORMS)
    used = sorted({name for copy in config.augmentation.copies for name in copy})
    groups = (getattr(config, group) for group in OF_GROUPS)
    return (
        *(_path(entry_of(group)) for group in groups),
        f"resnet/images/datasets/{config.data.dataset}/settings.py",
        *(f"{_path(transforms[name])}.py" for name in used),
    )


def _path(module: str) -> str:
    return module.replace(".", "/")


@cache
def _training_digest(entries: tuple[str, ...], root: Path) -> str:
    return _hex(_shared_code(root), code(*entries, root=root))


@cache
def _shared_code(root: Path) -> str:
    return _code_of([p for p in _modules(TRAINING, root) if not _is_of_an_entry(p, root)], root)


def _is_of_an_entry(path: Path, root: Path) -> bool:
    """Return whether a module belongs to an entry of a registry, not to what entries share."""
    if path.parent == root / _path(TRANSFORMS):
        return not path.name.startswith("_")
    return any(
        (registry / path.relative_to(registry).parts[0] / "settings.py").is_file()
        for registry in (root / place for place in REGISTRIES)
        if path.is_relative_to(registry)
    )


def files_digest(folder: Path) -> str:
    """Return a digest of the names, sizes and dates of all files in a folder; empty for a file."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    stated = ((path, path.stat()) for path in found)
    lines = [f"{path.relative_to(folder)} {s.st_size} {s.st_mtime_ns}" for path, s in stated]
    return _hex(*lines) if lines else ""


def code_digest(*places: str, root: Path = ROOT) -> str:
    """Return a digest of the code in files and folders (paths from the root).

    A folder is covered with all modules in it, also those that are added.
    """
    return _hex(code(*places, root=root))


def in_studies(kind: str, root: Path = ROOT) -> list[str]:
    """Return the studies' folders of a kind of entry, such as ``networks``, as paths from root."""
    return [path.relative_to(root).as_posix() for path in listed(root, f"studies/*/{kind}")]


def code(*places: str, root: Path = ROOT) -> str:
    """Return the code in files and folders, without its comments and docstrings."""
    return _code_of(_modules(places, root), root)


def _modules(places: Iterable[str], root: Path) -> list[Path]:
    found = [root / place for place in places]
    return [m for path in found for m in (listed(path, "**/*.py") if path.is_dir() else [path])]


def _code_of(paths: Iterable[Path], root: Path) -> str:
    return "\n".join(f"{path.relative_to(root)} {_code(path)}" for path in paths)


def _code(path: Path) -> str:
    try:
        return _without_words(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise SyntaxError(f"{path}, line {error.lineno}: {error.msg}") from None


def _hex(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


@cache
def _without_words(source: str) -> str:
    """Return a module's syntax tree as text, without docstrings and without `WORDS`."""
    return _dumped(ast.parse(source))


def _dumped(node: Any) -> str:
    """Return a syntax tree as text that is the same in every version of Python.

    Newer versions of Python add fields to the tree, which are empty, and `ast.dump` prints them.
    """
    if isinstance(node, list):
        # A string that stands alone has no effect, wherever it stands.
        return f"[{','.join(_dumped(item) for item in node if not _is_text(item))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.Raise):
        # When there is an error decides what is trained; what it says doesn't.
        return "Raise"
    if isinstance(node, ast.Call):
        node.keywords = [word for word in node.keywords if not _decides_nothing(node, word)]
    fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
    return f"{type(node).__name__}({','.join(f'{k}={_dumped(v)}' for k, v in fields)})"


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _decides_nothing(call: ast.Call, word: ast.keyword) -> bool:
    """Return whether a keyword of a call decides no number."""
    return isinstance(call.func, ast.Name) and word.arg in WORDS.get(call.func.id, ())


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


def origin(config: RunConfig) -> dict[str, Any]:
    """Return the provenance of a run's results; call this function when the code was imported."""
    return {
        "processor": processor(),
        "versions": versions(*PACKAGES) | {"python": platform.python_version()},
        "commit": commit(),
        "code_digest": training_digest(config),
    }


def now() -> str:
    """Return the moment, as records state when a run began."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def commit() -> str:
    """Return the checkout's commit, with ``+changes`` if tracked files or new code differ from it.

    Results don't count: they may lie on another disk, behind a link.
    """
    try:
        if Path(_git("rev-parse", "--show-toplevel")).resolve() != ROOT.resolve():
            # This copy lies in somebody else's repository.
            return "unknown"
        head = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "-uno", "--", ".", ":(exclude)results")
        added = _git("ls-files", "--others", "--exclude-standard", "--", "resnet", "studies")
        return head + ("+changes" if changed or added else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    done = subprocess.run(
        # Without a lock, which would get in the way of a user's own git.
        ["git", "--no-optional-locks", *arguments],
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
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} core{'s' * (cores != 1)}"
