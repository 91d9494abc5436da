"""A source of a data set's images, and what a folder holds that was expected to be one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from resnet.images.sources.cache import Split

DEPTH = 3
"""Levels of folders that are searched; Hugging Face's cache has the files at this depth, in
``datasets--<name>/snapshots/<revision>/<config>``."""


@dataclass(frozen=True)
class Source:
    """A way in which a data set's images can be had.

    Parameters
    ----------
    read
        Returns the splits in a folder, by name; raises `DataError` if they can't be read.
    pixels
        Where the pixels come from, in words, for the report.
    is_in
        Returns whether a folder has this source's form; None if that can't be told.
    reads_folder
        Whether the images depend on the folder.
    """

    read: Callable[[Path], dict[str, Split]]
    pixels: str
    is_in: Callable[[Path], bool] | None = None
    reads_folder: bool = True


def files_in(folder: Path, suffix: str) -> Iterator[Path]:
    """Yield the files with a suffix in a folder and in the folders below, to a depth of `DEPTH`.

    Hidden files are what other systems leave beside them.
    """
    for where, below, names in os.walk(folder, followlinks=True):
        here = Path(where)
        below[:] = sorted(below) if len(here.relative_to(folder).parts) < DEPTH else []
        shown = (name for name in sorted(names) if not name.startswith("."))
        yield from (here / name for name in shown if name.endswith(suffix))


def contents(folder: Path) -> str:
    """Return in words what a folder holds, for an error message."""
    try:
        names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    except FileNotFoundError:
        return "there is no such folder"
    except NotADirectoryError:
        return "it is a file; name the folder that holds it"
    if not names:
        return "it is empty"
    shown = ", ".join(itertools.islice(names, 6))
    return f"it holds {shown}" + (f" and {len(names) - 6} more" if len(names) > 6 else "")
