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

from report.page import registry
from report.page.escape import LONG, Tex, escape, finalize
from report.page.page import Page
from report.page.printed_table import Cell, Printed
from report.page.registry import Section

FOLDER = Path(__file__).parent


# --- tables ---------------------------------------------------------------------------------

PAGE = 17.2
"""Text width, in centimetres."""

LETTER, GAP = 0.16, 0.28
"""Average width of a character in a table, and the gap between columns, in centimetres."""


MOST_LINES = 24
"""Maximum number of lines of a table that stays on one page."""


def table(printed: Printed, label: str) -> Tex:
    """Return a table with booktabs' rules, which goes on over pages if it is long.

    Cells are wrapped to the page's width; a table that is still too wide has smaller letters.
    """
    widths, gaps = _widths(printed, PAGE), GAP * (len(printed.columns) - 1)
    scale = sum(widths) / (PAGE - gaps)
    if scale > 1:
        widths = [width / scale for width in widths]
    size = r"\footnotesize" if scale <= 1.15 else r"\scriptsize"
    kinds = ["R" if numeric else "P" for numeric in printed.numeric]
    columns = "".join(f"{k}{{{w:.2f}cm}}" for k, w in zip(kinds, widths, strict=True))
    heads = " & ".join(map(_head, printed.columns, widths, printed.numeric))
    # Without rows there must be no line between the rules: TeX takes it for a cell.
    body = "".join(f"{_row(row)}{_space_after(row, widths)}\n" for row in printed.rows)
    caption = rf"\caption{{{escape(printed.caption)}}}\label{{tab:{label}}}"
    # A figure, since LaTeX keeps the order of floats of one kind only.
    if sum(_height(row, widths) for row in printed.rows) <= MOST_LINES:
        return Tex(
            f"\\begin{{figure}}[!htbp]\\centering{size}\n"
            f"\\captionof{{table}}{{{escape(printed.caption)}}}\\label{{tab:{label}}}\n"
            f"\\begin{{tabular}}{{@{{}}{columns}@{{}}}}\n"
            f"\\toprule\n{heads} \\\\\n\\midrule\n{body}\\bottomrule\n"
            "\\end{tabular}\n\\end{figure}\n"
        )
    return Tex(
        f"{{{size}\n\\begin{{longtable}}{{@{{}}{columns}@{{}}}}\n{caption}\\\\\n"
        f"\\toprule\n{heads} \\\\\n\\midrule\n\\endfirsthead\n"
        f"\\toprule\n{heads} \\\\\n\\midrule\n\\endhead\n"
        f"\\bottomrule\n\\endfoot\n{body}\\end{{longtable}}}}\n"
    )


def _height(row: list[Cell], widths: list[float]) -> int:
    """Return the number of a row's lines."""
    return max(_lines(len(cell.text), width) for cell, width in zip(row, widths, strict=True))


def _space_after(row: list[Cell], widths: list[float]) -> str:
    """Return the space after a row of several lines, which would run into the next one without."""
    return r"\addlinespace[2pt]" if _height(row, widths) > 1 else ""


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


def _head(head: str, width: float, numeric: bool) -> str:
    """Return a column's head, wrapped to its width."""
    lines = textwrap.wrap(head, max(int(width / LETTER), 1), break_long_words=False)
    stacked = r"\\".join(map(escape, lines))
    return rf"\heading{{{'r' if numeric else 'l'}}}{{{stacked}}}"


def _row(row: list[Cell]) -> str:
    return " & ".join(map(_cell, row)) + r" \\"


def _cell(cell: Cell) -> str:
    """Return a cell; links within the report lead to their place in the PDF, if it has one."""
    text: str = escape(cell.text)
    if cell.strong or cell.verdict:
        text = rf"\textbf{{{text}}}"
    if cell.anchor:
        text = rf"\phantomsection\hypertarget{{{_target(cell.anchor)}}}{{{text}}}"
    elif cell.link and cell.link.startswith("#run-"):
        text = rf"\hyperlink{{{_target(cell.link[1:])}}}{{{text}}}"
    elif cell.link and not cell.link.startswith("#"):
        text = rf"\href{{{url(cell.link)}}}{{{text}}}"
    return text


def _target(anchor: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", anchor)


# --- the document ---------------------------------------------------------------------------


MACROS = ("picture", "pictures", "facts", "points")
"""The macros that the templates of sections may use, beside `table` and `url`."""


def render(page: Page, figures: str) -> str:
    """Return the LaTeX source.

    Parameters
    ----------
    page
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
    macros = environment.get_template("macros.tex.j2").make_module(
        {"figures": Tex(figures), "tex": Tex}
    )
    given = {name: getattr(macros, name) for name in MACROS} | {"table": table, "url": url}

    def rendered(ending: str) -> list[tuple[Section, Tex]]:
        return [
            (section, Tex(text))
            for section in page.sections
            if (text := section.rendered(ending, environment, given))
        ]

    return environment.get_template("page.tex.j2").render(
        page=page,
        url=url,
        rendered=rendered("tex"),
        appended=[latex for _, latex in rendered("appendix.tex")],
        appendix=next(s.name for s in page.sections if s.place in registry.APPENDIX),
    )


def url(address: str) -> Tex:
    r"""Return an address for ``\href``, with special characters percent-encoded."""
    quoted = quote(address, safe="/:?=&.,;@+~-#%")
    return Tex(re.sub(r"([%#&~])", r"\\\1", quoted))
