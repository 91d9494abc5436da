"""The registry of figures; each figure is a module in ``figures``.

A figure's module has a docstring of one line (what the figure shows), the constants ``SECTION``
(one of `SECTIONS`, its place in the report) and ``PER`` (`PER_STUDY`, `PER_ABLATION`, or an
ablation's design), and a function ``draw(tables, narrow)``; figures of an ablation take its name as
a third argument. Snakemake lists the figures at every call, so this module parses their source
instead of importing them and matplotlib.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from resnet.files import listed

FOLDER = Path(__file__).parent / "figures"

PER_STUDY, PER_ABLATION = "study", "ablation"

DESIGNS = ("arms", "ladder", "grid", "records")

SECTIONS = {
    "answer": "The answer",
    "figure-1": "Figure 1: models",
    "figure-2": "Figure 2: training",
    "path": "The path, step by step",
    "effects": "Every effect",
    "ablations": "Ablations",
    "grids": "Hyperparameters",
    "pareto": "Accuracy and cost",
    "augmentation": "Augmentation",
    "errors": "Errors",
    "selection": "Choosing the epoch, and chance",
}
"""The sections of the report that contain figures, with their titles."""


@dataclass(frozen=True)
class Entry:
    """A registered figure: its module's name, its section, ``PER``, and the module's docstring."""

    name: str
    section: str
    per: str
    about: str


@dataclass(frozen=True)
class Figure:
    """A figure of a study: its file's name, its entry, and its ablation, if any."""

    name: str
    entry: Entry
    ablation: str | None = None


@cache
def entries(folder: Path = FOLDER) -> tuple[Entry, ...]:
    """Return the registered figures, sorted by name.

    Raises
    ------
    ValueError
        If a figure's module has no docstring, or one of its constants has an illegal value.
    """
    return tuple(_entry(path) for path in listed(folder, "[a-z]*.py"))


def _entry(path: Path) -> Entry:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    about = (ast.get_docstring(tree) or "").partition("\n")[0]
    if not about:
        raise ValueError(f"{path}: needs a docstring, one line that says what the figure shows")
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for name, legal in (("SECTION", SECTIONS), ("PER", (PER_STUDY, PER_ABLATION, *DESIGNS))):
        if constants.get(name) not in legal:
            allowed = ", ".join(legal)
            raise ValueError(f"{path}: {name} is {constants.get(name)!r}; allowed are {allowed}")
    if constants["SECTION"] == "ablations" and constants["PER"] == PER_STUDY:
        raise ValueError(f"{path}: the section ablations has no figures of the whole study")
    return Entry(path.stem, str(constants["SECTION"]), str(constants["PER"]), about)


def figures_of(designs: Mapping[str, str]) -> list[Figure]:
    """Return the figures of a study.

    Parameters
    ----------
    designs
        The design of each of the study's ablations, by name.
    """
    found = [Figure(entry.name, entry) for entry in entries() if entry.per == PER_STUDY]
    for ablation, design in designs.items():
        found += [
            Figure(f"{entry.name}_{ablation}", entry, ablation)
            for entry in entries()
            if entry.per in (PER_ABLATION, design)
        ]
    return found
