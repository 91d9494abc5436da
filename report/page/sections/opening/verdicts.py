"""Every claim that was tested, with what was published and measured."""

from __future__ import annotations

import re
from typing import Any

from report.judge.parts import NOT_RUN
from report.judge.verdicts import Verdict
from report.page.printed_table import Cell, Printed, Row, printed
from report.wording import DASH, NO_BREAK, counted, plural

TITLE = "Verdicts"


def content(verdicts: list[Verdict], own_verdicts: list[Verdict]) -> dict[str, Any] | None:
    """Return the table of the paper's claims, that of a user's own, and what was not run."""
    missing = [v for v in verdicts if v.verdict == NOT_RUN]
    own_tested = any(v.verdict != NOT_RUN for v in own_verdicts)
    if not verdicts and not own_tested:
        return None
    return {
        "counts": counted_sentence(verdicts),
        "badges": [(word, n) for word, n in counts(verdicts) if word != NOT_RUN],
        "table_of": table(verdicts, "The paper's claims"),
        "own": table(own_verdicts, "Claims of this project's own ablations")
        if own_tested
        else None,
        "missing": missing,
        "missing_said": f"{plural(len(missing), 'claim rests', 'claims rest')} on runs that this "
        "study doesn't have",
    }


def unbroken(text: str) -> str:
    """Return a text with no-break spaces in brackets, so that intervals stay on a line."""
    return re.sub(r"\([^()]*\)", lambda found: found[0].replace(" ", NO_BREAK), text)


ORDER = (
    *("supported", "exceeds", "refuted", "no meaningful difference", "undecided"),
    *("not testable in this study", "no verdict", NOT_RUN),
)


def counts(verdicts: list[Verdict]) -> list[tuple[str, int]]:
    """Return the number of claims with each verdict, in a fixed order."""
    found = [v.verdict for v in verdicts]
    return [(word, found.count(word)) for word in ORDER if word in found]


def counted_sentence(verdicts: list[Verdict]) -> str:
    """Return a sentence with the counts; a paper may make no claim."""
    if not verdicts:
        return "No claim of the paper's is tested."
    said = counted(sorted((v.verdict for v in verdicts), key=ORDER.index))
    return f"Of the paper's {len(verdicts)} claims: {said}."


def table(verdicts: list[Verdict], whose: str) -> Printed:
    """Return a table of the claims that were tested, each linked to its evidence."""
    columns = {"claim": False, "verdict": False, "as tested": False, "measured": False}
    rows: list[Row] = [
        [
            Cell(v.says, f"#claim-{v.id}"),
            Cell(v.label, verdict=v.verdict),
            v.claimed or DASH,
            unbroken(v.measured) or DASH,
        ]
        for v in verdicts
        if v.verdict != NOT_RUN
    ]
    return printed(
        f"{whose}. Effects are in points of test accuracy, or of accuracy in training where that "
        "is said. Verdicts on directions allow for the number of claims; the intervals shown do "
        "not.",
        columns,
        rows,
        mixed=("as tested", "measured"),
    )
