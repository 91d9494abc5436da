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
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from report.draw.registry import EntryError, check_names, module_of
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

    def rendered(self, ending: str, environment: jinja2.Environment, given: dict[str, Any]) -> str:
        """Return the text of the template with an ending; empty without such an appendix.

        Parameters
        ----------
        given
            The macros that the template may use.

        Raises
        ------
        EntryError
            If there is no such template, or if it has an error.
        """
        path = self.templates.with_name(f"{self.templates.name}.{ending}.j2")
        if not path.is_file():
            if ending.startswith("appendix"):
                return ""
            raise EntryError(f"{path}: is missing; docs/extend.md says what a section is")
        try:
            template = environment.from_string(path.read_text(encoding="utf-8"))
            return template.render(given | self.content)
        except jinja2.TemplateError as error:
            raise EntryError(f"{path}{_line_in_template(error)}: {error}") from None


def _line_in_template(error: jinja2.TemplateError) -> str:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f":{error.lineno}"
    # Jinja names a template that was given as text "<template>" in tracebacks.
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return f":{lines[0]}" if lines else ""


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
    paths = [path for these in found for path in these]
    check_names(paths)
    return paths


def _path(place: str) -> Path:
    return FOLDER.joinpath(*place.split(".")).with_suffix(".py")


def _section(path: Path, sources: Sources) -> Section | None:
    module, name = importlib.import_module(module_of(path)), path.stem.replace("_", "-")
    if hasattr(module, "content"):
        templates, wanted = path.with_suffix(""), inspect.signature(module.content).parameters
        content = module.content(**{name: getattr(sources, name) for name in wanted})
    else:
        if name not in sources.pictures:
            raise EntryError(f"{path}: needs `content`, or its name in report/draw/registry.py")
        these = sources.pictures[name]
        templates, content = FIGURES, {"these": these} if these else None
    if content is None:
        return None
    inside = path.is_relative_to(FOLDER)
    place = f"{path.parent.name}.{path.stem}" if inside else path.stem
    title = str(content.pop("title", module.TITLE))
    return Section(name, place, templates, title, content)
