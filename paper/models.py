"""The models of the paper's Figure 1, and the runs that train them."""

from __future__ import annotations

from typing import Any

from report.read.published import Published


def figure1_rows(
    study: dict[str, Any], paper: Published
) -> list[tuple[int, dict[str, Any], list[str]]]:
    """Return each row of Figure 1 with its number and the runs that train the row's model."""
    runs = study["runs"].items()
    configs = {run: planned["config"] for run, planned in runs if planned["config"]}
    return [
        (
            number,
            row,
            [r for r, c in configs.items() if same_model(row, c["model"]) and _trained_alike(c)],
        )
        for number, row in enumerate(paper.facts["figure1"]["rows"], 1)
    ]


def same_model(row: dict[str, Any], model: dict[str, Any]) -> bool:
    """Return whether a run config's ``model`` matches a row of Figure 1."""
    kernels = {"stem": model.get("stem_kernel"), "stages": model.get("stage_kernels")}
    return bool(
        row["blocks"] == model.get("blocks")
        and row["channels"] == model.get("channels")
        and row["stage_strides"] == model.get("stage_strides")
        and row["layers_in_block"] == model.get("convolutions_per_block")
        and row["kernels"] == kernels
    )


def _trained_alike(config: dict[str, Any]) -> bool:
    """Return whether a config trains as in Figure 1: Adam at 0.001, batch 64, no augmentation."""
    optimizer = config["optimizer"]
    trained = (optimizer["name"], optimizer["learning_rate"], config["batch_size"])
    return trained == ("adam", 0.001, 64) and config["augmentation"]["copies"] == [[]]
