"""Registries: packages whose entries are found by listing their folder.

The studies of other papers, folders in ``studies``, may have entries of their own (`IN_STUDIES`);
these have names that no other entry has. This module doesn't import torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from resnet.files import listed
from resnet.settings import Group

ROOT = Path(__file__).parent.parent

OF_GROUPS = {
    "model": "resnet.network",
    "optimizer": "resnet.training.optimizers",
    "schedule": "resnet.training.schedules",
}
"""The registry of each group of settings that has several kinds."""

TRANSFORMS = "resnet.images.augmentation.transforms"
"""The registry of the transforms of images, which have no settings."""

IN_STUDIES = {
    "resnet.network": "networks",
    "resnet.training.schedules": "schedules",
    TRANSFORMS: "transforms",
}
"""The registries to which a study may add, and the name of the folder in which it does."""


def found(package: str, pattern: str) -> dict[str, str]:
    """Return the names of what matches a pattern in a registry's folders, each with its package.

    Raises
    ------
    ImportError
        If two have the same name.
    """
    folders = [ROOT.joinpath(*package.split("."))]
    if package in IN_STUDIES:
        folders += sorted(ROOT.glob(f"studies/[a-z]*/{IN_STUDIES[package]}"))
    names: dict[str, str] = {}
    for folder in folders:
        for path in listed(folder, pattern):
            entry = path.parent if path.stem == "settings" else path
            if entry.stem in names:
                raise ImportError(f"{entry}: {names[entry.stem]} has an entry of this name, too")
            names[entry.stem] = ".".join(entry.parent.relative_to(ROOT).parts)
    return names


def entries(package: str) -> dict[str, Any]:
    """Return the entries of a registry by name: the module ``settings`` of each of its folders.

    To add an entry, add a folder to the registry's folder, with a ``settings.py`` that doesn't
    import torch.

    Parameters
    ----------
    package
        The registry's package, such as ``resnet.network``.

    Raises
    ------
    ImportError
        If an entry's settings can't be imported; the message names the file and its problem.
    """
    there = found(package, "*/settings.py")
    return {name: _settings(f"{home}.{name}.settings") for name, home in there.items()}


def _settings(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except Exception as error:
        path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise ImportError(f"{path}{line}: {type(error).__name__}: {error}") from error


def kinds(package: str) -> dict[str, type[Group]]:
    """Return the settings classes of a registry's entries, by name.

    Raises
    ------
    ImportError
        If an entry has no class ``Settings``, if its tag differs from the name of the entry's
        folder, or if a setting has no default or one out of its range.
    """
    classes: dict[str, type[Group]] = {}
    for name, module in entries(package).items():
        if not hasattr(module, "Settings"):
            raise ImportError(f"{module.__file__}: has no class Settings; docs/extend.md shows one")
        tag = module.Settings.__struct_config__.tag
        if tag != name:
            raise ImportError(
                f"{module.__file__}: class Settings has the tag {tag!r}; it must be the folder's "
                f"name: class Settings(..., tag={name!r})"
            )
        try:
            msgspec.convert(msgspec.to_builtins(module.Settings()), module.Settings)
        except (TypeError, msgspec.ValidationError) as error:
            raise ImportError(
                f"{module.__file__}: {error}; every setting needs a default within its range"
            ) from None
        classes[name] = module.Settings
    return classes


def entry_of(settings: Group) -> str:
    """Return the package of the entry that settings belong to, as ``resnet.network.resnet``."""
    return type(settings).__module__.rpartition(".")[0]


@cache
def modules(package: str) -> Mapping[str, str]:
    """Return the entries of a registry whose entries are modules without settings.

    Returns
    -------
    Mapping
        By the entry's name, that by which its module is imported.
    """
    there = found(package, "[a-z]*.py")
    return MappingProxyType({name: f"{at}.{name}" for name, at in there.items()})
