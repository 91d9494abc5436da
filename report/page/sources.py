"""What the sections of the report are made of, each by a name that a section may ask for."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from report.claim_types.moments import is_moment, moment
from report.draw import registry
from report.judge.claims import judge, judge_own
from report.judge.verdicts import Verdict
from report.page.picture import Picture, read_picture
from report.page.records import Records
from report.read.published import Published, folder_of
from report.read.tables import Tables


class Sources:
    """The tables of a study, its verdicts and its figures; sections name what they need of it.

    Parameters
    ----------
    folder
        ``results/<scale>``.
    tables
        The study's tables.
    figures
        The folder of the study's figures.
    """

    def __init__(self, folder: Path, tables: Tables, figures: Path) -> None:
        self.folder, self.tables, self._figures = folder, tables, figures
        self.report = figures.parent / "report"
        self.study: dict[str, Any] = tables.study
        self.published: Published = tables.published
        self.runs: pd.DataFrame = tables.runs
        self.epochs: pd.DataFrame = tables.epochs
        self.comparisons: pd.DataFrame = tables.comparisons
        self.spreads: pd.DataFrame = tables.spreads
        self.networks: pd.DataFrame = tables.networks
        self.rates: pd.DataFrame = tables.rates
        self.confusion: pd.DataFrame = tables.confusion
        self.gaps: pd.DataFrame = tables.gaps
        self.root = tables.root
        self.paper = folder_of(tables.study)

    @cached_property
    def data(self) -> dict[str, Any]:
        """The content of the images' ``data.json``."""
        return self.tables.data

    @cached_property
    def records(self) -> Records:
        """The addresses of run records."""
        return Records(self.root, self.runs)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """The verdicts on the paper's claims."""
        return judge(self.tables)

    @cached_property
    def own_verdicts(self) -> list[Verdict]:
        """The verdicts on claims of a user's own."""
        return judge_own(self.tables)

    @cached_property
    def _drawn(self) -> list[tuple[registry.Figure, Picture]]:
        designs = {name: ablation["design"] for name, ablation in self.study["ablations"].items()}
        found = [
            (figure, read_picture(self.records, self.study, self._figures, figure))
            for figure in registry.figures_of(designs, self.paper)
        ]
        return [(figure, picture) for figure, picture in found if picture.shows_something]

    @cached_property
    def opening(self) -> list[Picture]:
        """The figure with which the report opens, if it has one; no section repeats it.

        It shows the verdicts, or else the effects; for a single ablation, that ablation.
        """
        single = len(self.study["ablations"]) == 1
        order = ("path", "ablations") if single else ("answer", "effects")
        found = {figure.entry.section: it for figure, it in reversed(self._drawn)}
        return [found[section] for section in order if section in found][:1]

    @cached_property
    def pictures(self) -> dict[str, list[Picture]]:
        """The figures of each section that show something, but for those in an ablation's own."""
        own = (entry.section for entry in registry.entries(self.paper))
        return {
            section: [it for figure, it in self._placed if figure.entry.section == section]
            for section in dict.fromkeys((*registry.SECTIONS, *own))
            if section != "ablations"
        }

    @cached_property
    def pictures_of(self) -> dict[str, list[Picture]]:
        """The figures of each ablation."""
        return {
            name: [
                it
                for figure, it in self._placed
                if figure.ablation == name and figure.entry.section == "ablations"
            ]
            for name in self.study["ablations"]
        }

    @property
    def _placed(self) -> list[tuple[registry.Figure, Picture]]:
        return [(figure, it) for figure, it in self._drawn if it not in self.opening]

    @cached_property
    def date(self) -> str:
        """The day on which the last run began, so that the same records give the same report.

        It is that of SOURCE_DATE_EPOCH where this is set, and today where it isn't known when runs
        began.
        """
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        if epoch:
            return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%d")
        began = [moment(text) for text in self.runs["began"] if is_moment(text)]
        return max(began, default=datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%d")
