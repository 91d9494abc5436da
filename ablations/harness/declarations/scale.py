"""Read the scales in config/scales, which set the amount of data and the length of runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablations.harness.declarations.document import DeclarationError, Document, read
from ablations.harness.declarations.home import OWN
from ablations.harness.declarations.imported import imported_runs
from ablations.harness.declarations.names import NAME
from resnet.files import listed
from resnet.images.datasets import DATASETS
from resnet.settings import nearest

AMOUNTS = ("training_images", "images_seen", "seeds")

MOST_SEEDS = 10_000
"""The most seeds of a run; all of them are listed when a study is read."""

KEYS = (
    *("about", "dataset", "folder", "beside", *AMOUNTS),
    *("looks", "all", "arms", "exceptions", "runs"),
)

EVERY = "every ablation"
"""The words under ``all`` for all that are declared."""


@dataclass(frozen=True)
class Scale:
    """The amounts of data, training and seeds, with exceptions by ablation or base.

    ``looks`` are the numbers of seeds at which verdicts may be given (see `looks_of`); ``arms`` has
    the arms of the ablations of which the scale trains only some; ``folder`` is where its results
    are, within ``results``; ``runs`` says where runs that others trained are read, instead of
    training (see docs/your-paper.md); ``beside`` names the folders in ``results`` whose reports
    this one links to.
    """

    name: str
    about: str
    dataset: str
    amounts: dict[str, int]
    exceptions: dict[str, dict[str, int]]
    all: tuple[str, ...] | None
    looks: tuple[int, ...] = ()
    arms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    folder: str = ""
    runs: dict[str, Any] = field(default_factory=dict)
    beside: tuple[str, ...] = ()

    def amount(self, what: str, name: str) -> int:
        """Return the amount ``what`` (one of `AMOUNTS`) for an ablation or ``base.<name>``."""
        return self.exceptions.get(name, {}).get(what, self.amounts[what])

    def looks_of(self, name: str) -> tuple[int, ...]:
        """Return the numbers of seeds at which an ablation's verdicts may be given.

        Without declared looks, and for an ablation whose number of seeds isn't one of them, there
        is one look, at all planned seeds.
        """
        seeds = self.amount("seeds", name)
        return self.looks if seeds in self.looks else (seeds,)


def load_scale(name: str, folder: Path = OWN.scales) -> Scale:
    """Return the scale called ``name``."""
    known = [path.stem for path in listed(folder, "*.yaml")]
    if name not in known:
        raise DeclarationError(
            Path("config"),
            None,
            f"scale: no scale {name!r}{nearest(name, known)}; allowed are auto, {', '.join(known)}",
        )
    document = read(folder / f"{name}.yaml")
    document.check_keys(KEYS)
    # A list, since what is given needn't be hashable.
    if document.content.get("dataset") not in list(DATASETS):
        raise document.error(f"dataset: allowed are {', '.join(DATASETS)}", "dataset")
    amounts = {what: _amount(document, document.content.get(what), what) for what in AMOUNTS}
    return Scale(
        name=name,
        about=str(document.content.get("about", "")),
        dataset=document.content["dataset"],
        amounts=amounts,
        exceptions=_exceptions(document),
        all=_all(document),
        looks=_looks(document, amounts["seeds"]),
        arms=_arms(document),
        folder=_folder(document, name),
        runs=imported_runs(document),
        beside=_beside(document),
    )


def _folder(document: Document, name: str) -> str:
    folder = document.content.get("folder", name)
    if not isinstance(folder, str) or not NAME.fullmatch(folder):
        if folder == name:
            raise document.error(f"{name!r} is not a name: a-z, 0-9 and _, a letter first")
        raise document.error(f"folder: expected a name such as {name}, got {folder!r}", "folder")
    for other in listed(document.path.parent, "*.yaml"):
        if other != document.path and read(other).content.get("folder", other.stem) == folder:
            raise document.error(f"folder: results/{folder} is that of {other}, too", "folder")
    return folder


def _beside(document: Document) -> tuple[str, ...]:
    beside = document.content.get("beside", [])
    named = isinstance(beside, list) and all(NAME.fullmatch(str(it)) for it in beside)
    if not named:
        raise document.error(f"beside: expected folders in results, got {beside!r}", "beside")
    return tuple(beside)


def _looks(document: Document, seeds: int) -> tuple[int, ...]:
    looks = document.content.get("looks", [])
    problem = problem_with_looks(looks, seeds)
    if problem:
        raise document.error(problem, "looks")
    return tuple(looks)


def _all(document: Document) -> tuple[str, ...] | None:
    covered = document.content.get("all")
    if covered == EVERY:
        return None
    if not is_names(covered):
        raise document.error(
            f"all: expected a list of ablations or the words {EVERY}, got {covered!r}", "all"
        )
    return tuple(document.content["all"])


def _arms(document: Document) -> dict[str, tuple[str, ...]]:
    """Return the arms under ``arms``, by ablation; the study checks that they exist."""
    arms = document.content.get("arms", {})
    if not isinstance(arms, dict):
        raise document.error(f"arms: expected ablation: arms, got {arms!r}", "arms")
    for name, some in arms.items():
        if not is_names(some):
            raise document.error(f"{name}: expected a list of arms, got {some!r}", "arms", name)
    return {name: tuple(some) for name, some in arms.items()}


def is_amount(value: Any, what: str) -> bool:
    """Return whether ``value`` is a legal amount: a whole number from 1."""
    most = MOST_SEEDS if what == "seeds" else math.inf
    return type(value) is int and 1 <= value <= most


def up_to(what: str) -> str:
    """Return the largest legal amount in words, if there is one."""
    return f" to {MOST_SEEDS:,}" if what == "seeds" else ""


def problem_with_looks(looks: Any, seeds: int) -> str:
    """Return the problem with declared looks, or an empty text."""
    whole = isinstance(looks, (list, tuple)) and all(
        type(n) is int and 1 < n <= MOST_SEEDS for n in looks
    )
    if not whole or list(looks) != sorted(set(looks)):
        expected = f"ascending numbers of seeds from 2{up_to('seeds')}, such as [5, 8]"
        return f"looks: expected {expected}, got {looks!r}"
    if looks and seeds not in looks:
        return f"looks: seeds, {seeds} here, must be one of them, got {list(looks)}"
    return ""


def is_names(value: Any) -> bool:
    """Return whether ``value`` is a non-empty list of names."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, str) for v in value)


def _exceptions(document: Document) -> dict[str, dict[str, int]]:
    exceptions = document.content.get("exceptions", {})
    if not isinstance(exceptions, dict):
        raise document.error(
            f"exceptions: expected name: amounts, got {exceptions!r}", "exceptions"
        )
    for name, amounts in exceptions.items():
        if not isinstance(amounts, dict):
            raise document.error(
                f"{name}: expected {', '.join(AMOUNTS)}, got {amounts!r}", "exceptions", name
            )
        for what, value in amounts.items():
            _amount(document, value, "exceptions", name, what)
        if str(name).startswith("base.") and "seeds" in amounts:
            raise document.error(
                "seeds: belong to an ablation; a base has the seeds of those that start from it",
                *("exceptions", name, "seeds"),
            )
    return exceptions


def _amount(document: Document, value: Any, *keys: str) -> int:
    if keys[-1] not in AMOUNTS:
        raise document.error(f"{keys[-1]}: allowed are {', '.join(AMOUNTS)}", *keys)
    if not is_amount(value, keys[-1]):
        expected = f"a whole number from 1{up_to(keys[-1])}"
        raise document.error(f"{keys[-1]}: expected {expected}, got {value!r}", *keys)
    return int(value)
