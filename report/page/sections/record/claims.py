"""Every claim with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from report.judge.parts import NOT_RUN
from report.judge.verdicts import Verdict
from report.page.records import Records
from report.read.published import Published
from resnet.files import listed

TITLE = "Claims and evidence"


def content(
    study: dict[str, Any],
    records: Records,
    verdicts: list[Verdict],
    own_verdicts: list[Verdict],
    paper: Path,
    published: Published,
) -> dict[str, Any] | None:
    """Return the verdicts, tested ones first, and links to the runs behind their parts."""
    if not verdicts and not own_verdicts:
        return None
    return {
        "tested": [v for v in verdicts if v.verdict != NOT_RUN],
        "missing": [v for v in verdicts if v.verdict == NOT_RUN],
        "own": own_verdicts,
        "logs": not published.logs.empty,
        "evidence": _sections(paper) | _evidence(study, records),
    }


def _sections(paper: Path) -> dict[str, str]:
    """Return links to the sections on the paper's figures, by their names in ``published.yaml``."""
    stems = [path.stem for path in listed(paper, "sections/[a-z]*.py")]
    return {stem.replace("_", ""): f"#{stem.replace('_', '-')}" for stem in stems}


def _evidence(study: dict[str, Any], records: Records) -> dict[str, str]:
    """Return links to the runs behind the parts of claims, by the name of the arm or run."""
    links: dict[str, str] = {}
    for name, ablation in study["ablations"].items():
        for arm in ablation["arms"]:
            link = records.of(arm["run"])
            if link:
                links |= {f"{name}.{arm['name']}": link, arm["run"]: link}
    return links
