"""The registry of figures; each figure is a module in ``figures``.

Figures that only one paper's report has are modules in its folder, ``paper/figures``. A figure's
module has a docstring of one line (what the figure shows), the constants ``SECTION`` (one of
`SECTIONS` or a section in ``paper/sections``) and ``PER`` (`PER_STUDY`, `PER_ABLATION`, or an
ablation's design), and a function ``draw(tables, narrow)``; figures of an ablation take its name as
a third argument. Snakemake lists the figures at every call, so this module parses their source
instead of importing them and matplotlib.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from resnet.files import listed

FOLDER = Path(__file__).parent / "figures"

ROOT = Path(__file__).parent.parent.parent

PER_STUDY, PER_ABLATION = "study", "ablation"

DESIGNS = ("arms", "ladder", "grid", "records")

SECTIONS = (
    "answer",
    "path",
    "effects",
    "ablations",
    "grids",
    "pareto",
    "augmentation",
    "errors",
    "selection",
)
"""The sections of every report that contain figures."""


class EntryError(ValueError):
    """A figure or a section can't be used; the message states its file and problem."""


@dataclass(frozen=True)
class Entry:
    """A registered figure: its name, its file, its section, ``PER``, the module's docstring."""

    name: str
    path: Path
    section: str
    per: str
    about: str

    @property
    def module(self) -> str:
        """The name by which its module is imported."""
        return module_of(self.path)


@dataclass(frozen=True)
class Figure:
    """A figure of a study: its file's name, its entry, and its ablation, if any."""

    name: str
    entry: Entry
    ablation: str | None = None


def module_of(path: Path) -> str:
    """Return the name by which a module of this project is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def entries(paper: Path) -> tuple[Entry, ...]:
    """Return the registered figures, sorted by name, with those of a paper's own folder.

    Raises
    ------
    EntryError
        If two figures have the same name, or if a figure's module is no Python, or has no
        docstring, an illegal constant or another `draw` than this registry calls.
    """
    own = [path.stem.replace("_", "-") for path in listed(paper, "sections/[a-z]*.py")]
    paths = [*listed(FOLDER, "[a-z]*.py"), *listed(paper, "figures/[a-z]*.py")]
    check_names(paths)
    found = [_entry(path, (*SECTIONS, *own)) for path in paths]
    return tuple(sorted(found, key=lambda entry: entry.name))


def check_names(paths: Iterable[Path]) -> None:
    """Raise an error if two modules of a registry have the same name."""
    there: dict[str, Path] = {}
    for path in paths:
        if path.stem in there:
            raise EntryError(f"{path}: {there[path.stem]} has this name, too; rename one of them")
        there[path.stem] = path


def _entry(path: Path, sections: tuple[str, ...]) -> Entry:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except SyntaxError as error:
        raise EntryError(f"{path}:{error.lineno}: {error.msg}") from None
    about = (ast.get_docstring(tree) or "").partition("\n")[0]
    if not about:
        raise EntryError(f"{path}: needs a docstring, one line that says what the figure shows")
    constants = {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    for name, legal in (("SECTION", sections), ("PER", (PER_STUDY, PER_ABLATION, *DESIGNS))):
        if constants.get(name) not in legal:
            allowed = ", ".join(legal)
            raise EntryError(f"{path}: {name} is {constants.get(name)!r}; allowed are {allowed}")
    if constants["SECTION"] == "ablations" and constants["PER"] == PER_STUDY:
        raise EntryError(f"{path}: the section ablations has no figures of the whole study")
    _check_draw(tree, path, str(constants["PER"]))
    return Entry(path.stem, path, str(constants["SECTION"]), str(constants["PER"]), about)


def _check_draw(tree: ast.Module, path: Path, per: str) -> None:
    expected = ["tables", "narrow", *([] if per == PER_STUDY else ["name"])]
    draws = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "draw"
    ]
    if not draws:
        raise EntryError(f"{path}: needs a function draw({', '.join(expected)})")
    given = [argument.arg for argument in draws[-1].args.args]
    if len(given) != len(expected) or given[2:] != expected[2:]:
        raise EntryError(
            f"{path}:{draws[-1].lineno}: draw({', '.join(given)}): with PER = {per!r} it must be "
            f"draw({', '.join(expected)})"
        )


def figures_of(designs: Mapping[str, str], paper: Path) -> list[Figure]:
    """Return the figures of a study.

    Parameters
    ----------
    paper
        The folder of the study's paper.
    designs
        The design of each of the study's ablations, by name.
    """
    found = [Figure(entry.name, entry) for entry in entries(paper) if entry.per == PER_STUDY]
    for ablation, design in designs.items():
        found += [
            Figure(f"{entry.name}_{ablation}", entry, ablation)
            for entry in entries(paper)
            if entry.per in (PER_ABLATION, design)
        ]
    return found
