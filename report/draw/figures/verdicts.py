"""The verdict of every claim, and the effects behind those on differences."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes

from report.draw.drawing import INK, PALETTE, Drawing, interval_line, label, sheet
from report.judge.claims import judge
from report.judge.parts import EXCEEDS, REFUTED, SAME, SUPPORTED, UNDECIDED, Part
from report.judge.verdicts import Verdict
from report.read.arms import label_of, member_of
from report.read.tables import Tables
from report.wording import counted, plural, signed

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

GROUPS = tuple(MARKS)


def draw(tables: Tables, narrow: bool) -> Drawing:
    """Draw each effect that a claim rests on, against what was claimed, grouped by verdict."""
    verdicts = judge(tables)
    shown = sorted(
        (v for v in verdicts if v.verdict in GROUPS and any(_is_shown(part) for part in v.parts)),
        key=lambda v: GROUPS.index(v.verdict),
    )
    rows = [(v, part) for v in shown for part in v.parts if _is_shown(part)]
    said = counted(v.verdict for v in verdicts)
    figure, axes = sheet(narrow, 0.75 + (0.2 if narrow else 0.27) * max(1, len(rows)))
    limit = _limit([part for _, part in rows])
    for y, (verdict, part) in enumerate(rows):
        _row(axes, y, verdict, part, limit, narrow)
    axes.axvline(0, color=INK, linewidth=0.8)
    length = 34 if narrow else 70
    axes.set_yticks(range(len(rows)), [label(name, length) for name in _names(tables, rows)])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-limit, limit)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("points of test accuracy; shaded: what is claimed")
    data = pd.DataFrame(
        [(v.id, v.verdict, p.arm, p.effect and p.effect.difference, p.claimed) for v, p in rows],
        columns=["claim", "verdict", "arm", "points", "claimed"],
    )
    counts = f"Of {plural(len(verdicts), 'claim')}: {said}."
    found = "; ".join(f"{v.says}: {p.measured}, {v.verdict}" for v, p in rows[:6])
    caption = (
        "The claims on differences and accuracies (an accuracy as its distance from the published "
        f"one), grouped by verdict. {counts} Marks are means over seeds (n = "
        f"{_numbers(rows)}) with the interval that decides; hollow marks are undecided, arrowheads "
        "intervals that go on."
    )
    return Drawing(figure, f"{counts} {found}".strip(), caption, data)


def _is_shown(part: Part) -> bool:
    return part.effect is not None and math.isfinite(part.effect.difference)


def _limit(parts: list[Part]) -> float:
    """Return the end of the axis: room for every effect, whose intervals may go on."""
    found = [abs(part.effect.difference) for part in parts if part.effect]
    return 1.6 * max(1.5, *found, 1.5)


def _row(axes: Axes, y: int, verdict: Verdict, part: Part, limit: float, narrow: bool) -> None:
    assert part.effect is not None
    mark, ink = MARKS[verdict.verdict]
    low, high = _claimed(part)
    ends = max(low, -limit), min(high, limit)
    axes.barh(y, ends[1] - ends[0], 0.8, ends[0], color=PALETTE[0], alpha=0.13, linewidth=0)
    interval_line(axes, y, part.effect.interval(), (-limit, limit), ink, narrow)
    filled = "none" if verdict.verdict == UNDECIDED else ink
    size = (3 if narrow else 6) * (1.6 if mark == "*" else 1)
    axes.plot(part.effect.difference, y, mark, color=ink, markerfacecolor=filled, markersize=size)
    axes.annotate(
        f"{signed(part.effect.difference, 1)}  {verdict.verdict}",
        (1.01, y),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=6.5 if narrow else 8,
    )


def _claimed(part: Part) -> tuple[float, float]:
    """Return the interval of effects that a part claims, in points."""
    if len(part.thresholds) == 2:
        return part.thresholds[0], part.thresholds[1]
    at = part.thresholds[0]
    return (at, math.inf) if part.claimed == "better" else (-math.inf, at)


def _names(tables: Tables, rows: list[tuple[Verdict, Part]]) -> list[str]:
    """Return the rows' names: a claim, or of a claim of several parts the arm."""
    found, seen = [], set()
    for verdict, part in rows:
        member = member_of(tables.study, part.arm)
        several = sum(map(_is_shown, verdict.parts)) > 1
        name = f"{verdict.says}" if verdict.id not in seen else "…"
        found.append(f"{name}: {label_of(member)}" if several and member else name)
        seen.add(verdict.id)
    return found


def _numbers(rows: list[tuple[Verdict, Part]]) -> str:
    numbers = sorted({part.effect.n for _, part in rows if part.effect})
    ends = dict.fromkeys((numbers[0], numbers[-1])) if numbers else {0: None}
    return " to ".join(map(str, ends))
