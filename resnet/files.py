"""Writing that is complete or absent (beside the place, synced, renamed), and the job's log.

Imports nothing but Python's library, so that `ablations` and `report` write by it, too.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial"


class WriteError(OSError):
    """A file that can't be written: which, and why."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(error.errno, error.strerror or str(error), str(path))

    def __str__(self) -> str:
        """Return one line."""
        return (
            f"{self.filename}: can't be written: {self.strerror}. Nothing that was there is lost: "
            "make room or mend the permission, then call again"
        )


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; it takes ``path``'s place when all went well.

    Raises
    ------
    WriteError
        Where the disk is full, the folder read-only, ...; what was at ``path`` is still there.
    """
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


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder beside ``path`` to fill; it takes ``path``'s place when all went well.

    Raises
    ------
    WriteError
        As `new_file`.
    """
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
            _remove(beside)
            _remove(_aside(beside))
        _sync(path.parent)


def _put(beside: Path, path: Path) -> None:
    """Put a folder in the place of another, so that a kill at any time leaves one of them there."""
    if not path.exists():
        beside.rename(path)
    elif not _exchanged(beside, path):
        # Where both can't be exchanged at once; a kill in between is mended by the next call.
        path.rename(_aside(beside))
        try:
            beside.rename(path)
        except OSError:
            _aside(beside).rename(path)
            raise


def _aside(beside: Path) -> Path:
    return beside.with_name(f"{beside.name}.old")


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two paths in one step (renameat2(2), RENAME_EXCHANGE), and say if that worked."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE, in linux/fcntl.h and linux/fs.h
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)


def _beside(path: Path) -> Path:
    """Return a name of this process's own, and remove what killed ones left of theirs here."""
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
    finally:
        os.close(handle)


def start_log(path: Path | None) -> None:
    """Log to standard error and, where a path is given, to that file as well."""
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(path, mode="w"))
    # A line that a full disk doesn't take is not worth a traceback: the work itself says so.
    logging.raiseExceptions = False
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers, force=True)
