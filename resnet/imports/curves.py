"""Learning curves as trackers have them, and their run and seed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

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

    ``origin`` is where in the source the value is, if its run's name doesn't say it.
    """

    name: str
    step: int
    metric: str
    value: float
    origin: str = ""

    @property
    def place(self) -> str:
        """Where the value is, for an error message."""
        return f"{self.name!r}{f' ({self.origin})' if self.origin else ''}"


Curve = dict[int, dict[str, float]]
"""By step, the metrics that were logged there."""


def curve_of(
    points: Iterable[Point],
    run: str,
    seed: int,
    names: str = NAMES,
    metrics: Mapping[str, str] = MappingProxyType({}),
    percent: bool = False,
) -> Curve:
    """Return the learning curve of a run and seed.

    Parameters
    ----------
    points
        What was read, of all runs.
    run, seed
        The run's name and seed, as the study knows them.
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
        If there is no such run, an accuracy isn't a share, or the source has two values of a metric
        at a step, such as of two runs of one name.
    """
    pattern, ours = re.compile(names), {metrics.get(name, name): name for name in METRICS}
    curve: Curve = {}
    there: set[str] = set()
    known: dict[tuple[int, str], Point] = {}
    for point in points:
        named, metric = pattern.fullmatch(point.name), ours.get(point.metric)
        if not named or metric is None:
            continue
        there.add(f"{named['run']} seed {int(named['seed'])}")
        if (named["run"], int(named["seed"])) == (run, seed):
            _check_same(known.setdefault((point.step, metric), point), point)
            curve.setdefault(point.step, {})[metric] = _value(point, metric, percent)
    if not curve:
        runs = ", ".join(sorted(there)) or f"no runs whose names match {names}"
        raise CurveError(f"has no {run} seed {seed}; there are {runs}")
    return curve


def _value(point: Point, metric: str, percent: bool) -> float:
    """Return a point's value, an accuracy as a share."""
    if not metric.endswith("accuracy"):
        return point.value
    value = point.value / 100 if percent else point.value
    if not 0 <= value <= 1:
        raise CurveError(
            f"{point.name}: {point.metric} is {point.value:g} at step {point.step}; accuracies "
            "are from 0 to 1, or in percent with percent: true"
        )
    return value


def _check_same(first: Point, second: Point) -> None:
    """Raise an error if two places of a source have different values of one point."""
    # The same place has two values where a run was restarted; the last one counts. NaN equals NaN.
    if first.place != second.place and repr(first.value) != repr(second.value):
        raise CurveError(
            f"{first.metric} at step {first.step} is {first.value:g} in {first.place} and "
            f"{second.value:g} in {second.place}: rename or remove one of the two runs, or narrow "
            "the pattern names:"
        )
