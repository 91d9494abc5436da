"""Claims that state an accuracy."""

from __future__ import annotations

import math
from typing import Any

from report.judge.evidence import Evidence
from report.judge.parts import Part, PValues, region
from report.judge.statistics.effects import CONFIDENCE
from report.wording import percent, stated


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the p-values for an arm's accuracy inside and outside the claim's tolerance."""
    published, points = claim["published"], claim["tolerance"] * 100
    metric = evidence.tables.published.facts["metric"]
    looks = evidence.values(test["arm"], metric, published)
    both = [region(-points, points, effect) for effect in looks.seen]
    mine = evidence.runs(test["arm"])[metric]
    said = f"{percent(mine.mean())} (n = {len(mine)})"
    brief = f"{percent(mine.mean(), 1)} (n = {len(mine)})"
    if looks.seen and not math.isnan(looks.last.error):
        low, high = (published + end / 100 for end in looks.last.interval(1 - looks.level))
        share = f"{(1 - looks.level) * 100:.4g}"
        said = (
            f"{percent(published + looks.last.difference / 100)} ({share}% interval "
            f"{percent(low)} to {percent(high)}, n = {looks.last.n})"
        )
        mean = percent(published + looks.last.difference / 100, 1)
        brief = f"{mean} ({percent(low, 1)} to {percent(high, 1)}, n = {looks.last.n})"
    return Part(
        sentence=(
            f"{evidence.name(test['arm'])}: {said} by the paper's metric"
            f"{evidence.recompressed()}, published {stated(published)} with a tolerance of "
            f"{points:g} points"
            f"{evidence.diverged(test['arm'])}{evidence.uncounted(test['arm'])}"
            f"{evidence.mixed(test['arm'])}."
        ),
        arm=test["arm"],
        claimed=f"{stated(published)} ± {points:g}",
        measured=brief,
        name=evidence.name(test["arm"]),
        p=PValues(looks.p(inside for inside, _ in both), looks.p(outside for _, outside in both)),
        effect=looks.last if looks.seen else None,
        confidence=1 - looks.level if looks.seen else CONFIDENCE,
        thresholds=(-points, points),
        later=looks.left,
        waiting=evidence.waiting(test["arm"]),
    )
