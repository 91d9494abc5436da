"""Read a data set from one of its sources, check it, and write the cache that all runs share.

``python -m resnet.images.sources.prepare --dataset NAME --source NAME --output FOLDER``
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from pathlib import Path

from resnet.files import start_log
from resnet.images.datasets import DATASETS
from resnet.images.moved import note_folder
from resnet.images.sources.cache import DataError, Split, check, describe, write_cache
from resnet.images.sources.source import Source

log = logging.getLogger(__name__)


def read(dataset: str, source: str, folder: Path) -> tuple[dict[str, Split], str]:
    """Return a data set's checked splits by name, and a description of their pixels.

    Raises
    ------
    DataError
        If the data set has no such source, the source can't be read, or a check of the images
        fails. If the folder has the form of another source, the message names that one.
    """
    sources = sources_of(dataset)
    if source not in sources:
        allowed = ", ".join(sources)
        raise DataError(f"data_source: {dataset} has no source {source!r}; allowed are {allowed}")
    try:
        splits = sources[source].read(folder)
    except DataError as error:
        other = source_in(dataset, folder)
        hint = f"; this is data_source={other}" if other not in (None, source) else ""
        raise DataError(f"{error}{hint}") from None
    check(splits, dataset)
    return splits, sources[source].pixels


def sources_of(dataset: str) -> dict[str, Source]:
    """Return a data set's sources by name."""
    found: dict[str, Source] = importlib.import_module(
        f"resnet.images.datasets.{dataset}.read"
    ).SOURCES
    return found


def source_in(dataset: str, folder: Path) -> str | None:
    """Return the name of the source whose form a folder has, or None."""
    forms = sources_of(dataset).items()
    return next((name for name, it in forms if it.is_in is not None and it.is_in(folder)), None)


def main(argv: list[str] | None = None) -> int:
    """Read a source, check it, and write the arrays."""
    parser = argparse.ArgumentParser(
        prog="python -m resnet.images.sources.prepare", description=main.__doc__
    )
    parser.add_argument("--dataset", choices=DATASETS, required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--folder", type=Path, default=Path("data"), help="where the source is")
    parser.add_argument("--output", type=Path, required=True, help="where the arrays go")
    parser.add_argument("--log", type=Path, help="a file to write the log to as well")
    args = parser.parse_args(argv)
    try:
        start_log(args.log)
        splits, pixels = read(args.dataset, args.source, args.folder)
        facts = describe(splits, args.dataset, args.source, pixels)
        write_cache(splits, facts, args.output)
        if sources_of(args.dataset)[args.source].reads_folder:
            note_folder(args.output, args.folder)
    except (DataError, OSError) as error:
        log.error("error: %s\n%s", error, DATASETS[args.dataset].ways_out)
        return 1
    log.info("%s from %s: %s", args.dataset, args.source, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
