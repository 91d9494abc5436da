"""The report's content: what stands at its head, and its sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from report.page.registry import Section, sections_of
from report.page.sources import Sources


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
    )
