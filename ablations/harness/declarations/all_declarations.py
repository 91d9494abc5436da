"""Read the declarations in a home's folder, checked against each other and the paper's claims."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablations.harness.declarations.declaration import Declaration, load
from ablations.harness.declarations.document import DeclarationError, read
from ablations.harness.declarations.home import OWN, Home
from ablations.harness.declarations.names import check_name
from ablations.harness.declarations.scale import is_names
from report.claim_types.figures import problem_with_figures
from report.claim_types.forms import problem_of
from report.claim_types.registry import claim_types
from resnet.config import RunConfig, from_dict
from resnet.files import listed
from resnet.images.datasets import DATASETS
from resnet.settings import ConfigError, nearest

OF_TESTS = ("since", "known", "combine", "needs", "beside", "control", "logs", "notes")
"""What a claim's entry in ``claims.yaml`` may say beside its tests."""


def load_bases(path: Path = OWN.ablations / "_bases.yaml") -> dict[str, RunConfig]:
    """Return the bases by name."""
    document = read(path)
    bases = {}
    for name, settings in document.content.items():
        check_name(document, name, name)
        if not isinstance(settings, dict):
            raise document.error(f"{name}: expected settings, got {settings!r}", name)
        try:
            bases[name] = from_dict(settings)
        except ConfigError as error:
            raise document.error(str(error), name, *error.key.split(".")) from None
    return bases


def load_declarations(
    bases: Mapping[str, RunConfig], folder: Path | None = None, home: Home = OWN
) -> dict[str, Declaration]:
    """Return all declarations by name: first those in ``_order.yaml``, then the others.

    ``folder`` is that of the declarations, if it isn't the home's.
    """
    folder = folder or home.ablations
    for path in listed(folder, "*.yml"):
        raise DeclarationError(path, None, f"isn't read: rename it to {path.stem}.yaml")
    order = read(folder / "_order.yaml")
    first = order.content.get("ablations", [])
    there = {p.stem: p for p in listed(folder, "*.yaml") if not p.name.startswith("_")}
    if first and not is_names(first):
        raise order.error(f"ablations: expected a list of names, got {first!r}", "ablations")
    paths = [there[name] for name in dict.fromkeys([*(first or ()), *there]) if name in there]
    declarations = {path.stem: load(path, bases) for path in paths}
    known = claims_of(home)
    taken = dict.fromkeys(known, "the paper")
    for declaration in declarations.values():
        for own in declaration.own_claims:
            if own["id"] in taken:
                raise declaration.document.error(
                    f"claims: {own['id']}: a claim with this id exists in {taken[own['id']]}",
                    "claims",
                )
            taken[own["id"]] = f"ablations/{declaration.name}.yaml"
        for claim in declaration.claims:
            if claim not in known:
                raise declaration.document.error(
                    f"claims: the paper makes no claim {claim!r}{nearest(claim, known)} "
                    "(paper/published.yaml lists them)",
                    "claims",
                )
    return declarations


def claims_of(home: Home) -> list[str]:
    """Return the ids of the claims of a home's paper."""
    document = home.published
    claims = document.content.get("claims")
    claims = claims if isinstance(claims, list) else []
    ids: list[Any] = [claim.get("id") if isinstance(claim, dict) else None for claim in claims]
    if not is_names(ids) or len(set(ids)) < len(ids):
        raise document.error("claims: expected a list, each with an id of its own", "claims")
    return ids


def check_published(home: Home, bases: Mapping[str, RunConfig]) -> None:
    """Raise an error unless the paper's data set and headline are known, and its tests have a form.

    What they name is checked by ``ablations.planning.claims`` and by the report.
    """
    document = home.published
    dataset = document.content.get("dataset")
    if not isinstance(dataset, str) or dataset not in DATASETS:
        raise document.error(
            f"dataset: allowed are {', '.join(DATASETS)}, got {dataset!r}", "dataset"
        )
    headline = document.content.get("headline")
    base = headline.get("base") if isinstance(headline, dict) else None
    if base not in list(bases):
        known = ", ".join(bases)
        raise document.error(f"headline: base: allowed are {known}, got {base!r}", "headline")
    claims = dict(zip(claims_of(home), document.content["claims"], strict=True))
    for name, tests in home.tests.items():
        problem = f"no claim of this id in published.yaml{nearest(name, claims)}"
        if name in claims:
            problem = _problem_with(claims[name], tests, home.facts)
        if problem:
            raise home.claims.error(f"{name}: {problem}", name)


def _problem_with(claim: dict[str, Any], tests: Any, facts: dict[str, Any]) -> str:
    """Return the problem with a claim's tests, or an empty text; a claim may have none yet."""
    if tests is None:
        return ""
    if not isinstance(tests, dict):
        return f"expected its tests, got {tests!r}"
    allowed = (*OF_TESTS, *{str(kind["tests"]): None for kind in claim_types().values()})
    for key in tests:
        if key not in allowed:
            near = nearest(str(key), allowed)
            return f"{key}: no such key{near}; allowed are {', '.join(allowed)}"
    return problem_of(claim, tests) or problem_with_figures(facts, tests)
