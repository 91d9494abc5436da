r"""Render the report as LaTeX.

All values in the template are escaped by `report.page.escape.finalize`. The source runs no programs
(no ``\write18``).
"""

from __future__ import annotations

import math
import re
import textwrap
from pathlib import Path
from urllib.parse import quote

import jinja2

from report.page.context import Report
from report.page.escape import LONG, Tex, escape, finalize
from report.page.printed_table import Cell, Printed

FOLDER = Path(__file__).parent


# --- tables ---------------------------------------------------------------------------------

PAGE, COLUMN = 17.2, 8.2
"""Text widths of the page and of a column, in centimetres."""

LETTER, GAP = 0.16, 0.28
"""Average width of a character in a table, and the gap between columns, in centimetres."""

MOST_LINES = 58
"""Maximum number of a table's lines on a page."""


def table(printed: Printed, label: str, wide: bool = False) -> Tex:
    """Return a table with booktabs' rules, as wide as a column or, if ``wide``, as the page.

    Cells are wrapped to the available width. A table that is still too wide is scaled, and a table
    that is too long is continued in another one.
    """
    widths = _widths(printed, PAGE if wide else COLUMN)
    scale = (sum(widths) + GAP * (len(widths) - 1)) / (PAGE if wide else COLUMN)
    pages = _pages(printed.rows, widths, MOST_LINES * max(1.0, scale))
    parts = [_part(printed, rows, widths, wide) for rows in pages]
    first, *others = parts or [_part(printed, [], widths, wide)]
    caption = escape(printed.caption)
    made = [_float(first, f"\\caption{{{caption}}}\\label{{tab:{label}}}", wide)]
    made += [_float(p, "\\ContinuedFloat\\caption{Continued.}", wide) for p in others]
    return Tex("".join(made))


def _float(body: str, caption: str, wide: bool) -> str:
    name = "table*" if wide else "table"
    return f"\\begin{{{name}}}[tbp]\\centering\\footnotesize\n{caption}\n{body}\\end{{{name}}}\n"


def _part(printed: Printed, rows: list[list[Cell]], widths: list[float], wide: bool) -> str:
    kinds = ["R" if numeric else "P" for numeric in printed.numeric]
    columns = "".join(f"{k}{{{w:.2f}cm}}" for k, w in zip(kinds, widths, strict=True))
    heads = " & ".join(map(_head, printed.columns, widths, printed.numeric))
    body = "\n".join(map(_row, rows))
    room = r"\textwidth" if wide else r"\columnwidth"
    return (
        f"\\fitted{{{room}}}{{\\begin{{tabular}}{{@{{}}{columns}@{{}}}}\n"
        f"\\toprule\n{heads} \\\\\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}}}\n"
    )


def _widths(printed: Printed, room: float) -> list[float]:
    """Return each column's width in cm: at least its longest word, wider if that saves lines."""
    columns = [
        [head, *(row[i].text for row in printed.rows)] for i, head in enumerate(printed.columns)
    ]
    # Add a margin, because a short word may consist of wide letters.
    widths = [max(map(_longest_word, texts)) * LETTER + 0.25 for texts in columns]
    # Without the heads, which are always wrapped.
    longest = [max((len(text) for text in texts[1:]), default=0) for texts in columns]
    # Long text in a narrow column makes a tall table; a smaller font is easier to read.
    widths = [max(w, min(n * LETTER / 4, LONG_TEXT)) for w, n in zip(widths, longest, strict=True)]
    spare = room - GAP * (len(columns) - 1) - sum(widths)
    while spare > 0:
        lines = [_lines(length, width) for length, width in zip(longest, widths, strict=True)]
        tallest = max(range(len(lines)), key=lines.__getitem__)
        if lines[tallest] == 1:
            break
        widths[tallest] += STEP
        spare -= STEP
    return widths


LONG_TEXT = 4.5
"""Minimum width of a column with long text, in centimetres."""

STEP = 0.2
"""Centimetres by which a column is widened in each step."""


def _lines(letters: int, width: float) -> int:
    return math.ceil(letters * LETTER / width)


def _longest_word(text: str) -> int:
    """Return the length of the longest unbreakable part (`escape` makes _ and / breakable)."""
    return max(min(len(word), LONG) for word in re.split(r"[\s_/]", text))


def _pages(rows: list[list[Cell]], widths: list[float], most: float) -> list[list[list[Cell]]]:
    """Split the rows into parts of at most ``most`` lines."""
    pages: list[list[list[Cell]]] = []
    room = 0.0
    for row in rows:
        lines = max(_lines(len(cell.text), width) for cell, width in zip(row, widths, strict=True))
        if room < lines:
            pages.append([])
            room = most
        pages[-1].append(row)
        room -= lines
    return pages


def _head(head: str, width: float, numeric: bool) -> str:
    """Return a column's head, wrapped to its width."""
    lines = textwrap.wrap(head, max(int(width / LETTER), 1), break_long_words=False)
    stacked = r"\\".join(map(escape, lines))
    return rf"\heading{{{'r' if numeric else 'l'}}}{{{stacked}}}"


def _row(row: list[Cell]) -> str:
    cells = [rf"\textbf{{{escape(c.text)}}}" if c.strong else escape(c.text) for c in row]
    return " & ".join(cells) + r" \\"


# --- the document ---------------------------------------------------------------------------


def render(report: Report, figures: str) -> str:
    """Return the LaTeX source.

    Parameters
    ----------
    report
        The report's content.
    figures
        The relative path from the source's folder to the figures.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "templates"),
        # Text escaped by finalize and results of macros are Markup, and stay unchanged.
        autoescape=True,
        finalize=finalize,
        undefined=jinja2.StrictUndefined,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.tex.j2")
    return template.render(page=report, table=table, figures=Tex(figures), tex=Tex, url=url)


def url(address: str) -> Tex:
    r"""Return an address for ``\href``, with special characters percent-encoded."""
    quoted = quote(address, safe="/:?=&.,;@+~-")
    return Tex(re.sub(r"([%#&~])", r"\\\1", quoted))
