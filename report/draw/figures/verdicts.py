"""The verdict of every claim, and the effects behind those on differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from report.draw.drawing import (
    INK,
    PALETTE,
    Drawing,
    band,
    interval_line,
    label,
    levels,
    note,
    nothing,
    sheet,
)
from report.judge.claim_types.direction import ABOVE, CLAIMED
from report.judge.claims import judge
from report.judge.parts import DECIDED, EXCEEDS, REFUTED, SAME, SUPPORTED, UNDECIDED, Part
from report.judge.verdicts import Verdict
from report.read.arms import label_of, member_of
from report.read.tables import Tables
from report.wording import counted, plural, signed

UPWARDS = [CLAIMED[sign] for sign in ABOVE]
"""What claims on a sign say that effects above the threshold support."""

SECTION = "answer"
PER = "study"

MARKS = {
    SUPPORTED: ("o", PALETTE[2]),
    EXCEEDS: ("*", PALETTE[2]),
    REFUTED: ("s", PALETTE[1]),
    SAME: ("D", PALETTE[0]),
    UNDECIDED: ("o", PALETTE[5]),
}
"""The mark and the colour of each verdict; undecided marks are hollow."""


MOST_IN_WORDS = 6
"""Number of claims that the alternative text describes, decided ones first."""


@dataclass(frozen=True)
class Row:
    """A row of the figure: its name, its verdict, and its part, or None for a claim of several.

    ``label`` is the verdict as written, which says if a claim's is post hoc; ``inner`` tells the
    rows of a claim's parts from those of claims.
    """

    name: str
    verdict: str
    label: str
    part: Part | None
    inner: bool = False


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw each effect that a claim rests on, against what was claimed, grouped by verdict."""
    verdicts = judge(tables)
    shown = sorted(
        (v for v in verdicts if v.verdict in MARKS and any(map(_is_shown, v.parts))),
        key=lambda v: list(MARKS).index(v.verdict),
    )
    rows = [row for v in shown for row in _rows(tables, v)]
    parts = [row.part for row in rows if row.part]
    if not parts:
        return nothing(narrow, f"0 of {plural(len(verdicts), 'claim')} have an effect to show.")
    figure, axes = sheet(narrow, 0.75 + (0.33 if narrow else 0.285) * max(1, len(rows)))
    limit = 1.6 * max(1.5, *(abs(p.effect.difference) for p in parts if p.effect), 1.5)
    for y, row in enumerate(rows):
        _draw_row(axes, y, row, limit, narrow)
    _write_names(axes, rows, narrow)
    axes.set_ylim(len(rows) - 0.4, -0.7)
    axes.set_xlim(-limit, limit)
    axes.xaxis.set_major_locator(MaxNLocator(5 if narrow else 9, symmetric=True))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("points of accuracy; shaded: what is claimed")
    data = pd.DataFrame(
        [
            (v.id, v.verdict, part.arm, part.verdict, part.on, part.effect.difference, part.claimed)
            for v in shown
            for part in v.parts
            if part.effect and _is_shown(part)
        ],
        columns=["claim", "verdict", "arm", "verdict_of_arm", "on", "points", "claimed"],
    )
    counts = f"Of {plural(len(verdicts), 'claim')}: {counted(v.verdict for v in verdicts)}."
    found = "; ".join(
        f"{v.says}: claimed {v.claimed}, measured {v.measured}, {v.short_label}"
        for v in shown[:MOST_IN_WORDS]
    )
    more = len(shown) - MOST_IN_WORDS
    found += f"; and {more} more." if more > 0 else "." * bool(found)
    confidence = levels(pd.Series([part.confidence for part in parts], dtype=float))
    caption = (
        "The claims on differences and accuracies (an accuracy as its distance from the published "
        f"one), grouped by verdict. {counts} Marks are means over seeds (n = {_numbers(parts)}) "
        f"with their {confidence} t interval; hollow marks are undecided: what is claimed isn't "
        "settled at the level that decides, which for directions allows for the number of claims. "
        "An arrowhead is an interval beyond the axis."
    )
    hidden = sum(not _is_shown(part) for v in shown for part in v.parts)
    if hidden:
        caption += f" {plural(hidden, 'part')} of these claims without an effect of several seeds "
        caption += f"{'is' if hidden == 1 else 'are'} left out."
    return Drawing(figure, f"{counts} {found}".strip(), caption, data)


def _is_shown(part: Part) -> bool:
    return part.effect is not None and math.isfinite(part.effect.difference)


def _rows(tables: Tables, verdict: Verdict) -> list[Row]:
    """Return a claim's row, or for one of several parts a row above those of its parts."""
    parts = [part for part in verdict.parts if _is_shown(part)]
    if len(verdict.parts) == 1:
        return [Row(verdict.says, verdict.verdict, verdict.short_label, parts[0])]
    rule = "one suffices" if verdict.how == "any" else "all must hold"
    names = [label_of(member_of(tables.study, part.arm) or {"name": part.arm}) for part in parts]
    return [
        Row(f"{verdict.says} ({rule})", verdict.verdict, verdict.short_label, None),
        *(Row(name, p.verdict, p.verdict, p, True) for name, p in zip(names, parts, strict=True)),
    ]


def _write_names(axes: Axes, rows: list[Row], narrow: bool) -> None:
    """Write the rows' names beside the axes, or on a phone, which has no room there, above them."""
    if not narrow:
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(range(len(rows)), [label(row.name, 46, lines=2) for row in rows])
        return
    axes.set_yticks([])
    for y, row in enumerate(rows):
        if row.part:
            axes.plot([0, 0], [y - 0.22, y + 0.28], color=INK, linewidth=0.8)
        name, at = label(row.name, 72), (0.05 if row.inner else 0.0, y - 0.42)
        axes.annotate(name, at, xycoords=("axes fraction", "data"), va="center", fontsize=6.5)


def _draw_row(axes: Axes, y: int, row: Row, limit: float, narrow: bool) -> None:
    if row.part is None or row.part.effect is None:
        note(axes, y, row.label, narrow)
        return
    mark, ink = MARKS.get(row.verdict, MARKS[UNDECIDED])
    low, high = _claimed(row.part)
    ends = max(low, -limit), min(high, limit)
    band(axes.barh, y, ends[1] - ends[0], 0.4 if narrow else 0.8, ends[0])
    interval_line(axes, y, row.part.interval, (-limit, limit), ink, narrow)
    filled = ink if row.verdict in DECIDED else "none"
    size = (3 if narrow else 6) * (1.6 if mark == "*" else 1)
    found = row.part.effect.difference
    axes.plot(found, y, mark, color=ink, markerfacecolor=filled, markersize=size)
    where = f" {row.part.on}" if row.part.on else ""
    note(axes, y, f"{signed(found, 1)}{where}  {row.label}", narrow)


def _claimed(part: Part) -> tuple[float, float]:
    """Return the interval of effects that a part claims, in points."""
    if len(part.thresholds) == 2:
        return part.thresholds[0], part.thresholds[1]
    at = part.thresholds[0]
    return (at, math.inf) if part.claimed in UPWARDS else (-math.inf, at)


def _numbers(parts: list[Part]) -> str:
    numbers = sorted({part.effect.n for part in parts if part.effect}) or [0]
    return " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
