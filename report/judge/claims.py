"""Judge every claim by the rule of its type, and collect the numbers behind each verdict."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

import pandas as pd

from report.claim_types.registry import adjusted, key_of_tests, states_accuracy, two_sided
from report.judge.claim_types import choice
from report.judge.evidence import Evidence, NotRun, Untestable
from report.judge.families import Claim, families
from report.judge.history import post_hoc
from report.judge.logs import agreement, control, judge_log
from report.judge.needs import REACHED
from report.judge.parts import EXCEEDS, NOT_RUN, REFUTED, SHOWN, UNTESTABLE, Part
from report.judge.verdicts import ClaimTests, Decision, Verdict, decide, rests_on_all
from report.read.tables import Tables
from report.wording import p_value, plural

Tested = tuple[Claim, Claim]
"""A claim, and its tests."""


def judge(tables: Tables) -> list[Verdict]:
    """Return a verdict for every claim of the paper, in the paper's order."""
    return _judge_family(tables, families(tables.study, tables.published)[0])


def judge_own(tables: Tables) -> list[Verdict]:
    """Return a verdict for every user claim in the ablations' files, as a separate Holm family."""
    return _judge_family(tables, families(tables.study, tables.published)[1])


def _judge_family(tables: Tables, family: Sequence[Tested]) -> list[Verdict]:
    found = _decide(tables, family, relaxed=False)
    relaxed = _decide(tables, family, relaxed=True)
    pairs = zip(family, found, relaxed, strict=True)
    return [_verdict(tables, family, tested, *both) for tested, *both in pairs]


def _decide(tables: Tables, family: Sequence[Tested], relaxed: bool) -> list[Decision]:
    """Return the decision on each claim; ``relaxed`` ignores what claims need of the runs' data."""
    return decide(
        [
            ClaimTests(
                parts=tuple(_parts(tables, claim, tests, relaxed)),
                how=tests.get("combine", "all"),
                two_sided=two_sided(claim["type"]),
                adjusted=adjusted(claim["type"]),
            )
            for claim, tests in family
        ]
    )


def _parts(tables: Tables, claim: Claim, tests: Claim, relaxed: bool) -> list[Part]:
    needs = tests.get("needs", {})
    if relaxed:
        needs = {key: value for key, value in needs.items() if key in REACHED}
    evidence, judge_part = Evidence(tables, needs), _judge_of(claim["type"])
    return [_part(judge_part, evidence, claim, test) for test in tests[key_of_tests(claim["type"])]]


Judge = Callable[[Evidence, Claim, Claim], Part]


def _judge_of(kind: str) -> Judge:
    """Return the function that judges one test of a claim of type ``kind``."""
    found: Judge = importlib.import_module(f"report.judge.claim_types.{kind}").judge
    return found


def _part(judge_part: Judge, evidence: Evidence, claim: Claim, test: Claim) -> Part:
    arm = str(test.get("arm", ""))
    try:
        return judge_part(evidence, claim, test)
    except NotRun as missing:
        name, unfit = evidence.name(str(missing)), evidence.unfit_as_planned(str(missing))
        return Part(f"{name} was not run in this study{unfit}.", arm, verdict=NOT_RUN)
    except Untestable as why:
        return Part(str(why), arm, verdict=UNTESTABLE)


def _verdict(
    tables: Tables, family: Sequence[Tested], tested: Tested, found: Decision, relaxed: Decision
) -> Verdict:
    claim, tests = tested
    how = tests.get("combine", "all")
    # An accuracy with other images or another length can't be compared with the paper's.
    show_here = found.verdict == UNTESTABLE and "values" not in tests
    logs = tuple(judge_log(tables, log) for log in tests.get("logs", []))
    return Verdict(
        id=claim["id"],
        type=claim["type"],
        where=claim["where"],
        quote=claim["quote"],
        says=str(claim.get("says", claim["quote"])),
        verdict=EXCEEDS if exceeds(claim, found) else found.verdict,
        parts=found.parts,
        how=how,
        level=found.level,
        decision=_decision(claim, how, family, found),
        logs=logs,
        beside=_beside(tables, tests),
        notes=(
            *agreement(tables, claim, tests, found.parts),
            *control(tables, claim, tests, found.parts),
            *tests.get("notes", []),
        ),
        here=relaxed if show_here else None,
        post_hoc="" if found.verdict in (NOT_RUN, UNTESTABLE) else post_hoc(tables, claim, tests),
    )


def exceeds(claim: Claim, found: Decision) -> bool:
    """Return whether a claim on an accuracy is refuted by accuracies above the published one."""
    if found.verdict != REFUTED or not states_accuracy(claim["type"]):
        return False
    failed = [part for part in found.parts if part.verdict == REFUTED]
    return all(part.effect and part.effect.difference > 0 for part in failed)


def _decision(claim: Claim, how: str, family: Sequence[Tested], found: Decision) -> str:
    """Return how a claim's p-value was adjusted and what decides one of several parts, in words."""
    if all(not part.effect for part in found.parts):
        return ""
    parts = len(found.parts)
    # A verdict that needed all parts has none that was decided by itself.
    several = parts > 1 and not rests_on_all(found.verdict, how)
    if not adjusted(claim["type"]):
        confidence = next(part.confidence for part in found.parts if part.effect)
        share = f"{100 * (1 - (1 - confidence) / parts):.4g}"
        return f"A part by itself is decided by its {share}% interval." if several else ""
    number = sum(adjusted(other["type"]) for other, _ in family)
    together = "its parts together, " if parts > 1 else ""
    by = f"by Holm's procedure over {plural(number, 'claim')}"
    alone = f" A part by itself is decided below p = {found.level / parts:.2g}." if several else ""
    return f"Adjusted: {together}{p_value(found.p)} {by}.{alone}"


def _beside(tables: Tables, tests: Claim) -> tuple[Part, ...]:
    evidence = Evidence(tables)
    arms = ({"arm": arm} for arm in tests.get("beside", []))
    parts = (_part(choice.judge, evidence, {}, arm) for arm in arms)
    return tuple(part for part in parts if part.verdict == SHOWN)


# --- the table ------------------------------------------------------------------------------


def to_table(verdicts: list[Verdict]) -> pd.DataFrame:
    """Return the table ``claims.csv``: a row for each claim, with its sentences."""
    return pd.DataFrame(
        [
            {
                "claim": v.id,
                "type": v.type,
                "where": v.where,
                "says": v.says,
                "claimed": v.claimed,
                "measured": v.measured,
                "verdict": v.verdict,
                "label": v.label,
                "evidence": sentences(v.parts),
                "decision": v.decision,
                "post_hoc": v.post_hoc,
                "label_here": v.label_here,
                "evidence_here": sentences(v.here.parts if v.here else ()),
                "beside": sentences(v.beside),
                "published_logs": " ".join(f"{p.sentence} {p.verdict}" for p in v.logs),
                "notes": " ".join(v.notes),
            }
            for v in verdicts
        ]
    )


def sentences(parts: Sequence[Part]) -> str:
    """Return the sentences of all parts."""
    return " ".join(part.sentence for part in parts)
