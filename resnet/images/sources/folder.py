"""The folder that a cache of images was read from, which may have moved since.

Snakemake would read the images anew for another ``data_folder`` if it were a parameter, and then
train every run again, also where the same files have only moved. So the folder is none; a line says
when it isn't the one that was read. This module imports only what Snakemake may at every start.
"""

from __future__ import annotations

from pathlib import Path

from resnet.files import new_file

NAME = "folder.txt"
"""In a cache: the absolute path of the source's folder."""


def note_folder(cache: Path, folder: Path) -> None:
    """Write down the folder that a cache was read from."""
    with new_file(cache / NAME) as beside:
        beside.write_text(f"{folder.resolve()}\n", encoding="utf-8")


def why_not_read(cache: Path, folder: Path) -> str | None:
    """Return a line on a folder that isn't the one that a cache was read from.

    None if it is the same folder, there is no cache, or the cache's source has no folder.
    """
    try:
        noted = (cache / NAME).read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, ValueError):
        return None
    if Path(noted) == folder.resolve():
        return None
    return (
        f"The images in {cache} were read from {noted}, and data_folder is now {folder}: they stay "
        f"as they are. If it holds other images, remove {cache}; every run is then trained again."
    )
