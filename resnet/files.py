"""Atomic writing of files and folders (temporary path, fsync, rename), and set-up of the log.

Imports only the standard library, so that `ablations` and `report` can use this module, too.
"""

from __future__ import annotations

import ctypes
import errno
import json
import logging
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

PARTIAL = ".partial"

NOT_SYNCED = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""Errors with which some file systems, as those of virtual machines, refuse to sync a folder."""


class WriteError(OSError):
    """A file or folder can't be written; the message has its path and the reason."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(error.errno, error.strerror or str(error), str(path))

    def __str__(self) -> str:
        """Return one line."""
        return (
            f"{self.filename}: can't be written: {self.strerror}. Existing files are unchanged: "
            "free disk space or correct the permissions, then run the command again"
        )


class OccupiedError(WriteError):
    """A folder holds other things than what would replace it; the message has its path."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FileExistsError(errno.EEXIST, "other files are there"))

    def __str__(self) -> str:
        """Return one line."""
        return (
            f"{self.filename}: holds other files, which would be lost: nothing was written. Name "
            "another folder, or empty this one first"
        )


class NoFileError(WriteError):
    """Something other than a file is in the place of a file; the message has its path."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FileExistsError(errno.EEXIST, "no file is there"))

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.filename}: is a folder, a pipe or a device: name another path"


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path in ``path``'s folder; it replaces ``path`` if the block succeeds.

    Raises
    ------
    WriteError
        If the disk is full, the folder is read-only, etc.; an existing file at ``path`` is kept.
    NoFileError
        If a folder, a pipe or a device is there.
    """
    # A link stays, and what it leads to is replaced.
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file():
        raise NoFileError(path)
    beside = _beside(path)
    with _blaming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            _sync(beside)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        _sync(path.parent)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file, one line a value; `new_file` or `new_folder` makes that atomic."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises
    ------
    OSError
        If the file can't be read.
    ValueError
        If its content isn't JSON, or isn't UTF-8.
    """
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; it replaces ``path`` if the block succeeds.

    Raises
    ------
    WriteError
        As in `new_file`.
    OccupiedError
        If ``path`` holds files, and none that has the name of a new one.
    """
    # A link stays, and what it leads to is replaced.
    path = path.resolve() if path.is_symlink() else path
    beside = _beside(path)
    with _blaming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(beside)
        beside.mkdir()
        try:
            yield beside
            for file in beside.iterdir():
                _sync(file)
            _sync(beside)
            _put(beside, path)
        finally:
            # Also after an interrupt: what was there comes back before anything is removed.
            if _aside(beside).exists() and not path.exists():
                _aside(beside).rename(path)
            _remove(beside)
            _remove(_aside(beside))
        _sync(path.parent)


def _put(beside: Path, path: Path) -> None:
    """Replace a folder by another such that a process killed at any time leaves one of them."""
    if not path.exists():
        beside.rename(path)
        return
    check_replaceable(path, {file.name for file in beside.iterdir()})
    if not _exchanged(beside, path):
        # No atomic exchange available. If killed in between, the next call's `_beside` repairs it.
        path.rename(_aside(beside))
        beside.rename(path)


def check_replaceable(path: Path, names: Collection[str]) -> None:
    """Raise `OccupiedError` if a folder holds files, and none with one of these names."""
    there = {file.name for file in listed(path, "*")} if path.is_dir() else {path.name}
    if path.exists() and there and not there & set(names):
        raise OccupiedError(path)


def _aside(beside: Path) -> Path:
    return beside.with_name(f"{beside.name}.old")


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two paths atomically (renameat2(2), RENAME_EXCHANGE); return whether it worked."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE, in linux/fcntl.h and linux/fs.h
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)


def _beside(path: Path) -> Path:
    """Return this process's temporary path, and clean up those of killed processes on this host."""
    host = re.sub(r"\W", "-", platform.node())
    for left in path.parent.glob(f".{path.name}.{host}.*{PARTIAL}*"):
        pid = left.name.removeprefix(f".{path.name}.{host}.").partition(".")[0]
        if pid.isdecimal() and not _is_alive(int(pid)):
            if left.name.endswith(".old") and not path.exists():
                left.rename(path)
            _remove(left)
    return path.with_name(f".{path.name}.{host}.{os.getpid()}{PARTIAL}")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _blaming(path: Path) -> Iterator[None]:
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(path, error) from None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NOT_SYNCED or not path.is_dir():
            raise
    finally:
        os.close(handle)


def listed(folder: Path, pattern: str) -> list[Path]:
    """Return the files that match a pattern in a folder, sorted, without hidden ones.

    Editors, notebooks and macOS leave hidden files (``.#name``, ``._name``, ``.ipynb_checkpoints``)
    beside those that are meant, at times ones that can't be read.
    """
    return [
        path
        for path in sorted(folder.glob(pattern))
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def end(main: Callable[[], int]) -> NoReturn:
    """Exit with what ``main`` returns; whoever reads its output may stop reading, or have no room.

    Raises
    ------
    SystemExit
        Always; with 141 after a closed pipe and 130 after Ctrl-C, as a shell has it, and 1 if
        output can't be written.
    """
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        # It writes all or nothing, so that there is nothing to say.
        sys.exit(130)
    except BrokenPipeError:
        code = 141
    except OSError as error:
        print(f"error: the output can't be written: {error.strerror}", file=sys.stderr)
        code = 1
    else:
        sys.exit(code)
    # What is left in the buffer would be written, and fail again, when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)


def start_log(path: Path | None) -> None:
    """Log to standard error and, if a path is given, also to that file.

    Messages of level DEBUG, such as a line for each epoch, go to the file alone if there is one.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers[0].setLevel(logging.INFO)
        handlers.append(logging.FileHandler(path, mode="w", encoding="utf-8"))
    # No traceback when a full disk rejects a log line: the run itself reports the full disk.
    logging.raiseExceptions = False
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers, force=True)
    # Our own packages alone: libraries debug themselves at length.
    logging.getLogger("resnet").setLevel(logging.DEBUG)
