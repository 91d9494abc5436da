"""Read where a scale's runs are that others trained."""

from __future__ import annotations

import re
from typing import Any

from ablations.harness.declarations.document import Document
from resnet.imports.curves import METRICS, NAMES
from resnet.registry import modules
from resnet.settings import nearest

KEYS = ("from", "path", "names", "metrics", "percent")


def imported_runs(document: Document) -> dict[str, Any]:
    """Return the key ``runs`` of a scale's file, or nothing.

    Raises
    ------
    DeclarationError
        If it isn't valid.
    """
    runs = document.content.get("runs")
    if runs is None:
        return {}
    problem = _problem(runs)
    if problem:
        raise document.error(f"runs: {problem}", "runs")
    return dict(runs)


def _problem(runs: Any) -> str:
    """Return the problem with where runs are, or an empty text."""
    if not isinstance(runs, dict) or not {"from", "path"} <= runs.keys():
        return f"expected from and path, such as {{from: table, path: runs.csv}}, got {runs!r}"
    for key in runs:
        if key not in KEYS:
            return f"no key {key!r}{nearest(str(key), KEYS)}; allowed are {', '.join(KEYS)}"
    sources = tuple(modules("resnet.imports.sources"))
    if runs["from"] not in sources:
        near = nearest(str(runs["from"]), sources)
        return f"from: allowed are {', '.join(sources)}, got {runs['from']!r}{near}"
    if not isinstance(runs["path"], str):
        return f"path: expected one from the study's folder, got {runs['path']!r}"
    if not isinstance(runs.get("percent", False), bool):
        return f"percent: allowed are true and false, got {runs['percent']!r}"
    return _metrics_problem(runs.get("metrics", {})) or _names_problem(runs.get("names", NAMES))


def _metrics_problem(metrics: Any) -> str:
    if not isinstance(metrics, dict) or not all(isinstance(v, str) for v in metrics.values()):
        return f"metrics: expected our name: theirs, got {metrics!r}"
    unknown = [str(key) for key in metrics if key not in METRICS]
    if unknown:
        near = nearest(unknown[0], METRICS)
        return f"metrics: no {unknown[0]!r}{near}; ours are {', '.join(METRICS)}"
    return ""


def _names_problem(names: Any) -> str:
    try:
        groups = set(re.compile(names).groupindex) if isinstance(names, str) else set()
    except re.error as error:
        return f"names: {names!r} is no regular expression: {error}"
    if not {"run", "seed"} <= groups:
        return f"names: expected a pattern with the groups run and seed, as {NAMES}, got {names!r}"
    return ""
