"""Check the figures whose printed numbers claims of arithmetic test."""

from __future__ import annotations

from typing import Any


def problem_with_figures(facts: dict[str, Any], tests: dict[str, Any]) -> str:
    """Return the problem with the figures that a claim's tests name, or an empty text.

    Parameters
    ----------
    facts
        The content of ``published.yaml``.
    tests
        The claim's entry in ``claims.yaml``, in a form that its type allows.
    """
    problems = (
        _problem_with_rates(part["rates"], facts.get(part["rates"]))
        if "rates" in part
        else _problem_with_sizes(part, facts.get(part["sizes"]))
        for part in tests.get("exact", [])
        if "rates" in part or "sizes" in part
    )
    return next((problem for problem in problems if problem), "")


def _problem_with_rates(name: str, figure: Any) -> str:
    lists = figure if isinstance(figure, dict) else {}
    lengths = {len(value) for value in lists.values() if isinstance(value, list)}
    named = [lists.get(key) for key in ("epochs", "learning_rate_printed")]
    if len(lengths) != 1 or not all(isinstance(value, list) for value in named):
        return f"rates: published.yaml needs lists of equal length in {name}"
    wrong = [epoch for epoch in lists["epochs"] if type(epoch) is not int or epoch < 0]
    if wrong:
        return f"rates: {name}: epochs: expected whole numbers from 0, got {wrong[0]!r}"
    return ""


def _problem_with_sizes(part: dict[str, Any], figure: Any) -> str:
    name = part["sizes"]
    rows = figure.get("rows") if isinstance(figure, dict) else None
    if not isinstance(rows, list) or not rows:
        return f"sizes: published.yaml has no rows of layers in {name}"
    for row in rows:
        if not isinstance(row, dict) or not {"layer", "output"} <= row.keys():
            return f"sizes: {name}: expected a layer and its output in every row, got {row!r}"
    lacks = [str(row["layer"]) for row in rows if row["layer"] not in part["modules"]]
    return f"modules: lacks {', '.join(lacks)}" if lacks else ""
