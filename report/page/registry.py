"""The registry of sections; the page and the PDF have them in its order.

A section is a module in ``sections`` and its templates beside it, ``<name>.html.j2`` and
``<name>.tex.j2``. The module has the section's ``TITLE``, and a function ``content`` whose
parameters name what it is made of (attributes of `report.page.sources.Sources`). It returns what
the templates are given, or None if the study has nothing for this section.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report.page.sources import Sources

FOLDER = Path(__file__).parent / "sections"

ORDER = (
    "opening.answer",
    "opening.summary",
    "opening.verdicts",
    "paper.figure_1",
    "paper.figure_2",
    "paper.figure_3",
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
    "paper.contradictions",
    "record.limits",
    "record.reproducibility",
    "record.cite",
)

APPENDIX = "record.protocol"
"""The first section of the PDF's appendix."""


@dataclass(frozen=True)
class Section:
    """A section of a study's report.

    Parameters
    ----------
    name
        Its anchor.
    place
        Its entry in `ORDER`; the templates' path without their endings.
    title
        Its heading.
    content
        What its templates are given.
    """

    name: str
    place: str
    title: str
    content: dict[str, Any]

    def template(self, ending: str) -> str:
        """Return the path of the template with an ending, relative to `FOLDER`."""
        return f"{self.place.replace('.', '/')}.{ending}.j2"


def sections_of(sources: Sources) -> list[Section]:
    """Return the sections that a study has, in order.

    The report of a single ablation begins with it.
    """
    found = [section for place in ORDER if (section := _section(place, sources))]
    if len(sources.study["ablations"]) > 1:
        return found
    first = [section for section in found if section.place == "experiments.ablations"]
    rest = [section for section in found if section not in first]
    return [rest[0], *first, *rest[1:]]


def _section(place: str, sources: Sources) -> Section | None:
    module = importlib.import_module(f"report.page.sections.{place}")
    wanted = inspect.signature(module.content).parameters
    content = module.content(**{name: getattr(sources, name) for name in wanted})
    if content is None:
        return None
    name = place.rpartition(".")[2].replace("_", "-")
    return Section(name, place, str(content.pop("title", module.TITLE)), content)
