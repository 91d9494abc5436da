"""Every figure of a study: ``python -m report.figures results/<scale>`` draws them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from itertools import islice
from multiprocessing import Process
from pathlib import Path
from typing import Any

from report.ablation_figures import draw_ablation, draw_grid, draw_ladder
from report.drawing import Drawing, styled, write
from report.image_figures import draw_augmentation, draw_confusion, draw_mistakes
from report.paper_figures import draw_figure1, draw_figure2
from report.reading import RecordError
from report.study_figures import draw_effects, draw_optimism, draw_pareto
from report.tables import Tables, read_tables

Draw = Callable[[Tables, bool], Drawing]

OF_STUDY: dict[str, Draw] = {
    "figure1": draw_figure1,
    "figure2": draw_figure2,
    "effects": draw_effects,
    "pareto": draw_pareto,
    "optimism": draw_optimism,
    "augmentation": draw_augmentation,
    "confusion": draw_confusion,
    "mistakes": draw_mistakes,
}
"""The figures that every study has, by name."""

OF_DESIGN: dict[str, Callable[..., Drawing]] = {"ladder": draw_ladder, "grid": draw_grid}
"""What an ablation of that design has beside its curves: ``ladder_<name>``, ``grid_<name>``."""


def drawings(study: dict[str, Any]) -> dict[str, Draw]:
    """Return every figure of a study by name, as a function of its tables and of its width."""
    figures = dict(OF_STUDY)
    for name, ablation in study["ablations"].items():
        figures[f"ablation_{name}"] = partial(draw_ablation, name=name)
        if ablation["design"] in OF_DESIGN:
            draw = OF_DESIGN[ablation["design"]]
            figures[f"{ablation['design']}_{name}"] = partial(draw, name=name)
    return figures


def draw_all(tables: Tables, folder: Path, processes: int = 1) -> None:
    """Draw every figure of the study into ``folder``, shared among so many processes.

    Raises
    ------
    OSError
        Where a file can't be written.
    """
    # Not a pool's, whose processes would wait for ever once this one is killed.
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
    parser = argparse.ArgumentParser(prog="python -m report.figures", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="results/<scale>")
    parser.add_argument("--processes", type=int, default=1, help="that share the figures")
    args = parser.parse_args(argv)
    if args.processes < 1:
        parser.error(f"--processes: {args.processes}; at least 1 is needed")
    try:
        draw_all(read_tables(args.folder), args.folder / "figures", args.processes)
    except (RecordError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
