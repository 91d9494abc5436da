"""The options of ``config/config.yaml`` and ``--config``, and their legal values."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablations.harness.declarations.all_declarations import claims_of
from ablations.harness.declarations.document import DeclarationError
from ablations.harness.declarations.home import ROOT
from ablations.harness.declarations.scale import (
    AMOUNTS,
    Scale,
    is_amount,
    problem_with_looks,
    up_to,
)
from ablations.harness.study import Study
from resnet.costs.limits import gpu_is_here, gpus
from resnet.images.datasets import DATASETS
from resnet.settings import nearest

CONFIG = ROOT / "config" / "config.yaml"

OPTIONS = (
    "study",
    "scale",
    "ablations",
    "seeds",
    "images_seen",
    "training_images",
    "looks",
    "data_source",
    "data_folder",
    "must_hold",
    "gpu",
    "runs_per_gpu",
    "cuda_graphs",
    "keep_weights",
)
"""The keys of config/config.yaml."""

CHOICES: dict[str, tuple[Any, ...]] = {
    "gpu": ("auto", "always", "never"),
    "cuda_graphs": ("never", "auto", "always"),
    "keep_weights": ("all", "bases", "none"),
}
"""The legal values of the options with a fixed list of values; the first is the default."""

ELSEWHERE = ("data_source", "data_folder", "gpu", "runs_per_gpu", "cuda_graphs", "keep_weights")
"""Keys that state where and how to run, and don't affect the report."""


def option_error(problem: str) -> DeclarationError:
    """Return an error about an option."""
    return DeclarationError(Path("config"), None, problem)


def amounts_in(options: Mapping[str, Any]) -> dict[str, int]:
    """Return the amounts of data, training and seeds that options give."""
    return {what: options[what] for what in AMOUNTS if options.get(what) is not None}


def gpu_visible() -> bool:
    """Return whether an NVIDIA GPU exists and isn't hidden, without importing torch."""
    return gpu_is_here() and bool(gpus())


def check_options(options: Mapping[str, Any]) -> None:
    """Raise an error if there is no such option, or it can't have that value."""
    for key in options:
        if key not in OPTIONS:
            near = nearest(str(key), OPTIONS)
            raise option_error(f"{key}: no such key{near}; allowed are {', '.join(OPTIONS)}")
    for key, legal in CHOICES.items():
        if options.get(key, legal[0]) not in legal:
            said = ", ".join(json.dumps(value) for value in legal)
            raise option_error(f"{key}: allowed are {said}, got {options[key]!r}")
    given = {what: options.get(what) for what in AMOUNTS}
    given["runs_per_gpu"] = options.get("runs_per_gpu", 1) or 0
    for what, value in given.items():
        if value is not None and not is_amount(value, what):
            or_null = " or null" if what in AMOUNTS else ""
            raise option_error(
                f"{what}: expected a whole number from 1{up_to(what)}{or_null}, got "
                f"{options[what]!r}"
            )


def check_complete(options: Mapping[str, Any]) -> None:
    """Raise an error if an option is missing, as from a config.yaml of an older version."""
    for key in OPTIONS:
        if key not in options:
            raise DeclarationError(
                CONFIG,
                None,
                f"{key} is missing: add it, or take this file from the repository again",
            )


def check_data(options: Mapping[str, Any], scale: Scale) -> None:
    """Raise an error if the images' source or folder can't be meant."""
    folder = options.get("data_folder", "")
    if not isinstance(folder, str):
        said = "null" if folder is None else repr(folder)
        raise option_error(
            f"data_folder: expected a path, got {said}; Snakemake reads some names as numbers, so "
            "write the folder with ./ before it"
        )
    sources = DATASETS[scale.dataset].sources
    source = options.get("data_source", sources[0])
    known = {name for dataset in DATASETS.values() for name in dataset.sources}
    legal = sources if len(sources) > 1 else sorted(known)
    if source not in legal:
        raise option_error(
            f"data_source: allowed are {', '.join(legal)}, got {source!r}"
            f"{nearest(str(source), legal)}"
        )


def overridden(scale: Scale, given: dict[str, int]) -> Scale:
    """Return the scale with the given amounts, which also replace the scale's exceptions."""
    exceptions = {
        name: {what: n for what, n in values.items() if what not in given}
        for name, values in scale.exceptions.items()
    }
    return dataclasses.replace(scale, amounts=scale.amounts | given, exceptions=exceptions)


def looked_at(scale: Scale, looks: Any) -> Scale:
    """Return the scale with the given looks."""
    if isinstance(looks, list):
        # Snakemake's --config reads the numbers of a list as text.
        looks = [int(n) if isinstance(n, str) and n.isdigit() else n for n in looks]
    problem = problem_with_looks(looks, scale.amounts["seeds"])
    if problem:
        raise option_error(problem)
    return dataclasses.replace(scale, looks=tuple(looks))


def must_hold(options: Mapping[str, Any], study: Study) -> tuple[str, ...]:
    """Return the claims in the option ``must_hold``, after checking that they exist."""
    asked = options.get("must_hold") or []
    if not asked:
        return ()
    known = claims_of(study.home)
    for ablation in study.ablations.values():
        known += [claim["id"] for claim in ablation.declaration.own_claims]
    asked = asked if isinstance(asked, list) else [asked]
    for claim in asked:
        if claim not in known:
            raise option_error(f"must_hold: no claim {claim!r}{nearest(str(claim), known)}")
    return tuple(asked)
