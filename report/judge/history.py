"""Compare when rules were written with when the runs that they judge began."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from report.read.claim_types import key_of_tests
from report.read.tables import Tables
from report.wording import plural


def post_hoc(tables: Tables, claim: dict[str, Any], tests: dict[str, Any]) -> str:
    """Return why a verdict is post hoc, or an empty text.

    A verdict is post hoc if one of its runs began before its rule was written (``since``). The
    sentence ends with what was known by then, if the rule states it (``known``).
    """
    if "since" not in tests or claim["type"] == "exact":
        return ""
    since = moment(tests["since"])
    began = [moment(text) for text in _began(tables, claim, tests)]
    early = sum(when < since for when in began)
    if not early:
        return ""
    known = f" Known by then: {tests['known']}" if "known" in tests else ""
    return (
        f"Post hoc: {early} of {plural(len(began), 'run')} began before this rule was written "
        f"({tests['since']}).{known}"
    )


def moment(text: str) -> datetime:
    """Return a moment in ISO 8601; one without a time zone is in UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _began(tables: Tables, claim: dict[str, Any], tests: dict[str, Any]) -> list[str]:
    """Return when the runs behind a claim began, as far as that is known."""
    key = key_of_tests(claim["type"])
    arms = {test["arm"] for test in tests[key] if "arm" in test}
    runs = {
        member["run"]
        for name, ablation in tables.study["ablations"].items()
        for member in ablation["arms"]
        if f"{name}.{member['name']}" in arms
    }
    if key == "effects":
        effects = tables.comparisons
        runs |= set(effects.loc[effects["run"].isin(runs), "reference_run"])
    mine = tables.runs[tables.runs["run"].isin(runs)]
    return [str(text) for text in mine["began"].dropna()] if "began" in mine else []
