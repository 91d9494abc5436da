"""Resolve declarations and a scale to a study: complete, checked and distinct run configs."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ablations.harness.declaration import Declaration, check_name, load
from ablations.harness.document import DeclarationError, read
from ablations.harness.home import OWN, ROOT, Home, home_of
from ablations.harness.scale import AMOUNTS, Scale, is_names, load_scale, problem_with_looks
from ablations.harness.study import Ablation, Member, Study
from resnet.config import RunConfig, changed, from_dict, to_json
from resnet.costs import estimate
from resnet.files import listed
from resnet.images.datasets import DATASETS
from resnet.settings import ConfigError, nearest

CONFIG = ROOT / "config" / "config.yaml"

OPTIONS = (
    "study",
    "scale",
    "ablations",
    "seeds",
    "images_seen",
    "training_images",
    "looks",
    "data_source",
    "data_folder",
    "must_hold",
    "gpu",
    "runs_per_gpu",
    "cuda_graphs",
    "keep_weights",
)
"""The keys of config/config.yaml."""

CHOICES: dict[str, tuple[Any, ...]] = {
    "gpu": ("auto", "always", "never"),
    "cuda_graphs": ("never", "auto", "always"),
    "keep_weights": ("all", "bases", "none"),
}
"""The legal values of the options with a fixed list of values; the first is the default."""

ELSEWHERE = ("data_source", "data_folder", "gpu", "runs_per_gpu", "cuda_graphs", "keep_weights")
"""Keys that state where and how to run, and don't affect the report."""


# --- reading --------------------------------------------------------------------------------


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
    document = read(home.paper / "published.yaml")
    claims = document.content.get("claims")
    claims = claims if isinstance(claims, list) else []
    ids: list[Any] = [claim.get("id") if isinstance(claim, dict) else None for claim in claims]
    if not is_names(ids) or len(set(ids)) < len(ids):
        raise document.error("claims: expected a list, each with an id of its own", "claims")
    return ids


def _check_headline(home: Home, bases: Mapping[str, RunConfig]) -> None:
    """Raise an error unless the paper's headline result names a base."""
    document = read(home.paper / "published.yaml")
    headline = document.content.get("headline")
    base = headline.get("base") if isinstance(headline, dict) else None
    if base not in list(bases):
        known = ", ".join(bases)
        raise document.error(f"headline: base: allowed are {known}, got {base!r}", "headline")


def gpu_visible() -> bool:
    """Return whether an NVIDIA GPU exists and isn't hidden, without importing torch."""
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    # The second is where Windows' subsystem for Linux has NVIDIA's driver, without a device.
    places = (*Path("/dev").glob("nvidia[0-9]*"), Path("/usr/lib/wsl/lib/libcuda.so.1"))
    return not hidden and any(path.exists() for path in places)


# --- resolving ------------------------------------------------------------------------------


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
    _check_options(options)
    home = home_of(options.get("study"))
    folder = folder or home.ablations
    name = str(options.get("scale", "auto"))
    name = ("paper" if gpu_visible() else "cpu") if name == "auto" else name
    scale = load_scale(name, home.scales)
    given: dict[str, Any] = {
        what: options[what] for what in AMOUNTS if options.get(what) is not None
    }
    _check_data(options, scale)
    other = [f"{what}_{n}" for what, n in given.items() if what != "seeds"]
    results = "_".join([home.results(scale.folder), *other])
    scale = _overridden(scale, given)
    if options.get("looks") is not None:
        scale = _looked_at(scale, options["looks"])
        given["looks"] = f"[{','.join(map(str, scale.looks))}]"
    bases = load_bases(folder / "_bases.yaml")
    _check_headline(home, bases)
    declared = load_declarations(bases, folder, home)
    declarations = {name: _some_arms(scale, every) for name, every in declared.items()}
    _check_names("arms", scale, scale.arms, declarations)
    if folder == home.ablations:
        amounts = [*declarations, *(f"base.{name}" for name in bases)]
        _check_names("exceptions", scale, scale.exceptions, amounts)
    covered = _covered(options.get("ablations"), scale, declarations)
    study = _Resolver(home, scale, bases).study(declarations, covered, results)
    _check_memory(study)
    study = dataclasses.replace(study, declarations=declared)
    if options.get("ablations") is not None:
        given["ablations"] = f"[{','.join(covered)}]"
    if home.name:
        given = {"study": home.place, **given}
    return dataclasses.replace(study, must_hold=_must_hold(options, study), options=given)


def _must_hold(options: Mapping[str, Any], study: Study) -> tuple[str, ...]:
    """Return the claims in the option ``must_hold``, after checking that they exist."""
    asked = options.get("must_hold") or []
    if not asked:
        return ()
    known = claims_of(study.home)
    for ablation in study.ablations.values():
        known += [claim["id"] for claim in ablation.declaration.own_claims]
    asked = asked if isinstance(asked, list) else [asked]
    for claim in asked:
        if claim not in known:
            raise _option_error(f"must_hold: no claim {claim!r}{nearest(str(claim), known)}")
    return tuple(asked)


def _option_error(problem: str) -> DeclarationError:
    return DeclarationError(Path("config"), None, problem)


def _check_options(options: Mapping[str, Any]) -> None:
    for key in options:
        if key not in OPTIONS:
            raise _option_error(
                f"{key}: no such key{nearest(key, OPTIONS)}; allowed are {', '.join(OPTIONS)}"
            )
    for key, legal in CHOICES.items():
        if options.get(key, legal[0]) not in legal:
            said = ", ".join(json.dumps(value) for value in legal)
            raise _option_error(f"{key}: allowed are {said}, got {options[key]!r}")
    given = {what: options.get(what) for what in AMOUNTS}
    given["runs_per_gpu"] = options.get("runs_per_gpu", 1) or 0
    for what, value in given.items():
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (whole and value >= 1):
            or_null = " or null" if what in AMOUNTS else ""
            raise _option_error(
                f"{what}: expected a whole number from 1{or_null}, got {options[what]!r}"
            )


def _check_data(options: Mapping[str, Any], scale: Scale) -> None:
    """Raise an error if the images' source or folder can't be meant."""
    folder = options.get("data_folder", "")
    if not isinstance(folder, str):
        raise _option_error(
            f"data_folder: got the number {folder!r}, as which Snakemake reads some names; write "
            "the folder with ./ before it"
        )
    sources, source = DATASETS[scale.dataset].sources, options.get("data_source")
    known = {name for dataset in DATASETS.values() for name in dataset.sources}
    legal = sources if len(sources) > 1 else sorted(known)
    if source is not None and source not in legal:
        raise _option_error(
            f"data_source: allowed are {', '.join(legal)}, got {source!r}"
            f"{nearest(str(source), legal)}"
        )


def _overridden(scale: Scale, given: dict[str, int]) -> Scale:
    """Return the scale with the given amounts, which also replace the scale's exceptions."""
    exceptions = {
        name: {what: n for what, n in values.items() if what not in given}
        for name, values in scale.exceptions.items()
    }
    return dataclasses.replace(scale, amounts=scale.amounts | given, exceptions=exceptions)


def _check_names(key: str, scale: Scale, names: Iterable[str], known: Collection[str]) -> None:
    """Raise an error if a scale says something of an ablation or base that isn't there."""
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise _option_error(f"scale {scale.name}: {key}: no ablation {name!r}{near}")


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


def _looked_at(scale: Scale, looks: Any) -> Scale:
    """Return the scale with the given looks."""
    if isinstance(looks, list):
        # Snakemake's --config reads the numbers of a list as text.
        looks = [int(n) if isinstance(n, str) and n.isdigit() else n for n in looks]
    problem = problem_with_looks(looks, scale.amounts["seeds"])
    if problem:
        raise _option_error(problem)
    return dataclasses.replace(scale, looks=tuple(looks))


def _covered(asked: Any, scale: Scale, declarations: Mapping[str, Declaration]) -> tuple[str, ...]:
    """Return the ablations of ``all``: those in the options, or the scale's, or every ablation."""
    if asked is None:
        asked = tuple(declarations) if scale.all is None else scale.all
    names = [asked] if isinstance(asked, str) else asked
    if not is_names(list(names) if isinstance(names, (dict, tuple)) else names):
        raise _option_error(f"ablations: expected a list of names or null, got {asked!r}")
    for name in names:
        if name not in declarations:
            raise _option_error(
                f"ablations: no ablation {name!r}{nearest(str(name), declarations)}; "
                f"allowed are {', '.join(declarations)}"
            )
    return tuple(names)


def _check_memory(study: Study) -> None:
    """Raise an error if a run that `all` trains on this machine's CPU needs more than its memory.

    A run elsewhere, or one that is trained by its name, is checked when it starts.
    """
    if gpu_visible() or study.scale.runs:
        return
    for ablation in (study.ablations[name] for name in study.covered):
        for member in (m for m in ablation.members if m.run in study.runs):
            config, declaration = study.runs[member.run], ablation.declaration
            size = config.dataset.image_size
            problem = estimate.memory_problem(config.model, size, config.batch_size)
            if problem:
                keys = () if member.name == "base" else (declaration.design,)
                raise declaration.document.error(f"{member.name}: {problem}", *keys, member.name)


class _Resolver:
    """Assigns one run to each distinct config, named after the first arm that needs it.

    Bases come first, then the ablations in order, so that a new ablation renames no existing run.
    """

    def __init__(self, home: Home, scale: Scale, bases: dict[str, RunConfig]) -> None:
        self.home, self.scale, self.bases = home, scale, bases
        self.names: dict[str, str] = {}
        self.runs: dict[str, RunConfig] = {}
        self.seeds: dict[str, int] = {}
        for name in bases:
            try:
                self._run(f"base.{name}", self._scaled(bases[name], f"base.{name}"))
            except ConfigError as error:
                raise _option_error(f"base {name!r} at scale {scale.name}: {error}") from None

    def study(
        self,
        declarations: Mapping[str, Declaration],
        covered: tuple[str, ...],
        results: str,
    ) -> Study:
        # All bases first, so that no base is named after an arm with an equal config.
        for declaration in declarations.values():
            self._base(declaration)
        resolved = {name: self._ablation(d) for name, d in declarations.items()}
        used = {m.run for ablation in resolved.values() for m in ablation.members}
        return Study(
            home=self.home,
            scale=self.scale,
            folder=results,
            runs={run: config for run, config in self.runs.items() if run in used},
            seeds=self.seeds,
            bases=self.bases,
            ablations=resolved,
            covered=covered,
        )

    def _run(self, name: str, config: RunConfig) -> str:
        run = self.names.setdefault(to_json(config), name)
        known = self.runs.setdefault(run, config)
        assert known == config, f"{run}: two configs"
        return run

    def _scaled(self, base: RunConfig, name: str, changes: Any = None, epochs: bool = False) -> Any:
        """Return the base with changes, and with the scale's data and length."""
        seen = self.scale.amount("images_seen", name)
        images = self.scale.amount("training_images", name)
        changes = dict(changes or {})
        seen = max(1, round(seen * changes.pop("budget.fraction", 1.0)))
        # Held-out images are stated for the whole training set; scale them with its size.
        whole = DATASETS["cifar10"].training_images
        held_out = changes.pop("selection.held_out_images", base.selection.held_out_images)
        amounts = {
            "data.dataset": self.scale.dataset,
            "data.training_images": images,
            "budget.images_seen": seen,
            "selection.held_out_images": round(held_out * images / whole),
        }
        config = changed(base, amounts | changes)
        if epochs:
            # As in the paper's comparisons: equal numbers of epochs, whatever an epoch's size.
            seen *= len(config.augmentation.copies)
            config = changed(config, {"budget.images_seen": seen})
        return config

    def _ablation(self, declaration: Declaration) -> Ablation:
        run, base = self._base(declaration)
        members = [Member("base", run, {}, {}, "base")]
        if declaration.design == "records":
            members += [
                Member(a.name, f"{declaration.name}.{a.name}", {}, {}, a.label)
                for a in declaration.arms
            ]
        else:
            members += self._trained(declaration, base)
        seeds = self.scale.amount("seeds", declaration.name)
        for member in members:
            self.seeds[member.run] = max(seeds, self.seeds.get(member.run, 0))
        looks = self.scale.looks_of(declaration.name)
        return Ablation(declaration, seeds, looks, tuple(members))

    def _trained(self, declaration: Declaration, base: RunConfig) -> list[Member]:
        """Return the trained arms, after checking that their configs differ from one another."""
        document = declaration.document
        seen = {to_json(base): f"its base {declaration.base!r}"}
        members = []
        for arm in declaration.arms:
            keys = (declaration.design, arm.name)
            try:
                config = self._scaled(
                    self.bases[declaration.base],
                    declaration.name,
                    arm.all_changes,
                    declaration.budget == "epochs",
                )
            except ConfigError as error:
                raise document.error(str(error), *keys, error.key) from None
            text = to_json(config)
            if text in seen:
                raise document.error(
                    f"{arm.name}: equal to {seen[text]}, nothing to compare", *keys
                )
            seen[text] = f"the arm {arm.name!r}"
            run = self._run(f"{declaration.name}.{arm.name}", config)
            members.append(Member(arm.name, run, arm.changes, arm.also_changes, arm.label))
        return members

    def _base(self, declaration: Declaration) -> tuple[str, RunConfig]:
        """Return the run of an ablation's base, and its config at the ablation's length."""
        epochs = declaration.budget == "epochs"
        try:
            base = self._scaled(self.bases[declaration.base], declaration.name, None, epochs)
        except ConfigError as error:
            raise declaration.document.error(str(error), "base") from None
        return self._run(self._base_name(declaration.base, base), base), base

    def _base_name(self, base: str, config: RunConfig) -> str:
        """Return the run name of a base at a given length, such as ``base.final_500000``."""
        own = self._scaled(self.bases[base], f"base.{base}")
        name = f"base.{base}_{config.budget.images_seen}"
        if config.data.training_images != own.data.training_images:
            name += f"_of_{config.data.training_images}"
        return name
