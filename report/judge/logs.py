"""Judge the published logs by themselves, apart from this study's runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from report.claim_types.registry import states_accuracy
from report.judge.evidence import Evidence, NotRun
from report.judge.parts import REFUTED, SUPPORTED, UNTESTABLE, Part
from report.judge.trends import RULES, within
from report.read.arms import name_of
from report.read.tables import Tables
from report.wording import percent, plural, points, stated

HELD = {True: SUPPORTED, False: REFUTED, None: UNTESTABLE}


def judge_log(tables: Tables, log: dict[str, Any]) -> Part:
    """Return what a published log says of a claim by itself."""
    logs, names = tables.published.logs, tables.published.facts.get("logs", {})
    others = log.get("others", [])
    part = log | {"others": [names.get(run, run) for run in others]}
    compared = [logs[logs["run"] == run] for run in (log["run"], *others)]
    holds, said = RULES[log["rule"]](compared[0], part, *compared[1:])
    verdict = HELD[None if holds is None else bool(holds)]
    name = names.get(log["run"], log["run"])
    return Part(f"Published log of {name}: {said}.", log["run"], verdict=verdict)


def agreement(
    tables: Tables, claim: dict[str, Any], tests: dict[str, Any], parts: Sequence[Part]
) -> list[str]:
    """Return a sentence if the published logs and this study's runs agree against the paper's text.

    It is given for an accuracy that no log comes near to (half of the tolerance), if an arm's mean
    is within the tolerance of the logs' range and no arm's is within that of the accuracy.
    """
    logs = tables.published.logs
    named = [log["run"] for log in tests.get("logs", []) if log["rule"] == "best_test_accuracy"]
    if not (states_accuracy(claim["type"]) and named and all(part.effect for part in parts)):
        return []
    best = [float(logs.loc[logs["run"] == name, "test_accuracy"].max()) for name in named]
    published, tolerance = claim["published"], claim["tolerance"]
    ours = [published + part.effect.difference / 100 for part in parts if part.effect]
    near = [v for v in ours if min(best) - tolerance <= v <= max(best) + tolerance]
    # A log that comes near the accuracy speaks for it.
    reached = any(within(value, published, tolerance / 2) for value in best)
    if not near or reached or any(within(value, published, tolerance) for value in ours):
        return []
    ranges = f"{percent(min(best), 1)} to {percent(max(best), 1)} at best"
    measured = ", ".join(percent(value, 1) for value in near)
    number = sum(within(value, published, tolerance) for value in best)
    return [
        f"These runs, at {measured}{Evidence(tables).recompressed()}, lie within "
        f"{tolerance * 100:g} points of the published logs of this network ({ranges}). Of these "
        f"{len(best)} logs {number or 'none'} {'lies' if number < 2 else 'lie'} within the "
        f"tolerance of {tolerance * 100:g} points of the printed {stated(published)}, and none "
        "within half of it."
    ]


def control(
    tables: Tables, claim: dict[str, Any], tests: dict[str, Any], parts: Sequence[Part]
) -> list[str]:
    """Return a sentence on how far our runs end from a published log of the same training.

    It is given for a claim on an accuracy with ``control: {arm: ..., run: ...}``, once the arm was
    run: a gap that has nothing to do with the claim shifts what the claim is judged by. The
    sentence says where the claim's arms would end without it; the verdict doesn't use that.
    """
    named = tests.get("control")
    if not named or not states_accuracy(claim["type"]):
        return []
    evidence = Evidence(tables)
    try:
        runs, logs = evidence.runs(named["arm"]), tables.published.logs
    except NotRun:
        return []
    ours = runs[tables.published.facts["metric"]].dropna()
    if ours.empty:
        return []
    best = float(logs.loc[logs["run"] == named["run"], "test_accuracy"].max())
    gap = best - float(ours.mean())
    said = (
        f"A control: {name_of(tables.study, named['arm'])} was trained as a published log was, "
        f"whose best epoch has {percent(best, 1)}. Here, with {plural(len(ours), 'seed')}, it "
        f"reaches {percent(ours.mean(), 1)}{evidence.recompressed()}, {points(abs(gap) * 100)} "
        f"points {'less' if gap > 0 else 'more'}."
    )
    for part in parts:
        if part.effect:
            shifted = claim["published"] + part.effect.difference / 100 + gap
            near = within(shifted, claim["published"], claim["tolerance"])
            said += (
                f" Corrected by as much, {part.name} would have {percent(shifted, 1)}, "
                f"{'within' if near else 'outside'} the tolerance."
            )
    return [said]
