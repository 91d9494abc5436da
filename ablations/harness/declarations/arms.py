"""Read the arms of an ablation in each of its designs: arms, a ladder, a grid, or records."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any

from msgspec import Meta

from ablations.harness.declarations.document import Document
from ablations.harness.declarations.names import check_name, names_in
from resnet.config import KINDS, SETTINGS, RunConfig, changed, flatten, parse_setting
from resnet.settings import ConfigError, Group, nearest, parse

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


def read_arms(
    document: Document, design: str, factor: tuple[str, ...], base: RunConfig
) -> tuple[Arm, ...]:
    """Return the arms of a declaration, in order.

    Raises
    ------
    DeclarationError
        If one isn't valid, or readers couldn't tell two apart.
    """
    body = document.content[design]
    if design == "records":
        return _recorded(document)
    if not isinstance(body, dict) or not body:
        raise document.error(f"{design}: expected name: change, got {body!r}", design)
    if design == "grid":
        arms = _grid(document, body, factor, base)
        _check_factor(document, body, factor)
    else:
        arms = [_arm(document, design, name, change, factor) for name, change in body.items()]
    _check_labels(document, design, arms)
    if design == "ladder":
        arms = _cumulative(arms)
    return tuple(arms)


def _check_labels(document: Document, design: str, arms: Iterable[Arm]) -> None:
    """Raise an error if readers couldn't tell two arms apart."""
    seen = dict.fromkeys(("base", base_label(document.content["base"])), "the base")
    for arm in arms:
        if arm.label in seen:
            raise document.error(
                f"label: {arm.label!r} is that of {seen[arm.label]}, too", design, arm.name, "label"
            )
        seen[arm.label] = arm.name


def _recorded(document: Document) -> tuple[Arm, ...]:
    names = names_in(document, "records")
    rules = document.path.with_suffix(".smk")
    if not rules.is_file():
        raise document.error(f"records: no {rules.name} beside this file to write them", "records")
    for name in names:
        check_name(document, name, "records")
    if not names or len(set(names)) != len(names):
        raise document.error(f"records: expected different names, got {list(names)}", "records")
    return tuple(Arm(name, {}, label=in_words(name)) for name in names)


def _covered(key: str, factor: tuple[str, ...]) -> bool:
    return any(key == f or key.startswith(f"{f}.") for f in factor)


def _check_factor(document: Document, axes: Iterable[str], factor: tuple[str, ...]) -> None:
    """Raise an error if a grid that states its factor changes something else."""
    for key in axes:
        if factor and not _covered(key, factor):
            raise document.error(f"{key}: outside the factor ({', '.join(factor)})", "grid", key)


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
    for key in also:
        if key in parsed or (design == "arms" and _covered(key, factor)):
            raise document.error(
                f"{key}: within the factor; say it once, beside the arm's other changes",
                *(design, name, "also_changes", key),
            )
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
            near = nearest(key, ("label", "also_changes"))
            raise document.error(f"{error}{near}", *keys, key) from None
        if key in LEFT_TO_SCALE:
            raise document.error(f"{key}: {LEFT_TO_SCALE[key]}", *keys, key)
    return parsed


def _parse(key: str, value: Any) -> Any:
    return parse(Relative, key, value) if key in RELATIVE else parse_setting(key, value)


def _cumulative(arms: Iterable[Arm]) -> list[Arm]:
    rungs: list[Arm] = []
    below: dict[str, Any] = {}
    for arm in arms:
        below = {key: value for key, value in below.items() if not _replaced(key, arm)}
        rungs.append(dataclasses.replace(arm, below=below))
        below = rungs[-1].all_changes
    return rungs


def _replaced(key: str, arm: Arm) -> bool:
    """Return whether an arm changes a group to a kind that doesn't have the setting ``key``."""
    group, _, name = key.partition(".")
    kind = (arm.changes | arm.also_changes).get(f"{group}.name")
    return kind is not None and name not in ("name", *KINDS[group][kind].__struct_fields__)


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
    # The whole of a budget is the base's.
    changes = {key: value for key, value in cell.items() if key not in RELATIVE or value != 1}
    return not any(key in RELATIVE for key in changes) and changed(base, changes) == base


def in_words(name: str) -> str:
    """Return an arm's name for readers, where its file gives no label."""
    return name.replace("_", " ")


def base_label(base: str) -> str:
    """Return a base's name for readers, such as ``the base residual 20``."""
    return f"the base {in_words(base)}"


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
