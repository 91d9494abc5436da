"""Read an ablation's declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablations.harness.declarations.arms import LEGAL, Arm, read_arms
from ablations.harness.declarations.claims import own_claims, split_claims
from ablations.harness.declarations.document import Document, read
from ablations.harness.declarations.names import check_name, names_in
from resnet.config import GROUPS, RunConfig
from resnet.settings import nearest

DESIGNS = ("arms", "ladder", "grid", "records")
TEXTS = ("title", "question", "source")
KEYS = (*TEXTS, "base", "factor", "budget", "claims", *DESIGNS)
BUDGETS = ("images", "epochs")


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


def load(path: Path, bases: Mapping[str, RunConfig]) -> Declaration:
    """Return the declaration in ``path``.

    Raises
    ------
    DeclarationError
        If the file is invalid; the message has file, line, given value and allowed values.
    """
    document = read(path)
    check_name(document, path.stem)
    document.check_keys(KEYS)
    title, question, source = (document.text(key) for key in TEXTS)
    base, design, budget = _base(document, bases), _design(document), _budget(document)
    factor = _factor(document)
    arms = read_arms(document, design, factor, bases[base])
    claims, own = split_claims(document)
    return Declaration(
        name=path.stem,
        title=title,
        question=question,
        source=source,
        base=base,
        design=design,
        factor=factor,
        budget=budget,
        claims=claims,
        own_claims=own_claims(document, own, [arm.name for arm in arms]),
        arms=arms,
        document=document,
    )


def _base(document: Document, bases: Mapping[str, RunConfig]) -> str:
    base = str(document.content.get("base"))
    if base not in bases:
        raise document.error(
            f"base: no base {base!r}{nearest(base, bases)}; allowed are {', '.join(bases)}",
            "base",
        )
    return base


def _design(document: Document) -> str:
    given = [design for design in DESIGNS if design in document.content]
    if len(given) != 1:
        raise document.error(f"expected one of {', '.join(DESIGNS)}, got {given or 'none'}")
    return given[0]


def _budget(document: Document) -> str:
    budget = document.content.get("budget", "images")
    if budget not in BUDGETS:
        raise document.error(f"budget: got {budget!r}; allowed are {', '.join(BUDGETS)}", "budget")
    return str(budget)


def _factor(document: Document) -> tuple[str, ...]:
    """Return the settings, or groups of settings, that the ablation studies.

    Only the design ``arms`` needs a factor, since ladders and grids define it by their form.
    """
    factor = names_in(document, "factor")
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
