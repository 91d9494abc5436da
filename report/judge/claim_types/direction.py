"""Claims about the sign of an effect, or that a change doesn't help or doesn't harm."""

from __future__ import annotations

from typing import Any

from report.judge.evidence import Evidence
from report.judge.parts import Part, PValues
from report.judge.statistics.effects import MARGIN, Effect
from report.judge.statistics.looks import Looks
from report.wording import p_value, stated_points

CLAIMED = {
    "positive": "better",
    "negative": "worse",
    "not positive": "not better",
    "not negative": "not worse",
}
"""What a claim on a sign says of an arm, in words."""

THRESHOLDS = {"not positive": MARGIN, "not negative": -MARGIN}
"""The effect in points that a claim denies; 0 for a claim on a sign alone."""

ABOVE = ("positive", "not negative")
"""The signs that an effect above the threshold supports."""


def p_values(looks: Looks[Effect], sign: str) -> PValues:
    """Return the p-values for an effect's claimed sign, for the opposite, and for a negligible one.

    That a change doesn't help (``not positive``) is tested against a gain of `MARGIN`, and that it
    doesn't harm (``not negative``) against a loss of it. A negligible effect supports either, so
    it has no p-value of its own.
    """
    above, below = sides(looks, sign)
    threshold = threshold_of(sign)
    same = 1.0 if threshold else looks.p(effect.equivalence_p for effect in looks.seen)
    found = looks.p(above), looks.p(below)
    return PValues(*(found if sign in ABOVE else found[::-1]), same)


def sides(looks: Looks[Effect], sign: str) -> tuple[list[float], list[float]]:
    """Return by look the one-sided p-values for an effect above and below the claim's threshold."""
    threshold = threshold_of(sign)
    above = [effect.above(threshold) for effect in looks.seen]
    return above, [effect.below(threshold) for effect in looks.seen]


def threshold_of(sign: str) -> float:
    """Return the threshold that an effect is tested against, in points."""
    return THRESHOLDS.get(sign, 0.0)


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the p-values for the sign of an arm's effect."""
    compared = evidence.effect(test["arm"], test.get("of", "test_accuracy"))
    looks, threshold = compared.looks, threshold_of(test["sign"])
    found, smaller = p_values(looks, test["sign"]), min(sides(looks, test["sign"]), key=looks.p)
    tested = ""
    if looks.seen and looks.last.error > 0:
        tested = f", {p_value(found.p(two_sided=True))}"
        against = f" against {stated_points(threshold)}"
        tested += against if threshold else f", equivalence {p_value(found.same)}"
    return compared.part(
        test,
        tested + compared.deciding(smaller),
        found,
        claimed=CLAIMED[test["sign"]],
        thresholds=(threshold,),
        gains=None if threshold else (found.support < found.refute) == (test["sign"] == "positive"),
    )
