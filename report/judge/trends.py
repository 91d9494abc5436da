"""Rules on learning curves; each returns whether it holds, and a text with the observed numbers.

A rule gets the epochs of one run and seed (or of a published log), the claim's numbers, and further
logs if it compares several. It returns None if the run is too short to decide, or if an accuracy
that it reads wasn't recorded in every epoch.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from report.wording import percent, plural, signed, stated

Result = tuple[bool | None, str]
Rule = Callable[..., Result]

RULES: dict[str, Rule] = {}
"""Every rule by its name in ``paper/claims.yaml``; the decorator `rule` adds one."""

SLOPE_EPOCHS = 5
"""Least number of epochs from which a gain per epoch is estimated."""

SMOOTH = 3
"""The number of epochs whose median is taken, so that a single epoch doesn't decide."""

NOISES = 2.0
"""By how many standard deviations of its noise an accuracy must fall to have fallen."""


ROUNDING = 1e-9
"""By how much a difference of accuracies, multiples of 1e-4, may be off in floating point."""


def within(value: float, of: float, tolerance: float) -> bool:
    """Return whether an accuracy is at most ``tolerance`` from another, all in [0, 1]."""
    return bool(abs(value - of) <= tolerance + ROUNDING)


def rule(*splits: str) -> Callable[[Rule], Rule]:
    """Register a rule under its name, with the ``splits`` whose accuracies it reads."""

    def register(function: Rule) -> Rule:
        @functools.wraps(function)
        def guarded(epochs: pd.DataFrame, *rest: Any) -> Result:
            for split in splits:
                if not _recorded(epochs, f"{split}_accuracy"):
                    return None, f"{split} accuracy wasn't recorded in every epoch"
            return function(epochs, *rest)

        RULES[function.__name__] = guarded
        return guarded

    return register


def _recorded(epochs: pd.DataFrame, column: str) -> bool:
    return column in epochs and not epochs[column].isna().any()


@rule("train")
def train_accuracy_reaches(epochs: pd.DataFrame, part: dict[str, Any]) -> Result:
    """Training accuracy is at least ``value`` in one of the first ``by_epoch`` epochs."""
    best = epochs["train_accuracy"].head(part["by_epoch"]).max()
    if len(epochs) < part["by_epoch"] and best < part["value"]:
        return None, _too_short(epochs, part["by_epoch"])
    within = f"training accuracy {percent(best)} at best in {part['by_epoch']} epochs"
    return bool(best >= part["value"]), f"{within}, claimed {stated(part['value'])}"


def _too_short(epochs: pd.DataFrame, needed: int) -> str:
    return f"{plural(len(epochs), 'epoch')}, where it takes {needed} to tell"


@rule("test")
def test_accuracy_falls(epochs: pd.DataFrame, part: dict[str, Any]) -> Result:
    """By ``by_epoch`` epochs test accuracy falls below its best by more than its noise.

    It takes four epochs, also where ``by_epoch`` is less.

    Medians of three epochs are compared, the last one with the best one, so that no single epoch
    decides. The noise is estimated from the differences between consecutive epochs in the second
    half of these epochs, by their median, which a single epoch hardly changes.
    """
    needed = max(part["by_epoch"], SMOOTH + 1)
    if len(epochs) < needed:
        return None, _too_short(epochs, needed)
    accuracy = epochs["test_accuracy"].head(needed)
    smooth = accuracy.rolling(SMOOTH).median().dropna()
    fall = float(smooth.max() - smooth.iloc[-1])
    noise = _noise(accuracy.tail(math.ceil(len(accuracy) / 2)))
    said = (
        f"test accuracy {signed(-fall * 100)} points from its best by then, in medians of "
        f"{SMOOTH} epochs"
    )
    return fall > NOISES * noise, f"{said}, with a noise of {noise * 100:.2f} points between epochs"


def _noise(accuracy: pd.Series) -> float:
    """Return the standard deviation of an accuracy's noise, from its consecutive differences.

    For independent normal noise the median absolute difference is 0.6745 * sqrt(2) deviations.
    """
    steps = accuracy.diff().abs().dropna()
    return float(steps.median()) / (0.6745 * math.sqrt(2))


@rule("train", "test")
def test_above_train(epochs: pd.DataFrame, part: dict[str, Any]) -> Result:
    """Test accuracy is above training accuracy in every epoch."""
    above = epochs["test_accuracy"] > epochs["train_accuracy"]
    said = f"test above training accuracy in {above.sum()} of {plural(len(above), 'epoch')}"
    return bool(above.all()), said


def _slope(accuracy: pd.Series) -> float:
    """Return the least-squares slope of accuracy, in percentage points per epoch."""
    return float(np.polyfit(np.arange(len(accuracy)), accuracy.to_numpy() * 100, 1)[0])


@rule("train")
def slow_after_train_accuracy(epochs: pd.DataFrame, part: dict[str, Any]) -> Result:
    """After training accuracy reaches ``value``, it gains less than ``points_per_epoch``."""
    after = epochs[epochs["train_accuracy"].cummax() >= part["value"]]["train_accuracy"]
    level = stated(part["value"])
    if len(after) < SLOPE_EPOCHS:
        passed = f"training accuracy is above {level} in {plural(len(after), 'epoch')}"
        return None, f"{passed}, where it takes {SLOPE_EPOCHS} to tell"
    gain = _slope(after)
    said = f"training accuracy gains {signed(gain)} points an epoch"
    return gain < part["points_per_epoch"], f"{said} beyond {level}"


@rule("train", "test")
def test_accuracy_then(epochs: pd.DataFrame, part: dict[str, Any]) -> Result:
    """Test accuracy is within ``within`` of ``value`` when training reaches ``train_accuracy``."""
    level = part["train_accuracy"]
    after = epochs[epochs["train_accuracy"] >= level]
    if after.empty:
        passed = f"training accuracy doesn't reach {stated(level)}"
        return None, f"{passed} in {plural(len(epochs), 'epoch')}"
    then = after["test_accuracy"].iloc[0]
    said = f"test accuracy {percent(then)} where training accuracy reaches {stated(level)}"
    return within(then, part["value"], part["within"]), said


@rule("train", "test")
def slow_after_epoch(epochs: pd.DataFrame, part: dict[str, Any]) -> Result:
    """From ``epoch`` on, both accuracies gain less than ``points_per_epoch`` per epoch."""
    after = epochs[epochs["epoch"] >= part["epoch"]]
    if len(after) < SLOPE_EPOCHS:
        return None, _too_short(epochs, part["epoch"] + SLOPE_EPOCHS)
    train, test = _slope(after["train_accuracy"]), _slope(after["test_accuracy"])
    said = f"after epoch {part['epoch']} training gains {signed(train, 3)} points an epoch"
    limit = part["points_per_epoch"]
    return train < limit and test < limit, f"{said}, test {signed(test, 3)}"


@rule("test")
def still_rising(epochs: pd.DataFrame, part: dict[str, Any]) -> Result:
    """Test accuracy is best in the last ``last_share`` of the epochs, after ``after_epoch``."""
    needed = max(part.get("after_epoch", 0) + 1, math.ceil(1 / part["last_share"]))
    if len(epochs) < needed:
        return None, _too_short(epochs, needed)
    first = max(part.get("after_epoch", 0), len(epochs) - round(len(epochs) * part["last_share"]))
    best = int(epochs["test_accuracy"].to_numpy().argmax())
    said = f"the best of {len(epochs)} epochs is epoch {best}"
    return best >= first, f"{said}; the last {len(epochs) - first} are looked at"


@rule("test")
def best_test_accuracy(epochs: pd.DataFrame, part: dict[str, Any]) -> Result:
    """Best test accuracy is within ``within`` of the value ``of``."""
    best = epochs["test_accuracy"].max()
    said = f"test accuracy {percent(best)} at best, claimed {stated(part['of'])}"
    return within(best, part["of"], part["within"]), said


@rule("test")
def best_above(epochs: pd.DataFrame, part: dict[str, Any], *others: pd.DataFrame) -> Result:
    """Best test accuracy is more than ``beyond`` percentage points above that of all other logs."""
    tops = [float(other["test_accuracy"].max()) for other in others]
    highest = int(np.argmax(tops))
    difference = (float(epochs["test_accuracy"].max()) - tops[highest]) * 100
    where = f"{abs(difference):.2f} points {'above' if difference > 0 else 'below'}"
    return difference > part["beyond"], f"its best is {where} that of {part['others'][highest]}"
