"""Where the paper contradicts itself."""

from __future__ import annotations

from typing import Any

from report.read.published import Published

TITLE = "Where the paper contradicts itself"


def content(published: Published) -> dict[str, Any]:
    """Return the contradictions that ``paper/published.yaml`` lists."""
    facts = published.facts
    return {"sentences": [*facts["figure4"]["notes"], *facts["other_inconsistencies"]]}
