"""Figure 6 of the paper: the training of plain and of residual networks."""

from __future__ import annotations

from typing import Any

from report.page.picture import Picture

TITLE = "Figure 6: training plain and residual networks"


def content(pictures: dict[str, list[Picture]]) -> dict[str, Any] | None:
    """Return the figure, if a network was trained."""
    return {"these": pictures["figure-6"]} if pictures["figure-6"] else None
