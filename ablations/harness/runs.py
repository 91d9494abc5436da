"""Assign runs to the arms of ablations: one run for each distinct config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ablations.harness.declarations.arms import base_label
from ablations.harness.declarations.declaration import Declaration
from ablations.harness.declarations.document import read
from ablations.harness.declarations.home import Home
from ablations.harness.declarations.scale import Scale
from ablations.harness.options import option_error
from ablations.harness.study import Ablation, Member, Study
from resnet.config import RunConfig, changed, to_json
from resnet.settings import ConfigError


class Resolver:
    """Assigns one run to each distinct config, named after the first arm that needs it.

    Bases come first, then the ablations in order, so that a new ablation renames no existing run.
    """

    def __init__(self, home: Home, scale: Scale, bases: dict[str, RunConfig]) -> None:
        self.home, self.scale, self.bases = home, scale, bases
        self.names: dict[str, str] = {}
        self.runs: dict[str, RunConfig] = {}
        for name in bases:
            try:
                self._run(f"base.{name}", self._scaled(bases[name], f"base.{name}"))
            except ConfigError as error:
                raise option_error(f"base {name!r} at scale {scale.name}: {error}") from None

    def study(
        self,
        declarations: Mapping[str, Declaration],
        covered: tuple[str, ...],
        results: str,
    ) -> Study:
        """Return the study of the declarations, whose results are in the folder ``results``."""
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
            bases=self.bases,
            ablations=resolved,
            covered=covered,
        )

    def _run(self, name: str, config: RunConfig) -> str:
        run = self.names.setdefault(to_json(config), name)
        if self.runs.setdefault(run, config) != config:
            base, document = run.removeprefix("base."), read(self.home.ablations / "_bases.yaml")
            raise document.error(
                f"{base}: two runs would be called {run}: this base, and another one, with its "
                "number of images; rename one of the two",
                base,
            )
        return run

    def _scaled(self, base: RunConfig, name: str, changes: Any = None, epochs: bool = False) -> Any:
        """Return the base with changes, and with the scale's data and length."""
        seen = self.scale.amount("images_seen", name)
        images = self.scale.amount("training_images", name)
        changes = dict(changes or {})
        seen = max(1, round(seen * changes.pop("budget.fraction", 1.0)))
        # Held-out images are stated for the base's training images; scale them with their number.
        whole = base.data.training_images
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
        members = [Member("base", run, {}, {}, base_label(declaration.base))]
        if declaration.design == "records":
            members += [
                Member(a.name, f"{declaration.name}.{a.name}", {}, {}, a.label)
                for a in declaration.arms
            ]
        else:
            members += self._trained(declaration, base)
        seeds = self.scale.amount("seeds", declaration.name)
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
