"""Where the paper contradicts itself."""

from __future__ import annotations

from typing import Any

from report.read.published import Published
from report.wording import plural

TITLE = "Where the paper contradicts itself"


def content(published: Published) -> dict[str, Any] | None:
    """Return the contradictions that ``paper/published.yaml`` lists, if any."""
    sentences = published.facts.get("inconsistencies")
    if not sentences:
        return None
    return {"sentences": sentences, "places": plural(len(sentences), "place")}
