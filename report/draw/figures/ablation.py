"""Final test accuracy and learning curves of every arm and seed of an ablation."""

from __future__ import annotations

from collections.abc import Iterable

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from report.draw.drawing import (
    MARKERS,
    Drawing,
    beside,
    colour,
    dash,
    interval_line,
    label,
    nothing,
    sheet,
    thin,
)
from report.judge.pairs import accuracies
from report.judge.statistics.effects import effect_of
from report.read.arms import label_of, looks_of
from report.read.tables import Tables
from report.wording import seeds

SECTION = "ablations"
PER = "ablation"

MOST_POINTS = 24
"""Maximum number of epochs in a curve; the page's explorer has more."""

NAMES = (26, 33)
"""Numbers of letters of a line of an arm's name: the second if the first makes names alike."""


def draw(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw the final accuracies and the learning curves of all arms and seeds of an ablation."""
    ablation = tables.study["ablations"][name]
    most = looks_of(ablation)[-1]
    every = {
        arm["name"]: accuracies(tables.runs, arm["run"], most).dropna() for arm in ablation["arms"]
    }
    arms = [arm for arm in ablation["arms"] if len(every[arm["name"]])]
    if not arms:
        return nothing(narrow, f"{ablation['title']}: 0 runs are finished.")
    finals = {label_of(arm): every[arm["name"]] for arm in arms}
    names = _names(finals)
    curves = tables.epochs[tables.epochs["seed"] < most]
    curves = curves[curves["run"].isin([arm["run"] for arm in arms])]
    several = bool((curves.groupby(["run", "seed"]).size() > 2).any())
    row = 0.22 if narrow else 0.28
    wrapped = sum("\n" in name for name in names)
    height = max(1.2 if narrow else 2.0, 0.9 + row * len(arms) + 0.12 * wrapped)
    if several:
        figure, (left, right) = beside(narrow, height, 1.15)
        _draw_curves(right, curves, [arm["run"] for arm in arms], names, narrow)
        _legend_below(figure, right, narrow)
    else:
        figure, left = sheet(narrow, height)
    _finals(left, names, list(finals.values()), narrow)
    data = pd.DataFrame(
        [
            (arm["name"], arm["run"], seed, value)
            for arm in arms
            for seed, value in every[arm["name"]].items()
        ],
        columns=["arm", "run", "seed", "final_test_accuracy_percent"],
    )
    counts = pd.Series({key: len(values) for key, values in finals.items()}, dtype=int)
    caption = _caption(counts, narrow, several)
    return Drawing(figure, _in_words(ablation["title"], finals), caption, data)


def _names(arms: Iterable[str]) -> list[str]:
    """Return the arms' names in two lines at most, wider if else two of them were alike."""
    for letters in NAMES:
        names = [label(arm, letters, lines=2) for arm in arms]
        if len(set(names)) == len(names):
            break
    return names


def _draw_curves(
    axes: Axes, curves: pd.DataFrame, runs: list[str], names: list[str], narrow: bool
) -> None:
    for number, (run, name) in enumerate(zip(runs, names, strict=True)):
        _curves(axes, curves[curves["run"] == run], name, number, narrow)
    axes.set(xlabel="training images seen", ylabel="test accuracy (%)")
    axes.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
    axes.grid(alpha=0.3)


def _legend_below(figure: Figure, axes: Axes, narrow: bool) -> None:
    """Add a legend below the panels, and make room for it."""
    handles, names = axes.get_legend_handles_labels()
    letters = max(len(line) for name in names for line in name.splitlines())
    lines = max(name.count("\n") + 1 for name in names)
    columns = 3 if not narrow else 2 if letters <= NAMES[0] else 1
    rows = -(-len(names) // columns)
    figure.set_figheight(figure.get_figheight() + (0.11 if narrow else 0.16) * rows * lines)
    figure.legend(handles, names, loc="outside lower center", ncols=columns)


def _caption(counts: pd.Series, narrow: bool, curves: bool) -> str:
    first, second = ("Above", "Below") if narrow else ("Left", "Right")
    several = (
        "the mean and its 95% t interval over seeds (an arrowhead: it extends beyond the axis)"
        if counts.max() > 1
        else "no interval"
    )
    said = f"final test accuracy, every seed ({seeds(counts)}), with {several}."
    if not curves:
        return said[:1].upper() + said[1:]
    return f"{first}: {said} {second}: test accuracy by training images seen, every seed."


def _in_words(title: str, finals: dict[str, pd.Series]) -> str:
    """Return the alt text: the title, the main finding and every mean."""
    means = {name: values.mean() for name, values in finals.items() if len(values)}
    said = [f"{name} {means[name]:.1f}%" if name in means else f"{name} not run" for name in finals]
    best = max(means, key=lambda name: means[name])
    equal = len(means) > 1 and len({f"{mean:.4f}" for mean in means.values()}) == 1
    finding = "all equal" if equal else f"highest for {best}"
    return f"{title}, {finding}; mean final test accuracy: {', '.join(said)}."


def _finals(axes: Axes, names: list[str], finals: list[pd.Series], narrow: bool) -> None:
    size, values = 3 if narrow else 6, pd.concat(finals)
    if len(values):
        # Scale the axis by the values: a t interval from two seeds may be far wider.
        low, high = float(values.min()), float(values.max())
        room = max(1.0, 0.75 * (high - low))
        axes.set_xlim(max(-2.0, low - room), min(102.0, high + room))
    for y, mine in enumerate(finals):
        ink, mark = colour(y), MARKERS[y % len(MARKERS)]
        if len(mine) > 1:
            ends = effect_of(mine.to_numpy()).interval()
            interval_line(axes, y, ends, axes.get_xlim(), ink, narrow, alpha=0.5)
            axes.plot(mine.mean(), y, "|", color=ink, markersize=2 * size)
        axes.plot(mine, [y] * len(mine), mark, color=ink, markersize=size, alpha=0.9)
    axes.set_yticks(range(len(finals)), names)
    axes.set_ylim(len(finals) - 0.5, -0.5)
    axes.set_xlabel("final test accuracy (%)")
    axes.grid(axis="x", alpha=0.3)


def _curves(axes: Axes, epochs: pd.DataFrame, name: str, number: int, narrow: bool) -> None:
    for seed, whole in epochs.groupby("seed"):
        curve = thin(whole, MOST_POINTS)
        axes.plot(
            curve["images_seen"],
            curve["test_accuracy"] * 100,
            dash(number),
            color=colour(number),
            linewidth=0.8 if narrow else 1.3,
            marker="o" if len(curve) < 3 else "",
            markersize=3,
            label=name if seed == epochs["seed"].min() else "",
        )
