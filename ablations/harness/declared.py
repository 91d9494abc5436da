"""Find the networks and learning rates that claims state: the declarations alone decide them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ablations.harness.study import Study
from resnet.config import RunConfig, to_dict


def declared_networks(study: Study) -> dict[str, Any]:
    """Return the networks of all bases and of the arms that exact claims name, by name.

    They are listed whatever is trained, a base as ``base.<name>``. The paper's are for the classes
    of its own data set; those of users' claims, for the classes of the study's.

    Returns
    -------
    dict
        By name, the groups ``model`` and ``data`` of a run config.
    """
    paper = {"dataset": study.home.facts["dataset"]}
    found = {
        f"base.{name}": {"model": to_dict(base)["model"], "data": paper}
        for name, base in study.bases.items()
    }
    for arm in _named(study.home.tests.values()):
        config = _config(study, arm)
        if config:
            found[arm] = {"model": to_dict(config)["model"], "data": paper}
    own = (claim for a in study.ablations.values() for claim in a.declaration.own_claims)
    for arm in _named(own):
        config = _config(study, arm)
        if config:
            data = {"dataset": config.data.dataset}
            found[arm] = {"model": to_dict(config)["model"], "data": data}
    return found


def _named(claims: Any) -> Iterator[str]:
    """Yield the arms that exact tests name, as ``ablation.arm``."""
    for claim in claims:
        for test in claim.get("exact", []):
            yield from (test[key] for key in ("arm", "over") if key in test)


def _config(study: Study, arm: str) -> RunConfig | None:
    ablation, _, name = arm.partition(".")
    if ablation not in study.ablations:
        return None
    members = study.ablations[ablation].members
    run = next((member.run for member in members if member.name == name), "")
    return study.runs.get(run)


def headline_base(study: Study) -> RunConfig:
    """Return the base of the paper's headline result, at its full length."""
    return study.bases[study.home.facts["headline"]["base"]]


def epochs_with_rates(study: Study) -> int:
    """Return the number of epochs up to the last one whose learning rate a claim states."""
    facts, tests = study.home.facts, study.home.tests.values()
    named = [test["rates"] for claim in tests for test in claim.get("exact", []) if "rates" in test]
    return 1 + max((max(facts[name]["epochs"]) for name in named), default=0)
