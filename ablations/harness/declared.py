"""Find the networks and learning rates that claims state: the declarations alone decide them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ablations.harness.study import Study
from resnet.config import RunConfig, changed, to_dict
from resnet.images.datasets import DATASETS


def declared_networks(study: Study) -> dict[str, Any]:
    """Return the networks of all bases and of the arms that exact claims name, by name.

    They are listed whatever is trained, a base as ``base.<name>``. The paper's are for the classes
    of its own data set; those that only users' claims name, for the classes of the study's.

    Returns
    -------
    dict
        By name, the groups ``model`` and ``data`` of a run config.
    """
    theirs = study.home.facts["dataset"]
    own = [claim for d in study.declarations.values() for claim in d.own_claims]
    asked = {f"base.{name}": (base, theirs) for name, base in study.bases.items()}
    # The paper's first: a user's claim on the same arm doesn't change what they rest on.
    for claims, dataset in ((study.home.tests.values(), theirs), (own, study.scale.dataset)):
        for arm in _named(claims):
            config = _config(study, arm)
            if config:
                asked.setdefault(arm, (config, dataset))
    return {
        name: {"model": to_dict(config)["model"], "data": _data(dataset)}
        for name, (config, dataset) in asked.items()
    }


def _data(dataset: str) -> dict[str, Any]:
    """Return the group ``data`` for a data set, which may have fewer images than the default."""
    return {"dataset": dataset, "training_images": DATASETS[dataset].training_images}


def _named(claims: Any) -> Iterator[str]:
    """Yield the arms that exact tests name, as ``ablation.arm``."""
    for test in _exact(claims):
        yield from (test[key] for key in ("arm", "over") if key in test)


def _exact(claims: Any) -> Iterator[dict[str, Any]]:
    """Yield the exact tests of claims; a claim may have no tests yet."""
    for claim in claims:
        yield from (claim or {}).get("exact", [])


def _config(study: Study, name: str) -> RunConfig | None:
    """Return the config of an arm, ``ablation.arm``, as far as its network is concerned."""
    ablation, _, wanted = name.partition(".")
    declaration = study.declarations.get(ablation)
    if declaration is None:
        return None
    base = study.bases[declaration.base]
    changes = {arm.name: arm.all_changes for arm in declaration.arms} | {"base": {}}
    # What an ablation's own rules train isn't declared.
    own = declaration.design == "records" and wanted != "base"
    if wanted not in changes or own:
        return None
    return changed(base, {k: v for k, v in changes[wanted].items() if k.startswith("model.")})


def headline_base(study: Study) -> RunConfig:
    """Return the base of the paper's headline result, at its full length."""
    return study.bases[study.home.facts["headline"]["base"]]


def epochs_with_rates(study: Study) -> int:
    """Return the number of epochs up to the last one whose learning rate a claim states."""
    facts, tests = study.home.facts, _exact(study.home.tests.values())
    named = [test["rates"] for test in tests if "rates" in test]
    return 1 + max((max(facts[name]["epochs"]) for name in named), default=0)
