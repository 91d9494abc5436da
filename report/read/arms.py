"""Find arms of a study, written as ``ablation.arm``, with their references and looks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

Member = dict[str, Any]


def looks_of(ablation: dict[str, Any]) -> tuple[int, ...]:
    """Return an ablation's declared looks; by default, one look at all planned seeds."""
    return tuple(ablation.get("looks") or [ablation["seeds"]])


def label_of(member: Member) -> str:
    """Return an arm's label; studies of older versions have names alone."""
    return str(member.get("label") or str(member["name"]).replace("_", " "))


def with_references(ablation: dict[str, Any]) -> list[tuple[Member, Member]]:
    """Return each arm with its reference: the base, or on a ladder the rung below."""
    arms = ablation["arms"]
    ladder = ablation["design"] == "ladder"
    return [(arm, arms[i] if ladder else arms[0]) for i, arm in enumerate(arms[1:])]


def ablation_of(study: dict[str, Any], arm: str) -> dict[str, Any] | None:
    """Return the ablation of an arm, or None if the study doesn't have it."""
    found: dict[str, Any] | None = study["ablations"].get(arm.partition(".")[0])
    return found


def member_of(study: dict[str, Any], arm: str) -> Member | None:
    """Return an arm's entry in ``study.json``, or None if the study doesn't have it."""
    members = (ablation_of(study, arm) or {"arms": []})["arms"]
    return next((m for m in members if m["name"] == arm.partition(".")[2]), None)


def pair_of(study: dict[str, Any], arm: str) -> tuple[Member, Member] | None:
    """Return an arm and its reference, or None if the study doesn't have the arm."""
    ablation = ablation_of(study, arm)
    pairs = with_references(ablation) if ablation else []
    return next((pair for pair in pairs if pair[0]["name"] == arm.partition(".")[2]), None)


def headline_runs(study: dict[str, Any], trained: Iterable[str]) -> list[str]:
    """Return the runs of the headline's base that were trained, the longest first."""
    headline, planned = study.get("headline", "final"), study["runs"]
    bases = [a["arms"][0]["run"] for a in study["ablations"].values() if a["base"] == headline]
    found = {f"base.{headline}", *bases} & planned.keys() & set(trained)
    lengths = {run: planned[run]["config"]["budget"]["images_seen"] for run in found}
    return sorted(found, key=lambda run: (lengths[run], run), reverse=True)


def name_of(study: dict[str, Any], arm: str) -> str:
    """Return how readers know an arm, written as ``ablation.arm``, or a run of that name."""
    ablation, member = ablation_of(study, arm), member_of(study, arm)
    if ablation is None or member is None:
        # The study names arms that it doesn't train, since claims rest on them.
        return str(study.get("labels", {}).get(arm) or _name_of_base(study, arm))
    return _name_of_base(study, member["run"]) if member["name"] == "base" else label_of(member)


def _name_of_base(study: dict[str, Any], run: str) -> str:
    """Return ``base.final_20000_of_50000`` as ``the base final at 20,000 images``.

    The name of a base may itself end with a number, as ``residual_20`` does.
    """
    declared = {str(ablation["base"]) for ablation in study["ablations"].values()}
    longest_first = sorted(map(re.escape, declared), key=len, reverse=True)
    found = re.fullmatch(
        rf"base\.({'|'.join([*longest_first, '.+?'])})(?:_(\d+)(?:_of_(\d+))?)?", run
    )
    if not found:
        return run
    length = f" at {int(found[2]):,} images" if found[2] else ""
    # The number of training images is said where it tells two runs apart.
    alike = re.compile(rf"base\.{re.escape(found[1])}_{found[2]}(?:_of_\d+)?")
    if found[3] and sum(bool(alike.fullmatch(other)) for other in study.get("runs", {})) > 1:
        length += f" of {int(found[3]):,}"
    return f"the base {found[1].replace('_', ' ')}{length}"
