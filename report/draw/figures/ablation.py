"""Final test accuracy and learning curves of every arm and seed of an ablation."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes

from report.draw.drawing import MARKERS, Drawing, beside, colour, dash, interval_line, label, thin
from report.judge.pairs import accuracies
from report.judge.statistics.effects import effect_of
from report.read.arms import looks_of
from report.read.tables import Tables
from report.wording import seeds

SECTION = "ablations"
PER = "ablation"

MOST_POINTS = 24
"""Maximum number of epochs in a curve; the page's explorer has more."""


def draw(tables: Tables, narrow: bool, name: str) -> Drawing:
    """Draw the final accuracies and the learning curves of all arms and seeds of an ablation."""
    ablation = tables.study["ablations"][name]
    arms = ablation["arms"]
    most = looks_of(ablation)[-1]
    finals = {arm["name"]: accuracies(tables.runs, arm["run"], most).dropna() for arm in arms}
    row = 0.19 if narrow else 0.28
    figure, (left, right) = beside(narrow, max(1.5 if narrow else 2.6, 0.9 + row * len(arms)), 1.15)
    _finals(left, finals, narrow)
    curves = tables.epochs[tables.epochs["seed"] < most]
    for y, arm in enumerate(arms):
        _curves(right, curves[curves["run"] == arm["run"]], arm["name"], y, narrow)
    right.set(xlabel="training images seen", ylabel="test accuracy (%)")
    right.xaxis.set_major_formatter(mpl.ticker.EngFormatter(sep=""))
    right.xaxis.set_major_locator(mpl.ticker.MaxNLocator(5))
    right.grid(alpha=0.3)
    if right.lines and len(arms) <= 6:
        right.legend(fontsize=5 if narrow else 8)
    elif right.lines:
        names = right.get_legend_handles_labels()
        figure.legend(*names, loc="outside lower center", ncols=2 if narrow else 3)
    data = pd.DataFrame(
        [
            (arm["name"], arm["run"], seed, value)
            for arm in arms
            for seed, value in finals[arm["name"]].items()
        ],
        columns=["arm", "run", "seed", "final_test_accuracy_percent"],
    )
    caption = _caption(pd.Series({key: len(values) for key, values in finals.items()}), narrow)
    return Drawing(figure, _in_words(ablation["title"], finals), caption, data)


def _caption(counts: pd.Series, narrow: bool) -> str:
    first, second = ("Above", "Below") if narrow else ("Left", "Right")
    several = (
        "the mean and its 95% t interval over seeds (an arrowhead is an interval that goes on)"
        if counts.max() > 1
        else "no interval"
    )
    return (
        f"{first}: final test accuracy, every seed ({seeds(counts)}), with {several}. {second}: "
        "test accuracy by training images seen, every seed."
    )


def _in_words(title: str, finals: dict[str, pd.Series]) -> str:
    """Return the alt text: the title, the main finding and every mean."""
    means = {name: values.mean() for name, values in finals.items() if len(values)}
    if not means:
        return f"{title}: 0 runs are finished."
    said = [f"{name} {means[name]:.1f}%" if name in means else f"{name} not run" for name in finals]
    best = max(means, key=lambda name: means[name])
    equal = len(means) > 1 and len({f"{mean:.4f}" for mean in means.values()}) == 1
    finding = "all equal" if equal else f"highest for {best}"
    return f"{title}, {finding}; mean final test accuracy: {', '.join(said)}."


def _finals(axes: Axes, finals: dict[str, pd.Series], narrow: bool) -> None:
    size, values = 3 if narrow else 6, pd.concat(list(finals.values()))
    if len(values):
        # Scale the axis by the values: a t interval from two seeds may be far wider.
        low, high = float(values.min()), float(values.max())
        room = max(1.0, 0.75 * (high - low))
        axes.set_xlim(max(-2.0, low - room), min(102.0, high + room))
    for y, mine in enumerate(finals.values()):
        ink, mark = colour(y), MARKERS[y % len(MARKERS)]
        if len(mine) > 1:
            ends = effect_of(mine.to_numpy()).interval()
            interval_line(axes, y, ends, axes.get_xlim(), ink, narrow, alpha=0.5)
            axes.plot(mine.mean(), y, "|", color=ink, markersize=2 * size)
        axes.plot(mine, [y] * len(mine), mark, color=ink, markersize=size, alpha=0.9)
    axes.set_yticks(range(len(finals)), [label(name, 26) for name in finals])
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
            label=label(name, 24) if seed == epochs["seed"].min() else "",
        )
