"""Draw every figure of a study: ``python -m report.draw.all_figures results/<scale>``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable
from functools import partial
from itertools import islice
from multiprocessing import Process
from pathlib import Path
from typing import Any

from report.draw import registry
from report.draw.drawing import Drawing, styled, write
from report.read.files import RecordError
from report.read.published import folder_of
from report.read.tables import Tables, read_tables

Draw = Callable[[Tables, bool], Drawing]


def drawings(study: dict[str, Any]) -> dict[str, Draw]:
    """Return a function for each figure of a study, by name; it takes the tables and the width."""
    designs = {name: ablation["design"] for name, ablation in study["ablations"].items()}
    found = registry.figures_of(designs, folder_of(study))
    return {figure.name: _draw(figure) for figure in found}


def _draw(figure: registry.Figure) -> Draw:
    module = importlib.import_module(figure.entry.module)
    draw: Draw = partial(module.draw, name=figure.ablation) if figure.ablation else module.draw
    return draw


def draw_all(tables: Tables, folder: Path, processes: int = 1) -> None:
    """Draw every figure of the study into ``folder``, in ``processes`` parallel processes.

    Raises
    ------
    OSError
        If a file can't be written.
    """
    # Not a process pool, whose processes would wait forever if this process is killed.
    others = [
        Process(target=_draw_or_say, args=(tables, folder, share, processes))
        for share in range(1, processes)
    ]
    for other in others:
        other.start()
    try:
        _draw_share(tables, folder, 0, processes)
    finally:
        for other in others:
            other.join()
    for other in others:
        if other.exitcode:
            raise OSError(f"{folder}: a process that drew figures ended with {other.exitcode}")


def _draw_share(tables: Tables, folder: Path, first: int, step: int) -> None:
    for name, draw in islice(drawings(tables.study).items(), first, None, step):
        with styled(narrow=False):
            wide = draw(tables, False)
        with styled(narrow=True):
            narrow = draw(tables, True)
            write(wide, narrow, name, folder)


def _draw_or_say(tables: Tables, folder: Path, first: int, step: int) -> None:
    try:
        _draw_share(tables, folder, first, step)
    except OSError as error:
        sys.exit(f"error: {error}")


def main(argv: list[str] | None = None) -> int:
    """Draw every figure of the study."""
    parser = argparse.ArgumentParser(
        prog="python -m report.draw.all_figures", description=main.__doc__
    )
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument("--processes", type=int, default=1, help="that share the figures")
    args = parser.parse_args(argv)
    if args.processes < 1:
        parser.error(f"--processes: {args.processes}; at least 1 is needed")
    try:
        draw_all(read_tables(args.folder), args.folder / "figures", args.processes)
    except (RecordError, registry.EntryError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
