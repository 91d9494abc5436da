"""Read a study's tables, and look up runs, settings and images in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from report.read.arms import looks_of
from report.read.files import RecordError, read_arrays, read_csv, read_json
from report.read.published import Published, published_of
from report.read.study import data_folder, read_study

READ = (
    "runs",
    "epochs",
    "layers",
    "comparisons",
    "spreads",
    "confusion",
    "mistakes",
    "gaps",
)
"""The tables of a study, each in a separate file."""


@dataclass(frozen=True)
class Pictures:
    """Images for the report, uint8, or None if a study has none.

    ``mistakes`` has shape (mistakes, size, size, 3); ``copies`` has shape
    (copies, images, size, size, 3), and ``names`` lists the transforms of each copy.
    """

    mistakes: NDArray[np.uint8] | None = None
    copies: NDArray[np.uint8] | None = None
    names: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tables:
    """The report's input: the study, its tables, its data, and the paper's published results.

    ``facts`` is the path of the images' ``data.json``, which verdicts don't need; ``root`` is the
    relative path from the page to ``results/<scale>``.
    """

    study: dict[str, Any]
    facts: Path
    runs: pd.DataFrame
    epochs: pd.DataFrame
    layers: pd.DataFrame
    rates: pd.DataFrame
    comparisons: pd.DataFrame
    spreads: pd.DataFrame
    networks: pd.DataFrame
    confusion: pd.DataFrame
    mistakes: pd.DataFrame
    gaps: pd.DataFrame
    published: Published
    pictures: Pictures
    root: str = ".."

    @property
    def data(self) -> dict[str, Any]:
        """The content of the images' ``data.json``."""
        return read_json(self.facts)

    @property
    def classes(self) -> list[str]:
        """The names of the classes."""
        return [str(name) for name in self.data["classes"]]


def read_tables(folder: Path, tables: Path | None = None) -> Tables:
    """Return the tables in ``results/<scale>/tables``, or in the folder ``tables`` if given."""
    tables = tables or folder / "tables"
    study = read_study(folder)
    return Tables(
        study=study,
        facts=data_folder(folder, study) / "data.json",
        published=published_of(study),
        rates=read_table(folder / "tables" / "rates.csv"),
        networks=_read_networks(folder / "tables" / "networks.csv"),
        pictures=_read_pictures(tables / "mistakes.npz", folder / "tables" / "pictures.npz"),
        root=os.path.relpath(folder, tables.parent / "report"),
        **{name: read_table(tables / f"{name}.csv") for name in READ},
    )


def _read_networks(path: Path) -> pd.DataFrame:
    texts = ("arm", "name", "type", "output_shape", "kernel", "stride")
    if not path.is_file():
        raise RecordError(f"{path}: is missing; `snakemake {path}` makes it, without training")
    return read_csv(path, ("depth", "parameters", "flops"), texts)


TEXTS = dict.fromkeys(("unlike_seeds", "code_digest", "commit"), "str")
"""The types of columns that may look like numbers, but aren't any."""


def read_table(path: Path, may_be_empty: bool = False) -> pd.DataFrame:
    """Return a table that this project wrote; only empty cells count as missing values.

    Raises
    ------
    RecordError
        If the file is missing or isn't a table. With ``may_be_empty`` an empty file is one.
    """
    try:
        return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=TEXTS)
    except (OSError, ValueError) as error:
        if may_be_empty and isinstance(error, pd.errors.EmptyDataError):
            return pd.DataFrame()
        raise RecordError(f"{path}: can't be read: {' '.join(str(error).split())}") from None


def _read_pictures(mistakes: Path, copies: Path) -> Pictures:
    """Return the available pictures; the report doesn't require them."""
    found, shown = _arrays(mistakes), _arrays(copies)
    return Pictures(
        mistakes=found.get("images"),
        copies=shown.get("images"),
        names=tuple(map(str, shown.get("copies", ()))),
        labels=tuple(map(int, shown.get("labels", ()))),
    )


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    return read_arrays(path) if path.is_file() else {}


def pixels_of(named: pd.DataFrame, stage: str) -> str:
    """Return a stage's output size as ``16x16``, or its number of outputs."""
    if stage not in named.index:
        return ""
    channels, _, pixels = str(named.loc[stage, "output_shape"]).partition("x")
    return pixels or channels


def belonging(study: dict[str, Any], name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table of runs for an ablation's arms, with the base, and its seeds."""
    ablation = study["ablations"][name]
    runs = {arm["run"] for arm in ablation["arms"]}
    return table[table["run"].isin(runs) & (table["seed"] < looks_of(ablation)[-1])]


def setting_of(config: dict[str, Any] | None, key: str) -> Any:
    """Return a config's value at a dotted key, or None if it is missing."""
    found: Any = config
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def titles_of(study: dict[str, Any]) -> dict[str, str]:
    """Return the titles of the settings in the study's configs, by dotted key."""
    return dict(study["settings"]["titles"])


def confusion_shares(confusion: pd.DataFrame, classes: int) -> tuple[pd.DataFrame, int]:
    """Return the share of each true class (rows) predicted as each class, and the seeds' number."""
    numbers = range(classes)
    counts = confusion.groupby(["label", "guess"])["images"].sum().unstack(fill_value=0)
    counts = counts.reindex(index=numbers, columns=numbers, fill_value=0)
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    return shares, int(confusion["seed"].nunique())
