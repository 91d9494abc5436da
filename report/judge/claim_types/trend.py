"""Claims about a run's learning curves, tested by a rule."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.judge.evidence import Evidence
from report.judge.parts import UNTESTABLE, Part, PValues
from report.judge.statistics.effects import sign_test_p
from report.judge.statistics.looks import Looks
from report.judge.trends import RULES, Result
from report.wording import plural


def judge(evidence: Evidence, claim: dict[str, Any], test: dict[str, Any]) -> Part:
    """Return the p-values of one-sided sign tests over the seeds in which the rule can be told.

    In a run that diverged, a rule doesn't hold.
    """

    def told(curve: pd.DataFrame | None) -> Result:
        return RULES[test["rule"]](curve, test) if curve is not None else (False, "it diverged")

    arm = test["arm"]
    name = evidence.name(arm)
    curves = evidence.curves(arm)
    waiting = evidence.waiting(arm)
    if not curves.seen:
        more = plural(waiting, "more seed")
        return Part(f"{name}: the first look takes {more}.", arm, waiting=waiting)
    results = [[told(curve) for curve in seen] for seen in curves.seen]
    held = Looks(curves.declared, tuple(_held(found) for found in results))
    if not held.last:
        return Part(f"{name}: {results[-1][0][1]}.", arm, verdict=UNTESTABLE)
    seed = next(k for k, (holds, _) in enumerate(results[-1]) if holds is not None)
    number = f"{sum(held.last)} of {plural(len(held.last), 'seed')}"
    said = f"{results[-1][seed][1]} (seed {seed}); holds in {number}{evidence.mixed(arm)}"
    return Part(
        sentence=f"{name}: {said}.",
        arm=arm,
        claimed="in most runs",
        measured=f"in {number}",
        p=PValues(
            held.p(sign_test_p(sum(h), len(h)) for h in held.seen),
            held.p(sign_test_p(len(h) - sum(h), len(h)) for h in held.seen),
        ),
        later=held.left,
        held=(sum(held.last), len(held.last)),
    )


def _held(results: list[Result]) -> list[bool]:
    return [bool(holds) for holds, _ in results if holds is not None]
