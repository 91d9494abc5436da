"""Learning curves as trackers have them, and their run and seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

METRICS = (
    "test_accuracy",
    "train_accuracy",
    "test_loss",
    "train_loss",
    "learning_rate",
    "images_seen",
    "seconds",
)
"""The metrics of an epoch; the first one must be there."""

NAMES = r"(?P<run>[a-z][a-z0-9_]*\.[a-z0-9_]+)[/ ]seed(?P<seed>\d+)"
"""How a tracker's name says run and seed by default, such as ``width.twice/seed0``."""


class CurveError(ValueError):
    """Runs of others can't be read; the message says where, what was found and what is allowed."""


@dataclass(frozen=True)
class Point:
    """A value of a metric: the tracker's name of the run, the step, and its name of the metric.

    ``identity`` tells apart runs of one name, where a tracker allows them.
    """

    name: str
    step: int
    metric: str
    value: float
    identity: str = ""


Curve = dict[int, dict[str, float]]
"""By step, the metrics that were logged there."""


def curves(
    points: Iterable[Point], names: str, metrics: Mapping[str, str], percent: bool
) -> dict[tuple[str, int], Curve]:
    """Return the learning curve of each run and seed.

    Parameters
    ----------
    points
        What was read.
    names
        A regular expression with the groups ``run`` and ``seed``, which a tracker's name matches as
        a whole; other runs are passed over.
    metrics
        The tracker's name of each metric in `METRICS` that differs from ours.
    percent
        Whether accuracies are in percent.

    Raises
    ------
    CurveError
        If an accuracy isn't a share, or two of the tracker's runs are the same run and seed.
    """
    pattern, ours = re.compile(names), {metrics.get(name, name): name for name in METRICS}
    found: dict[tuple[str, int], Curve] = {}
    theirs: dict[tuple[str, int], Point] = {}
    for point in points:
        named, metric = pattern.fullmatch(point.name), ours.get(point.metric)
        if not named or metric is None:
            continue
        value = point.value / 100 if percent and metric.endswith("accuracy") else point.value
        if metric.endswith("accuracy") and not 0 <= value <= 1:
            raise CurveError(
                f"{point.name}: {point.metric} is {point.value:g} at step {point.step}; accuracies "
                "are from 0 to 1, or in percent with percent: true"
            )
        run = named["run"], int(named["seed"])
        first = theirs.setdefault(run, point)
        if (first.name, first.identity) != (point.name, point.identity):
            raise CurveError(_two_runs(*run, first, point))
        found.setdefault(run, {}).setdefault(point.step, {})[metric] = value
    return found


def _two_runs(run: str, seed: int, first: Point, second: Point) -> str:
    """Return the error message for two of a tracker's runs that are the same run and seed."""
    both = [f"{it.name!r}" + f" ({it.identity})" * bool(it.identity) for it in (first, second)]
    return (
        f"{both[0]} and {both[1]} are both {run} seed {seed}: rename or remove one of them, or "
        "narrow the pattern names:"
    )
