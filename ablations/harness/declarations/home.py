"""Where a study's declarations are: this project's own, or those of a folder in ``studies``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ablations.harness.declarations.document import DeclarationError, Document, read
from ablations.harness.declarations.names import NAME
from resnet.files import listed
from resnet.settings import nearest

ROOT = Path(__file__).parent.parent.parent.parent

STUDIES = "studies"
"""The folder of the studies of other papers, each laid out as this project itself."""


@dataclass(frozen=True)
class Home:
    """The folder of a paper's facts, claims, ablations and scales.

    Parameters
    ----------
    folder
        The project's own folder, or one in ``studies``.
    """

    folder: Path

    @property
    def name(self) -> str:
        """The study's name, or an empty text for the project's own."""
        return "" if self.folder == ROOT else self.folder.name

    @property
    def place(self) -> str:
        """The folder's path from the project's: ``.``, or such as ``studies/name``."""
        return self.folder.relative_to(ROOT).as_posix()

    @property
    def paper(self) -> Path:
        """What was published, how its claims are tested, and what only its report has."""
        return self.folder / "paper"

    @property
    def ablations(self) -> Path:
        """The declarations."""
        return self.folder / "ablations"

    @property
    def scales(self) -> Path:
        """How much data and training."""
        return self.folder / "config" / "scales"

    @cached_property
    def published(self) -> Document:
        """The file of what was published."""
        return read(self.paper / "published.yaml")

    @cached_property
    def claims(self) -> Document:
        """The file of how each claim is tested."""
        return read(self.paper / "claims.yaml")

    @property
    def facts(self) -> dict[str, Any]:
        """What was published."""
        return self.published.content

    @property
    def tests(self) -> dict[str, Any]:
        """How each claim is tested, by its id."""
        return self.claims.content

    def results(self, scale: str) -> str:
        """Return the name of the folder in ``results`` for a scale's folder."""
        return f"{self.name}_{scale}" if self.name else scale


OWN = Home(ROOT)


def home_of(study: Any) -> Home:
    """Return the home of the study that the option ``study`` names; None is the project's own.

    Raises
    ------
    DeclarationError
        If there is no such study.
    """
    if study is None:
        return OWN
    there = [path.parent.name for path in listed(ROOT / STUDIES, "*/paper")]
    known = [f"{STUDIES}/{name}" for name in there if NAME.fullmatch(name)]
    asked = str(study).rstrip("/").removeprefix("./")
    asked = asked if asked.startswith(f"{STUDIES}/") else f"{STUDIES}/{asked}"
    if asked not in known:
        raise DeclarationError(
            Path("config"),
            None,
            f"study: no study {study!r}{nearest(asked, known)}; allowed are null, the project's own"
            f"{''.join(f', {name}' for name in known)} (names of a-z, 0-9 and _, a letter first)",
        )
    return Home(ROOT / asked)
