"""Augmentation: the figures of this section."""

from __future__ import annotations

from typing import Any

from report.page.picture import Picture

TITLE = "Augmentation"


def content(pictures: dict[str, list[Picture]]) -> dict[str, Any] | None:
    """Return the figures, if there are any."""
    return {"these": pictures["augmentation"]} if pictures["augmentation"] else None
