"""The registry of sections; the page and the PDF have them in its order.

A section is a module in ``sections`` and its templates beside it, ``<name>.html.j2`` and
``<name>.tex.j2``. The module has the section's ``TITLE``, and a function ``content`` whose
parameters name what it is made of (attributes of `report.page.sources.Sources`). It returns what
the templates are given, or None if the study has nothing for this section. A module with a title
alone is a section of its figures, and needs no templates. Sections that only one
paper's report has are in its folder, ``paper/sections``, and come in the order of their names. What
a third template, ``<name>.appendix.tex.j2``, renders ends the PDF.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report.draw.registry import module_of
from report.page.sources import Sources
from resnet.files import listed

FOLDER = Path(__file__).parent / "sections"

FIGURES = FOLDER / "figures"
"""The templates, without their endings, of sections that are their figures alone."""

ORDER = (
    "opening.answer",
    "opening.summary",
    "opening.verdicts",
    "paper",
    "experiments.path",
    "experiments.effects",
    "experiments.ablations",
    "experiments.explorer",
    "experiments.grids",
    "experiments.pareto",
    "experiments.augmentation",
    "experiments.errors",
    "experiments.selection",
    "record.protocol",
    "record.claims",
    "record.contradictions",
    "record.limits",
    "record.reproducibility",
    "record.cite",
)
"""The sections of every report; ``paper`` is where those of the paper's own folder are."""

APPENDIX = ORDER[ORDER.index("experiments.selection") :]
"""The sections of the PDF's appendix."""


@dataclass(frozen=True)
class Section:
    """A section of a study's report.

    Parameters
    ----------
    name
        Its anchor.
    place
        Its entry in `ORDER`; for a section of the paper, the module's name.
    templates
        The path of its templates, without their endings.
    title
        Its heading.
    content
        What its templates are given.
    """

    name: str
    place: str
    templates: Path
    title: str
    content: dict[str, Any]

    def template(self, ending: str) -> str:
        """Return the text of the template with an ending, or an empty text if it has none."""
        path = self.templates.with_name(f"{self.templates.name}.{ending}.j2")
        return path.read_text(encoding="utf-8") if path.is_file() else ""


def sections_of(sources: Sources) -> list[Section]:
    """Return the sections that a study has, in order.

    The report of a single ablation begins with it.
    """
    found = [section for path in modules(sources.paper) if (section := _section(path, sources))]
    if len(sources.study["ablations"]) > 1:
        return found
    first = [section for section in found if section.place == "experiments.ablations"]
    rest = [section for section in found if section not in first]
    return [rest[0], *first, *rest[1:]]


def modules(paper: Path) -> list[Path]:
    """Return the modules of all sections in order, with those of a paper's own folder."""
    own = listed(paper, "sections/[a-z]*.py")
    found = (own if place == "paper" else [_path(place)] for place in ORDER)
    return [path for paths in found for path in paths]


def _path(place: str) -> Path:
    return FOLDER.joinpath(*place.split(".")).with_suffix(".py")


def _section(path: Path, sources: Sources) -> Section | None:
    module, name = importlib.import_module(module_of(path)), path.stem.replace("_", "-")
    if hasattr(module, "content"):
        templates, wanted = path.with_suffix(""), inspect.signature(module.content).parameters
        content = module.content(**{name: getattr(sources, name) for name in wanted})
    else:
        if name not in sources.pictures:
            raise ValueError(f"{path}: needs `content`, or its name in report/draw/registry.py")
        these = sources.pictures[name]
        templates, content = FIGURES, {"these": these} if these else None
    if content is None:
        return None
    inside = path.is_relative_to(FOLDER)
    place = f"{path.parent.name}.{path.stem}" if inside else path.stem
    title = str(content.pop("title", module.TITLE))
    return Section(name, place, templates, title, content)
