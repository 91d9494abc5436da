"""Which runs train the paper's networks."""

from __future__ import annotations

from typing import Any


def runs_by_layers(study: dict[str, Any], shortcuts: bool) -> dict[int, str]:
    """Return the study's run of each depth, of residual networks or of plain ones."""
    found: dict[int, str] = {}
    for run, planned in study["runs"].items():
        model = (planned["config"] or {}).get("model", {})
        if model.get("name") == "depth_resnet" and model["shortcuts"] == shortcuts:
            found.setdefault(6 * model["blocks"] + 2, run)
    return found
