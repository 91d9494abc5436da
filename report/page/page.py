"""The report's content: what stands at its head, and its sections."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report.page.registry import Section, sections_of
from report.page.sources import Sources
from report.read.files import RecordError
from report.read.published import published_of
from report.read.study import read_study


@dataclass(frozen=True)
class Beside:
    """Another study's report: its paper's title and scale, and its folder from this report's."""

    title: str
    folder: str


@dataclass(frozen=True)
class Page:
    """The report's content, the same for both renderings.

    ``real`` is whether the images are the paper's; ``answer`` is the study's own in a sentence.
    """

    title: str
    authors: str
    address: str
    date: str
    scale: str
    dataset: str
    real: bool
    about: str
    answer: str
    sections: list[Section]
    beside: tuple[Beside, ...] = ()

    def section(self, name: str) -> dict[str, Any]:
        """Return the content of a section, which must be there."""
        return next(section.content for section in self.sections if section.name == name)


def page_of(sources: Sources) -> Page:
    """Return the report's content."""
    facts, scale = sources.published.facts, sources.study["scale"]
    sections = sections_of(sources)
    return Page(
        title=facts["title"],
        authors=", ".join(facts["authors"]),
        address=facts["address"],
        date=sources.date,
        scale=scale["name"],
        dataset=sources.data["dataset"],
        real=scale["dataset"] == facts["dataset"],
        about=scale["about"],
        answer=sections[0].content["sentence"],
        sections=sections,
        beside=tuple(beside(sources)),
    )


def beside(sources: Sources) -> list[Beside]:
    """Return the other studies that the study's scale names, as far as their reports are there."""
    found = list[Beside]()
    for name in sources.study["scale"].get("beside", []):
        folder = sources.folder.parent / name
        if not (folder / "report" / "index.html").is_file() or folder == sources.folder:
            continue
        try:
            study = read_study(folder)
            title = published_of(study).facts["title"]
        except RecordError:
            # What is wrong with another study is said when that one is read.
            continue
        said = f"{title} (scale {study['scale']['name']})"
        report = Path(os.path.relpath(folder / "report", sources.report))
        found.append(Beside(said, report.as_posix()))
    return found
