"""Every effect: the figures of this section."""

from __future__ import annotations

from typing import Any

from report.page.picture import Picture

TITLE = "Every effect"


def content(pictures: dict[str, list[Picture]]) -> dict[str, Any] | None:
    """Return the figures, if there are any."""
    return {"these": pictures["effects"]} if pictures["effects"] else None
