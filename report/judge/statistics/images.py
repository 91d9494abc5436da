"""The variation of accuracies and effects between samples of test images."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from report.judge.statistics.effects import CONFIDENCE, NAN

Hits = NDArray[np.bool_]


def image_interval(a: Hits, b: Hits, draws: int = 10_000) -> tuple[float, float]:
    """Return the 95% interval of the difference over samples of test images, in percentage points.

    Uses the paired bootstrap (Efron & Tibshirani 1993, chapter 13): images are resampled with both
    arms' answers, while seeds are fixed. Since an image's mean difference has few distinct values,
    it is enough to sample how many images have each value.

    Parameters
    ----------
    a, b
        Whether each answer was correct, of shape (seeds, images).
    draws
        Number of bootstrap samples, drawn with a fixed seed.
    """
    means = a.mean(0) - b.mean(0)
    values, counts = np.unique(means.round(9), return_counts=True)
    generator = np.random.default_rng(0)
    sampled = generator.multinomial(len(means), counts / len(means), draws) @ values / len(means)
    low, high = np.quantile(sampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) * 100
    return float(low), float(high)


def spreads(hits: Hits) -> tuple[float, float]:
    """Return an arm's standard deviations of accuracy over seeds and over test images, in points.

    The first is the variation between seeds; the second is the variation of a run between samples
    of equally many test images.

    Parameters
    ----------
    hits
        Whether each answer was correct, of shape (seeds, images).
    """
    seeds, images = hits.shape
    over_seeds = float(hits.mean(1).std(ddof=1)) if seeds > 1 else NAN
    over_images = math.sqrt(float(hits.var(axis=1, ddof=1).mean()) / images)
    return over_seeds * 100, over_images * 100
