"""Where a cache of images was read from: a source, and its folder, which may have moved since.

As a parameter of the workflow's rule, another ``data_folder`` would read the images anew and train
every run again, also where the same files have only moved. So it is none, and a line says when it
isn't the folder that was read. This module imports only what Snakemake may import at every start.
"""

from __future__ import annotations

import json
from pathlib import Path

from resnet.files import new_file

READ_FROM = "folder.txt"
"""In a cache: the source's folder as it was given."""


def note_folder(cache: Path, folder: Path) -> None:
    """Write down the folder that a cache was read from."""
    with new_file(cache / READ_FROM) as beside:
        beside.write_text(f"{folder}\n", encoding="utf-8")


def why_not_read(cache: Path, source: str, folder: Path) -> str | None:
    """Return a line on a source or a folder that isn't the one that a cache was read from.

    None if it is, or if there is no cache.

    Parameters
    ----------
    cache
        The folder of the data set's arrays.
    source, folder
        What ``data_source`` and ``data_folder`` say.
    """
    try:
        before = json.loads((cache / "data.json").read_text(encoding="utf-8"))["source"]
        if before != source:
            return (
                f"The images in {cache} were read with data_source={before}, which is now "
                f"{source}: what needs images reads them anew, and trains every run again. To go "
                f"on with them: data_source={before} in --config."
            )
        noted = Path((cache / READ_FROM).read_text(encoding="utf-8").removesuffix("\n"))
    except (OSError, ValueError, LookupError, TypeError):
        return None
    if noted == folder or noted.resolve() == folder.resolve():
        return None
    return (
        f"The images in {cache} were read from {noted}; data_folder is now {folder}, which isn't "
        "read. If it holds other images, `snakemake --forcerun data` reads them, and trains every "
        "run again; if not, "
        f"remove {cache / READ_FROM}, and this line ends."
    )
