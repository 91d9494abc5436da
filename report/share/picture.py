"""The study's answer as a picture of 1200 by 630 pixels, as social media show it."""

from __future__ import annotations

import textwrap
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from report.draw.drawing import INK, PALETTE, styled
from report.judge.parts import EXCEEDS, REFUTED, SAME, SUPPORTED, UNDECIDED
from report.judge.verdicts import Verdict
from report.page.page import Page
from report.page.sections.opening.verdicts import counts
from report.wording import plural
from resnet.files import new_file

COLOURS = {
    SUPPORTED: PALETTE[2],
    EXCEEDS: PALETTE[3],
    REFUTED: PALETTE[1],
    SAME: PALETTE[0],
    UNDECIDED: "#b9bec5",
}
"""The colour of a claim with each verdict; the others are outlines."""

A_ROW = 10
"""Claims in a row of squares."""


def write(page: Page, verdicts: list[Verdict], path: Path) -> None:
    """Write the picture as PNG, with the same bytes for the same study."""
    with styled(narrow=False), new_file(path) as beside:
        figure = draw(page, verdicts)
        figure.savefig(
            beside, format="png", dpi=100, facecolor="white", metadata={"Software": None}
        )


def _width(size: int) -> int:
    """Return how many letters a line has."""
    return 40 * 28 // size


def _lines(text: str, size: int) -> int:
    return len(textwrap.wrap(text, _width(size)))


def draw(page: Page, verdicts: list[Verdict]) -> Figure:
    """Return the picture: title, answer, and a square for each claim, by verdict."""
    figure = Figure(figsize=(12, 6.3))
    figure.text(0.05, 0.9, f"{page.title}: a reproduction", fontsize=20, color=INK, va="top")
    # Five lines of 28 points fit above the squares; a longer answer has smaller letters.
    size = next(size for size in range(28, 0, -1) if _lines(page.answer, size) * size <= 5 * 28)
    answer = textwrap.fill(page.answer, _width(size))
    figure.text(0.05, 0.77, answer, fontsize=size, fontweight="bold", va="top", linespacing=1.25)
    axes = figure.add_axes((0.05, 0.08, 0.42, 0.24))
    axes.set(xlim=(0, A_ROW), ylim=(-max(3, -(-len(verdicts) // A_ROW)), 0), aspect="equal")
    axes.set_axis_off()
    found = counts(verdicts)
    squares = [word for word, n in found for _ in range(n)]
    for place, word in enumerate(squares):
        x, y = place % A_ROW, -1 - place // A_ROW
        face, edge = COLOURS.get(word, "none"), COLOURS.get(word, INK)
        square = Rectangle((x + 0.08, y + 0.08), 0.84, 0.84, facecolor=face, edgecolor=edge)
        axes.add_patch(square)
    figure.text(0.5, 0.34, plural(len(verdicts), "claim"), fontsize=15, va="top", color=INK)
    for place, (word, n) in enumerate(found):
        left, top = 0.5 + 0.22 * (place // 4), 0.28 - 0.05 * (place % 4)
        ink = COLOURS.get(word, INK) if word != UNDECIDED else "#6b7280"
        figure.text(left, top, f"{n} {word}", fontsize=13, va="top", color=ink, fontweight="bold")
    other = "" if page.real else " (not the paper's images)"
    footer = f"scale {page.scale}, {page.dataset}{other}, {page.date}"
    figure.text(0.95, 0.05, footer, fontsize=12, ha="right", color=INK)
    return figure
