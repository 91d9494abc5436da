"""The resolved study: all runs of a scale, and their description for the report."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from ablations.harness.declarations.arms import base_label
from ablations.harness.declarations.declaration import Declaration
from ablations.harness.declarations.home import Home
from ablations.harness.declarations.scale import Scale
from resnet.config import FORMER, RunConfig, defaults, titles, to_dict
from resnet.settings import nearest


@dataclass(frozen=True)
class Member:
    """An arm of an ablation in a study: its changes of settings, its run, and its label."""

    name: str
    run: str
    changes: dict[str, Any]
    also_changes: dict[str, Any]
    label: str


@dataclass(frozen=True)
class Ablation:
    """An ablation in a study; the first member is its base.

    ``seeds`` is the planned number, ``looks`` are the numbers at which verdicts may be given.
    """

    declaration: Declaration
    seeds: int
    looks: tuple[int, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Study:
    """All ablations and runs of a scale.

    ``home`` is where it is declared. ``folder`` is the scale's name, with a prefix for the study of
    another paper, and a suffix if options change the data or the length, so that studies don't
    overwrite each other. ``runs`` maps run names to configs (with seed 0);
    ``bases`` and ``declarations`` are as declared, whatever the scale; ``covered`` lists the
    ablations that ``all`` trains. Runs whose records are written by an ablation's own rules have no
    config. ``options`` has the options that replace the scale's values.
    """

    home: Home
    scale: Scale
    folder: str
    runs: dict[str, RunConfig]
    bases: dict[str, RunConfig]
    ablations: dict[str, Ablation]
    covered: tuple[str, ...]
    declarations: dict[str, Declaration] = field(default_factory=dict)
    must_hold: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def runs_of(self, *names: str, later: bool = False) -> list[tuple[str, int]]:
        """Return the distinct (run, seed) pairs that the ablations ``names`` need.

        With ``later``, the seeds of all declared looks are included.
        """
        pairs = (
            (member.run, seed)
            for ablation in map(self.ablations.__getitem__, names)
            for member in ablation.members
            for seed in range(ablation.looks[-1] if later else ablation.seeds)
        )
        return list(dict.fromkeys(pairs))


def to_document(study: Study) -> dict[str, Any]:
    """Return the study as plain data, the content of ``study.json`` for the report."""
    scale = dataclasses.asdict(study.scale)
    seeds_at_most = _seeds_by_run(study.runs_of(*study.covered, later=True))
    return {
        "home": study.home.place,
        "headline": study.home.facts["headline"]["base"],
        "scale": {key: scale[key] for key in ("name", "about", "dataset", "amounts", "beside")},
        "must_hold": list(study.must_hold),
        # A family has the claims that were declared, whatever is trained.
        "own_claims": [
            claim for a in study.ablations.values() for claim in a.declaration.own_claims
        ],
        # Arms that the study doesn't train, of which claims speak all the same.
        "labels": {
            f"{name}.{arm}": f"{label} ({declaration.title})"
            for name, declaration in study.declarations.items()
            for arm, label in _labels(declaration)
            if not _trains(study, name, arm)
        },
        # The report uses these to compare configs and to name settings.
        "settings": {"titles": titles(), "defaults": defaults(), "former": FORMER},
        "options": study.options,
        "ablations": {name: _ablation_document(study.ablations[name]) for name in study.covered},
        "runs": {
            run: {
                "config": to_dict(study.runs[run]) if run in study.runs else None,
                "seeds": seeds,
                "most": seeds_at_most[run],
            }
            for run, seeds in _seeds_by_run(study.runs_of(*study.covered)).items()
        },
    }


def _trains(study: Study, name: str, arm: str) -> bool:
    """Return whether the study covers an ablation, and its scale an arm of it."""
    members = study.ablations[name].members if name in study.covered else ()
    return any(member.name == arm for member in members)


def _labels(declaration: Declaration) -> list[tuple[str, str]]:
    """Return the names and labels of an ablation's arms, the base first."""
    base = base_label(declaration.base)
    return [("base", base), *((arm.name, arm.label) for arm in declaration.arms)]


def _seeds_by_run(pairs: list[tuple[str, int]]) -> dict[str, int]:
    seeds: dict[str, int] = {}
    for run, seed in pairs:
        seeds[run] = max(seeds.get(run, 0), seed + 1)
    return seeds


def _ablation_document(ablation: Ablation) -> dict[str, Any]:
    declaration = ablation.declaration
    texts = ("title", "question", "source", "base", "design", "factor", "budget", "claims")
    return {
        **{key: getattr(declaration, key) for key in texts},
        "seeds": ablation.seeds,
        "looks": list(ablation.looks),
        "arms": [dataclasses.asdict(member) for member in ablation.members],
    }


def named(run: str, runs: dict[str, str]) -> str:
    """Return the value of ``run`` in ``runs``.

    Raises
    ------
    LookupError
        If there is no such run; the message suggests the nearest name.
    """
    if run not in runs:
        raise LookupError(f"the study has no run {run}{nearest(run, runs)}")
    return runs[run]
