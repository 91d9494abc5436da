"""Claims about the size of an effect, relative to a threshold."""

from __future__ import annotations

import math
from typing import Any

from report.judge.evidence import Evidence
from report.judge.parts import Part, PValues, region
from report.wording import stated_points

SIGNS = {"positive": 1, "negative": -1}


def bounds(test: dict[str, Any]) -> tuple[float, float]:
    """Return the interval (low, high) of differences that a size claim allows, in points.

    A claim that an effect is ``beyond`` a bound has a sign.
    """
    sign = SIGNS.get(test.get("sign", ""), 0)
    if "within" in test:
        bound = test["within"]
        return (0.0 if sign > 0 else -bound), (0.0 if sign < 0 else bound)
    return (-math.inf, -test["beyond"]) if sign < 0 else (test["beyond"], math.inf)


def _in_words(test: dict[str, Any]) -> str:
    """Return what a claim on a size says of an arm, such as ``worse by more than 3``."""
    sign = {"positive": "better ", "negative": "worse "}.get(test.get("sign", ""), "")
    bound = f"less than {test['within']:g}" if "within" in test else f"more than {test['beyond']:g}"
    return f"{sign}by {bound}"


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the p-values for an effect inside and outside the claimed interval."""
    compared = evidence.effect(test["arm"], test.get("of", "test_accuracy"))
    looks, (low, high) = compared.looks, bounds(test)
    claimed = f"{stated_points(low)} to {stated_points(high)}"
    if math.isinf(low) or math.isinf(high):
        claimed = f"below {stated_points(high)}" if low < 0 else f"above {stated_points(low)}"
    both = [region(low, high, effect) for effect in looks.seen]
    inside, outside = [p for p, _ in both], [p for _, p in both]
    decided = compared.deciding(min(inside, outside, key=looks.p))
    return compared.part(
        test,
        f"; claimed: {claimed} points{decided}",
        PValues(looks.p(inside), looks.p(outside)),
        claimed=_in_words(test),
        thresholds=(low, high),
    )
