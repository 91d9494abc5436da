"""Write the verdicts as a table in Markdown, for a README or a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from report.judge.parts import NOT_RUN
from report.judge.verdicts import Verdict
from report.wording import DASH, plural

HEAD = ("claim", "as tested", "measured", "verdict")


def verdict_table(verdicts: Iterable[Verdict], labels: bool = True) -> str:
    """Return a table with a row for each claim.

    Parameters
    ----------
    verdicts
        The claims with their verdicts.
    labels
        Whether verdicts say how many more seeds they take.
    """
    rows = [
        (v.says, v.claimed or DASH, v.measured or DASH, v.label if labels else v.short_label)
        for v in verdicts
    ]
    return table(HEAD, rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown, which ends with a newline."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return the table of the claims that were tested, and how many were not."""
    tested = [v for v in verdicts if v.verdict != NOT_RUN]
    rest = len(verdicts) - len(tested)
    note = f"\n{plural(rest, 'claim')} of {len(verdicts)}: not run.\n" if rest else ""
    return verdict_table(tested) + note
