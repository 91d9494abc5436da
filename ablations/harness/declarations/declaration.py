"""Read and validate the file of one ablation."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from ablations.harness.declarations.claims import own_claims, split_claims
from ablations.harness.declarations.document import Document, read
from resnet.config import GROUPS, SETTINGS, RunConfig, changed, flatten, parse_setting
from resnet.settings import ConfigError, Group, nearest, parse

NAME = re.compile(r"[a-z][a-z0-9_]*")
RESERVED = (
    "base",
    *("null", "nan"),  # would be read from a table as missing values
    *("all", "data", "pictures", "train", "rates", "networks", "study", "collect", "compare"),
    *("imported", "claims", "figures", "report", "pdf"),
)
"""Names that are already used for a rule, a folder, a run or a missing value."""

DESIGNS = ("arms", "ladder", "grid", "records")
TEXTS = ("title", "question", "source")
KEYS = (*TEXTS, "base", "factor", "budget", "claims", *DESIGNS)
BUDGETS = ("images", "epochs")

LONGEST_LABEL = 60
"""Letters of an arm's label, which stands in tables and beside figures."""


class Relative(Group, frozen=True):
    """Settings that exist only in declarations: ``fraction`` of the scale's ``images_seen``."""

    fraction: Annotated[float, Meta(ge=1e-6, le=1)] = 1.0


RELATIVE = ("budget.fraction",)
LEGAL = (*SETTINGS, *RELATIVE)

LEFT_TO_SCALE = {
    "seed": "every arm has the same seeds; the scale says how many",
    "data.dataset": "the scale says which data set",
    "data.training_images": "the scale says how many images",
    "budget.images_seen": "the scale says how many images; an arm may take a budget.fraction of it",
}
"""Settings that an arm must leave to the scale."""


@dataclass(frozen=True)
class Arm:
    """A named change of settings, by dotted key; ``also_changes`` are those outside the factor.

    ``below`` has the changes of all lower rungs of a ladder, to which this arm's changes are added.
    ``label`` is the arm in a few words, for readers.
    """

    name: str
    changes: dict[str, Any]
    also_changes: dict[str, Any] = field(default_factory=dict)
    below: dict[str, Any] = field(default_factory=dict)
    label: str = ""

    @property
    def all_changes(self) -> dict[str, Any]:
        """Every change from the base."""
        return self.below | self.changes | self.also_changes


@dataclass(frozen=True)
class Declaration:
    """The content of an ablation's file.

    Arms of the design ``records`` have no changes, because a rule in ``ablations/<name>.smk``
    writes their run records.
    """

    name: str
    title: str
    question: str
    source: str
    base: str
    design: str
    factor: tuple[str, ...]
    budget: str
    claims: tuple[str, ...]
    own_claims: tuple[dict[str, Any], ...]
    arms: tuple[Arm, ...]
    document: Document


def check_name(document: Document, name: str, *keys: str) -> None:
    """Raise an error unless the name is valid as a rule, a folder, a column and a link."""
    if not NAME.fullmatch(name) or len(name) > 60:
        raise document.error(
            f"{name!r} is not a name; allowed are a-z, 0-9 and _, a letter first, 60 at most", *keys
        )
    if name in RESERVED:
        raise document.error(f"{name!r} is taken; reserved are {', '.join(RESERVED)}", *keys)


def load(path: Path, bases: Mapping[str, RunConfig]) -> Declaration:
    """Return the declaration in ``path``.

    Raises
    ------
    DeclarationError
        If the file is invalid; the message has file, line, given value and allowed values.
    """
    document = read(path)
    content = document.content
    check_name(document, path.stem)
    for key in content:
        if key not in KEYS:
            raise document.error(
                f"{key}: no such key{nearest(key, KEYS)}; allowed are {', '.join(KEYS)}", key
            )
    for key in TEXTS:
        if not isinstance(content.get(key), str) or not content[key].strip():
            raise document.error(f"{key}: expected a text, got {content.get(key)!r}", key)
    base = str(content.get("base"))
    if base not in bases:
        raise document.error(
            f"base: no base {base!r}{nearest(base, bases)}; allowed are {', '.join(bases)}",
            "base",
        )
    given = [design for design in DESIGNS if design in content]
    if len(given) != 1:
        raise document.error(f"expected one of {', '.join(DESIGNS)}, got {given or 'none'}")
    budget = content.get("budget", "images")
    if budget not in BUDGETS:
        raise document.error(f"budget: got {budget!r}; allowed are {', '.join(BUDGETS)}", "budget")
    factor = _factor(document)
    arms = _arms(document, given[0], factor, bases[base])
    claims, own = split_claims(document)
    return Declaration(
        name=path.stem,
        title=content["title"].strip(),
        question=content["question"].strip(),
        source=content["source"].strip(),
        base=base,
        design=given[0],
        factor=factor,
        budget=budget,
        claims=claims,
        own_claims=own_claims(document, own, [arm.name for arm in arms]),
        arms=arms,
        document=document,
    )


def _names(document: Document, key: str) -> tuple[str, ...]:
    value = document.content.get(key, [])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise document.error(f"{key}: expected a list of names, got {value!r}", key)
    return tuple(value)


def _factor(document: Document) -> tuple[str, ...]:
    """Return the settings, or groups of settings, that the ablation studies.

    Only the design ``arms`` needs a factor, since ladders and grids define it by their form.
    """
    factor = _names(document, "factor")
    if not factor and "arms" in document.content:
        raise document.error(
            "factor: expected the setting or settings that the ablation is about, such as "
            "model.maxpool or optimizer"
        )
    for key in factor:
        if key not in LEGAL and key not in GROUPS:
            raise document.error(
                f"factor: no setting {key!r}{nearest(key, [*LEGAL, *GROUPS])}", "factor"
            )
    return factor


def _covered(key: str, factor: tuple[str, ...]) -> bool:
    return any(key == f or key.startswith(f"{f}.") for f in factor)


def _arms(
    document: Document, design: str, factor: tuple[str, ...], base: RunConfig
) -> tuple[Arm, ...]:
    body = document.content[design]
    if design == "records":
        return _recorded(document)
    if not isinstance(body, dict) or not body:
        raise document.error(f"{design}: expected name: change, got {body!r}", design)
    if design == "grid":
        arms = _grid(document, body, factor, base)
    else:
        arms = [_arm(document, design, name, change, factor) for name, change in body.items()]
    _check_labels(document, design, arms)
    if design == "ladder":
        arms = _cumulative(arms)
    return tuple(arms)


def _check_labels(document: Document, design: str, arms: Iterable[Arm]) -> None:
    """Raise an error if readers couldn't tell two arms apart."""
    seen = {"base": "the base"}
    for arm in arms:
        if arm.label in seen:
            raise document.error(
                f"label: {arm.label!r} is that of {seen[arm.label]}, too", design, arm.name, "label"
            )
        seen[arm.label] = arm.name


def _recorded(document: Document) -> tuple[Arm, ...]:
    names = _names(document, "records")
    rules = document.path.with_suffix(".smk")
    if not rules.is_file():
        raise document.error(f"records: no {rules.name} beside this file to write them", "records")
    for name in names:
        check_name(document, name, "records")
    if not names or len(set(names)) != len(names):
        raise document.error(f"records: expected different names, got {list(names)}", "records")
    return tuple(Arm(name, {}, label=in_words(name)) for name in names)


def _arm(document: Document, design: str, name: str, change: Any, factor: tuple[str, ...]) -> Arm:
    check_name(document, name, design, name)
    if not isinstance(change, dict) or not change:
        raise document.error(
            f"{name}: expected changes such as model.maxpool: true, got {change!r}", design, name
        )
    change = dict(change)
    label = change.pop("label", in_words(name))
    if not isinstance(label, str) or not 0 < len(label.strip()) <= LONGEST_LABEL:
        raise document.error(
            f"label: expected a text of at most {LONGEST_LABEL} letters, got {label!r}",
            *(design, name, "label"),
        )
    others = change.pop("also_changes", {})
    if not isinstance(others, dict):
        raise document.error("also_changes: expected changes", design, name, "also_changes")
    parsed = _parse_changes(document, change, design, name)
    also = _parse_changes(document, others, design, name, "also_changes")
    for key in parsed:
        # A ladder always changes one thing at a time, so its rungs aren't checked.
        if design == "arms" and not _covered(key, factor):
            raise document.error(
                f"{key}: outside the factor ({', '.join(factor)}); if it must change too, "
                "say so under also_changes",
                *(design, name, key),
            )
    return Arm(name, parsed, also, label=label.strip())


def _parse_changes(document: Document, changes: dict[str, Any], *keys: str) -> dict[str, Any]:
    parsed = {}
    try:
        flat = flatten(changes)
    except ConfigError as error:
        raise document.error(str(error), *keys, error.key) from None
    for key, value in flat.items():
        try:
            parsed[key] = _parse(key, value)
        except ConfigError as error:
            raise document.error(str(error), *keys, key) from None
        if key in LEFT_TO_SCALE:
            raise document.error(f"{key}: {LEFT_TO_SCALE[key]}", *keys, key)
    return parsed


def _parse(key: str, value: Any) -> Any:
    return parse(Relative, key, value) if key in RELATIVE else parse_setting(key, value)


def _cumulative(arms: Iterable[Arm]) -> list[Arm]:
    rungs: list[Arm] = []
    below: dict[str, Any] = {}
    for arm in arms:
        rungs.append(dataclasses.replace(arm, below=below))
        below = rungs[-1].all_changes
    return rungs


def _grid(
    document: Document, body: dict[str, Any], factor: tuple[str, ...], base: RunConfig
) -> list[Arm]:
    axes: list[list[tuple[str, Any]]] = []
    for key, values in body.items():
        if not isinstance(values, list) or not values:
            raise document.error(f"{key}: expected a list of values, got {values!r}", "grid", key)
        if key not in LEGAL:
            raise document.error(
                f"{key}: expected a setting{nearest(key, LEGAL)}; a grid takes no groups",
                "grid",
                key,
            )
        axes.append([(key, _parse_changes(document, {key: v}, "grid")[key]) for v in values])
    arms: dict[str, Arm] = {}
    for values in itertools.product(*axes):
        cell = dict(values)
        try:
            # A cell equal to the base needs no additional run.
            if _is_base(base, cell):
                continue
        except ConfigError as error:
            raise document.error(f"the combination {cell}: {error}", "grid") from None
        name = _cell_name(cell)
        check_name(document, name, "grid")
        if name in arms:
            raise document.error(
                f"two combinations would both be called {name}; use arms: and name them", "grid"
            )
        arms[name] = Arm(name, cell, label=_cell_label(cell))
    if not arms:
        raise document.error("the grid has one combination, and that is its base", "grid")
    return list(arms.values())


def _is_base(base: RunConfig, cell: dict[str, Any]) -> bool:
    return not any(key in RELATIVE for key in cell) and changed(base, cell) == base


def in_words(name: str) -> str:
    """Return an arm's name for readers, where its file gives no label."""
    return name.replace("_", " ")


def _cell_label(cell: dict[str, Any]) -> str:
    """Return a cell in words, such as ``learning rate 0.05, batch size 128``."""
    return ", ".join(f"{in_words(key.rpartition('.')[2])} {v}" for key, v in cell.items())


def _cell_name(cell: dict[str, Any]) -> str:
    """Return a valid name for a cell from initials and values, such as ``lr_0p05_bs_128``."""
    names = [key.rpartition(".")[2] for key in cell]
    short = ["".join(word[0] for word in name.split("_")) for name in names]
    short = short if len(set(short)) == len(short) else names
    parts = []
    for name, value in zip(short, cell.values(), strict=True):
        text = repr(value).lower().removesuffix(".0")
        safe = re.sub(r"[^a-z0-9]+", "_", text.replace(".", "p").replace("-", "m")).strip("_")
        parts.append(f"{name}_{safe}")
    return "_".join(parts)
