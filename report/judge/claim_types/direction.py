"""Claims about the sign of an effect, or that a change doesn't help."""

from __future__ import annotations

from typing import Any

from report.judge.evidence import Evidence
from report.judge.statistics.effects import MARGIN, Effect
from report.judge.statistics.looks import Looks
from report.judge.verdicts import Part


def p_values(looks: Looks[Effect], sign: str) -> tuple[float, float, float]:
    """Return the p-values for an effect's claimed sign, for the opposite, and for a negligible one.

    That a change doesn't help (``not positive``) is tested against a gain of `MARGIN`; a negligible
    effect is one that doesn't help, so that it has no p-value of its own.
    """
    threshold = threshold_of(sign)
    above = looks.p(effect.above(threshold) for effect in looks.seen)
    below = looks.p(effect.below(threshold) for effect in looks.seen)
    same = 1.0 if threshold else looks.p(effect.equivalence_p for effect in looks.seen)
    return (above, below, same) if sign == "positive" else (below, above, same)


def threshold_of(sign: str) -> float:
    """Return the value from which an effect is to be told, in points."""
    return MARGIN if sign == "not positive" else 0.0


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the p-values for the sign of an arm's effect."""
    compared = evidence.effect(test["arm"])
    looks, threshold = compared.looks, threshold_of(test["sign"])
    support, refute, same = p_values(looks, test["sign"])
    tested = ""
    if looks.seen and looks.last.error > 0:
        tested = f", p = {min(1.0, 2 * min(support, refute)):.3f}"
        tested += f" against {MARGIN:+g}" if threshold else f", equivalence p = {same:.3f}"
    return Part(
        sentence=compared.sentence(tested),
        arm=test["arm"],
        support_p=support,
        refute_p=refute,
        same_p=same,
        effect=looks.last if looks.seen else None,
        thresholds=(threshold,),
        declared=looks.declared,
        waiting=compared.waiting,
    )
