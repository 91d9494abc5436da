"""Resolve declarations and a scale to a study: complete, checked and distinct run configs."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ablations.harness.declarations.all_declarations import (
    check_published,
    load_bases,
    load_declarations,
)
from ablations.harness.declarations.declaration import Declaration
from ablations.harness.declarations.document import DeclarationError
from ablations.harness.declarations.home import Home, home_of
from ablations.harness.declarations.scale import Scale, is_names, load_scale
from ablations.harness.options import (
    amounts_in,
    check_data,
    check_options,
    gpu_visible,
    looked_at,
    must_hold,
    option_error,
    overridden,
)
from ablations.harness.runs import Resolver
from ablations.harness.study import Study
from resnet.costs import estimate
from resnet.settings import nearest


def resolve(options: Mapping[str, Any], folder: Path | None = None) -> Study:
    """Return the study for ``options`` (config/config.yaml and ``--config``).

    ``folder`` is that of the declarations, if it isn't the home's.

    Raises
    ------
    DeclarationError
        If a file or an option is invalid.
    """
    # Snakemake's --config reads null as a word.
    options = {key: None if value == "null" else value for key, value in options.items()}
    check_options(options)
    home = home_of(options.get("study"))
    folder = folder or home.ablations
    scale = _scale(options, home)
    bases = load_bases(folder / "_bases.yaml")
    check_published(home, bases)
    declared = load_declarations(bases, folder, home)
    declarations = {name: _some_arms(scale, every) for name, every in declared.items()}
    _check_names("arms", scale, scale.arms, declarations)
    if folder == home.ablations:
        amounts = [*declarations, *(f"base.{name}" for name in bases)]
        _check_names("exceptions", scale, scale.exceptions, amounts)
    covered = _covered(options.get("ablations"), scale, declarations)
    results = _results(home, scale, amounts_in(options))
    study = Resolver(home, scale, bases).study(declarations, covered, results)
    return dataclasses.replace(
        study,
        declarations=declared,
        must_hold=must_hold(options, study),
        options=_stated(options, study),
    )


def _scale(options: Mapping[str, Any], home: Home) -> Scale:
    """Return the scale that the options name, with what they replace of it."""
    name = str(options.get("scale", "auto"))
    if name == "auto":
        name = "paper" if gpu_visible() and options.get("gpu") != "never" else "cpu"
    scale = load_scale(name, home.scales)
    check_data(options, scale)
    scale = overridden(scale, amounts_in(options))
    looks = options.get("looks")
    return looked_at(scale, scale.looks if looks is None else looks)


def _results(home: Home, scale: Scale, given: dict[str, int]) -> str:
    """Return the name of the results' folder: another length or data has another."""
    other = [f"{what}_{n}" for what, n in given.items() if what != "seeds"]
    return "_".join([home.results(scale.folder), *other])


def _stated(options: Mapping[str, Any], study: Study) -> dict[str, Any]:
    """Return the options that make this study of its scale, as ``--config`` takes them."""
    stated: dict[str, Any] = {"study": study.home.place} if study.home.name else {}
    stated |= amounts_in(options)
    if options.get("looks") is not None:
        stated["looks"] = f"[{','.join(map(str, study.scale.looks))}]"
    if options.get("ablations") is not None:
        stated["ablations"] = f"[{','.join(study.covered)}]"
    return stated


def _check_names(key: str, scale: Scale, names: Iterable[str], known: Collection[str]) -> None:
    """Raise an error if a scale says something of an ablation or base that isn't there."""
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise option_error(f"scale {scale.name}: {key}: no ablation {name!r}{near}")


def _some_arms(scale: Scale, declaration: Declaration) -> Declaration:
    """Return a declaration with the arms that the scale trains."""
    some = scale.arms.get(declaration.name)
    if some is None:
        return declaration
    known = [arm.name for arm in declaration.arms]
    problem = next((f"no arm {arm!r}{nearest(arm, known)}" for arm in some if arm not in known), "")
    if declaration.design != "arms":
        problem = f"only arms of a design with arms can be left out, not of a {declaration.design}"
    if problem:
        where = f"config/scales/{scale.name}.yaml: arms: {declaration.name}"
        raise DeclarationError(Path(where), None, problem)
    return dataclasses.replace(
        declaration, arms=tuple(arm for arm in declaration.arms if arm.name in some)
    )


def _covered(asked: Any, scale: Scale, declarations: Mapping[str, Declaration]) -> tuple[str, ...]:
    """Return the ablations of ``all``: those in the options, or the scale's, or every ablation."""
    if asked is None:
        _check_names("all", scale, scale.all or (), declarations)
        asked = tuple(declarations) if scale.all is None else scale.all
    names = [asked] if isinstance(asked, str) else asked
    if not is_names(list(names) if isinstance(names, (dict, tuple)) else names):
        raise option_error(f"ablations: expected a list of names or null, got {asked!r}")
    for name in names:
        if name not in declarations:
            raise option_error(
                f"ablations: no ablation {name!r}{nearest(str(name), declarations)}; "
                f"allowed are {', '.join(declarations)}"
            )
    return tuple(names)


def check_memory(study: Study, gpu: str) -> None:
    """Raise an error if a run that `all` trains on this machine's CPU needs more than its memory.

    A run elsewhere, or one that is trained by its name, is checked when it starts; ``gpu`` is the
    option of that name.
    """
    if gpu == "always" or (gpu == "auto" and gpu_visible()) or study.scale.runs:
        return
    for ablation in (study.ablations[name] for name in study.covered):
        for member in (m for m in ablation.members if m.run in study.runs):
            config, declaration = study.runs[member.run], ablation.declaration
            size = config.dataset.image_size
            problem = estimate.memory_problem(config.model, size, config.batch_size)
            if problem:
                keys = () if member.name == "base" else (declaration.design,)
                raise declaration.document.error(f"{member.name}: {problem}", *keys, member.name)
