"""Compare when rules were written with when the runs that they judge began."""

from __future__ import annotations

from typing import Any

import pandas as pd

from report.claim_types.moments import is_moment, moment
from report.claim_types.registry import key_of_tests, trained
from report.judge.pairs import consecutive
from report.judge.statistics.looks import seeds_read
from report.read.arms import ablation_of, looks_of, member_of, pair_of
from report.read.tables import Tables
from report.wording import plural


def post_hoc(tables: Tables, claim: dict[str, Any], tests: dict[str, Any]) -> str:
    """Return why a verdict is post hoc, or would be if it were decided; or an empty text.

    A verdict is post hoc if one of its runs began, or may have begun, before its rule was written
    (``since``). The text ends with what was known by then, if the rule states it (``known``).
    """
    if "since" not in tests or not trained(claim["type"]):
        return ""
    since, runs = moment(tests["since"]), _runs(tables, claim, tests)
    early = [not is_moment(text) or moment(text) < since for text in runs["began"]]
    if not any(early):
        return ""
    known = f" Known by then: {tests['known']}" if "known" in tests else ""
    return (
        f"{sum(early)} of {plural(len(early), 'run')} began, or may have begun, before this rule "
        f"was written ({tests['since']}).{known}"
    )


def _runs(tables: Tables, claim: dict[str, Any], tests: dict[str, Any]) -> pd.DataFrame:
    """Return the rows of ``runs.csv`` that a claim's verdict reads."""
    key = key_of_tests(claim["type"])
    find = pair_of if key == "effects" else _alone
    runs = tables.runs if "began" in tables.runs else tables.runs.assign(began=None)
    behind = pd.Series(False, index=runs.index)
    for test in tests[key]:
        names = [member["run"] for member in find(tables.study, test["arm"]) or ()]
        behind |= _read(tables, test["arm"], names)
    return runs[behind]


def _read(tables: Tables, arm: str, names: list[str]) -> pd.Series:
    """Return which rows of ``runs.csv`` a verdict on an arm reads, of the runs with these names."""
    runs, ablation = tables.runs, ablation_of(tables.study, arm)
    if ablation is None or not names:
        return pd.Series(False, index=runs.index)
    there = [set(runs.loc[runs["run"] == name, "seed"]) for name in names]
    seeds = seeds_read(looks_of(ablation), consecutive(set.intersection(*there)))
    read: pd.Series = runs["run"].isin(names) & (runs["seed"] < seeds)
    return read


def _alone(study: dict[str, Any], arm: str) -> tuple[dict[str, Any], ...] | None:
    member = member_of(study, arm)
    return None if member is None else (member,)
