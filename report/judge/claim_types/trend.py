"""Claims about a run's learning curves, tested by a rule."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.judge.evidence import Evidence
from report.judge.statistics.effects import sign_test_p
from report.judge.trends import RULES, Result
from report.judge.verdicts import UNTESTABLE, Part


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the p-values of one-sided sign tests over the seeds in which the rule can be told."""

    def told(curves: list[pd.DataFrame]) -> list[Result]:
        return [RULES[test["rule"]](curve, test) for curve in curves]

    arm = test["arm"]
    looks = evidence.curves(arm)
    results = [told(curves) for curves in looks.seen]
    held = [[holds for holds, _ in found if holds is not None] for found in results]
    if results and not held[-1]:
        return Part(f"{arm}: {results[-1][0][1]}.", arm, verdict=UNTESTABLE)
    waiting = evidence.waiting(arm)
    sentence = f"{arm}: the first look takes {waiting} more seeds."
    if results:
        sentence = (
            f"{arm}: {results[-1][0][1]} (seed 0); holds in {sum(held[-1])} of {len(held[-1])} "
            f"{'seed' if len(held[-1]) == 1 else 'seeds'}."
        )
    return Part(
        sentence=sentence,
        arm=arm,
        support_p=looks.p(sign_test_p(sum(h), len(h)) for h in held),
        refute_p=looks.p(sign_test_p(len(h) - sum(h), len(h)) for h in held),
        waiting=waiting,
    )
