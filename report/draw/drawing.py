"""Common parts of all figures: style, colours, sizes, helper functions and writing to files."""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

# Before Matplotlib reads it: notebooks name a backend that only they have.
os.environ["MPLBACKEND"] = "agg"

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.text import Text

from report.wording import shortened
from report.writing import write_csv
from resnet.files import new_file, write_json

INK = "#1f2329"
"""The colour of text and axes; the page replaces it by the text colour of its theme."""

PALETTE = (
    "#0173b2",
    "#d55e00",
    "#029e73",
    "#b44fa5",
    "#a87100",
    "#7a7a7a",
    "#4f7fd9",
    "#8f5a3c",
)
"""Colours for colour-blind readers, with a contrast of at least 3:1 on white and dark pages (WCAG
2.2, 1.4.11). With more than a few colours, markers and dashes are easier to distinguish."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
DASHES = ("-", "--", "-.", ":")

WIDE, NARROW = 7.4, 3.35
"""Widths in inches: for the page and the PDF, and for a phone."""

# Keys are Any, since matplotlib's type for them is a list of all valid keys.
STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    # Between the inks of light and dark pages, so that lines recede on both.
    "grid.color": "#8c939c",
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    # Names and titles come from users: a $ in them doesn't start a formula.
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
}
FONTS: dict[bool, dict[Any, Any]] = {
    False: {"font.size": 9, "axes.titlesize": 10, "legend.fontsize": 8},
    True: {"font.size": 6.5, "axes.titlesize": 7, "legend.fontsize": 6.5, "lines.linewidth": 0.9},
}
PAPER_FONT = "DejaVu Serif"
"""The font in the PDF, whose text has serifs."""


@dataclass(frozen=True)
class Drawing:
    """A figure with its alt text, its caption, and the table of its data."""

    figure: Figure
    alt: str
    caption: str
    data: pd.DataFrame


def styled(narrow: bool) -> AbstractContextManager[Any]:
    """Return the style context for drawing figures, for the page or for phones.

    It starts from Matplotlib's defaults, so that no ``matplotlibrc`` changes a figure.
    """
    stack = ExitStack()
    stack.enter_context(style.context("default"))
    stack.enter_context(sns.axes_style("ticks"))
    stack.enter_context(mpl.rc_context(STYLE | FONTS[narrow]))
    return stack


def colour(number: int) -> str:
    """Return the colour of the series with index ``number``."""
    return PALETTE[number % len(PALETTE)]


def dash(number: int) -> str:
    """Return the dash style of the series with index ``number``; it differs if colours repeat."""
    return DASHES[(number + number // len(PALETTE)) % len(DASHES)]


@cache
def _letters() -> frozenset[int]:
    """Return the code points that the figures' font can draw."""
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def label(name: str, length: int, lines: int = 1) -> str:
    """Return a name wrapped to ``length``, with ? for characters that the font lacks.

    What ``lines`` lines don't hold is cut, with an ellipsis.
    """
    known = "".join(c if ord(c) in _letters() else "?" for c in name)
    wrapped = textwrap.wrap(known, length, break_on_hyphens=False)
    kept, rest = wrapped[: lines - 1], " ".join(wrapped[lines - 1 :])
    return "\n".join([*kept, *([shortened(rest, length)] if rest else [])])


def sheet(
    narrow: bool, height: float, rows: int = 1, columns: int = 1, **grid: Any
) -> tuple[Figure, Any]:
    """Return a figure of the page's or a phone's width, and its axes."""
    figure = Figure(figsize=(NARROW if narrow else WIDE, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **grid)


def beside(narrow: bool, height: float, ratio: float = 1.0) -> tuple[Figure, Any]:
    """Return a figure with two panels: side by side on the page, stacked on a phone."""
    if narrow:
        return sheet(True, 1.75 * height, 2, 1)
    return sheet(False, height, 1, 2, width_ratios=[1, ratio])


def band(shade: Callable[..., Any], *at: float) -> None:
    """Shade a range of values by ``Axes.barh`` or ``Axes.axvspan``, with edges.

    Without edges it couldn't be seen on a dark page.
    """
    blue = PALETTE[0]
    shade(*at, facecolor=(blue, 0.2), edgecolor=blue, linewidth=0.6)


def interval_line(
    axes: Axes,
    y: float,
    ends: tuple[float, float],
    limits: tuple[float, float],
    ink: str,
    narrow: bool,
    alpha: float = 1.0,
) -> None:
    """Draw an interval as a line, with an arrowhead where it extends beyond ``limits``."""
    low, high = ends
    if math.isnan(low):
        return
    inside = [max(low, limits[0]), min(high, limits[1])]
    axes.plot(inside, [y, y], color=ink, linewidth=1 if narrow else 2, alpha=alpha)
    for end, beyond, mark in (
        (inside[0], low < limits[0], "<"),
        (inside[1], high > limits[1], ">"),
    ):
        if beyond:
            size = 2 if narrow else 5
            axes.plot(end, y, mark, color=ink, markersize=size, clip_on=False, alpha=alpha)


def note(axes: Axes, y: float, text: str, narrow: bool) -> None:
    """Write a row's numbers at the right of the axes."""
    axes.annotate(
        text,
        (1.03, y),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=6.5 if narrow else 8,
    )


def levels(confidence: pd.Series) -> str:
    """Return the intervals' confidence in words, such as ``95%`` or ``95% to 98.75%``."""
    low, high = (f"{end * 100:.4g}%" for end in (confidence.min(), confidence.max()))
    return low if low == high else f"{low} to {high}"


def thin(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return at most ``most`` equally spaced rows, including the last row."""
    return table.iloc[:: -1 * max(1, -(-len(table) // most))].iloc[::-1]


def nothing(narrow: bool, reason: str) -> Drawing:
    """Return a placeholder figure that states why the figure can't be drawn."""
    figure, axes = sheet(narrow, 0.8)
    axes.set_axis_off()
    axes.text(0.5, 0.5, reason, ha="center", va="center")
    return Drawing(figure, reason, reason, pd.DataFrame())


def write(wide: Drawing, narrow: Drawing, name: str, folder: Path) -> None:
    """Write a figure's files, with reproducible bytes.

    The files are ``<name>.svg`` for the page, ``.narrow.svg`` for the page on a phone, and ``.pdf``
    for the PDF; ``.csv`` with the figure's data; and ``.json`` with the ``alt`` text and a caption
    for each width.
    """
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        _save(wide.figure, folder / f"{name}.svg", {"Date": None})
        _save(narrow.figure, folder / f"{name}.narrow.svg", {"Date": None})
        # Drawing it again would take as long as all the rest.
        for text in wide.figure.findobj(Text):
            text.set_fontfamily(PAPER_FONT)
        _save(wide.figure, folder / f"{name}.pdf", {"CreationDate": None})
    write_csv(wide.data, folder / f"{name}.csv")
    words = {"alt": wide.alt, "caption": wide.caption, "column_caption": narrow.caption}
    with new_file(folder / f"{name}.json") as beside:
        write_json(beside, words)
    # Figures have reference cycles; a hundred uncleared ones exceed a laptop's memory.
    for drawing in (wide, narrow):
        drawing.figure.clear()


def _save(figure: Figure, path: Path, metadata: dict[str, None]) -> None:
    with new_file(path) as beside:
        figure.savefig(beside, format=path.suffix[1:], metadata=metadata)


def write_legibly(axes: Axes) -> None:
    """Write each number in black or white, whichever has more contrast to its cell's colour.

    Contrast is that of WCAG 2.2 (relative luminance): black has more of it where luminance is above
    0.179, at which both are equal.
    """
    cells = axes.collections[0]
    cells.update_scalarmappable()  # Without it they have no colours until they are drawn.
    faces = np.asarray(cells.get_facecolor(), dtype=np.float64)
    for text, face in zip(axes.texts, faces, strict=False):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in face[:3]]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        text.set_color("black" if luminance > 0.179 else "white")
