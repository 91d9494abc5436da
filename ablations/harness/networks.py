"""Find the networks whose sizes claims state: they are known from the declarations alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ablations.harness.document import read
from ablations.harness.scale import ROOT
from ablations.harness.study import Study
from resnet.config import RunConfig, to_dict

CLAIMS = ROOT / "paper" / "claims.yaml"

FINAL = "base.final"
"""The name under which the network of the paper's Figures 3 and 4 is listed."""


def declared_networks(study: Study, final: RunConfig) -> dict[str, Any]:
    """Return the networks of all arms that exact claims name, by arm, whatever is trained.

    The paper's claims are about CIFAR-10's ten classes; users' claims are about their study's.

    Parameters
    ----------
    study
        The study.
    final
        The base with the paper's final network.

    Returns
    -------
    dict
        For each arm, the groups ``model`` and ``data`` of a run config.
    """
    paper = {"dataset": "cifar10"}
    found = {FINAL: {"model": to_dict(final)["model"], "data": paper}}
    for arm in _named(read(CLAIMS).content.values()):
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
