"""Registries: folders whose entries are found by looking, so that no list of them is kept.

Imports no torch.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from resnet.settings import Group

ROOT = Path(__file__).parent.parent


def entries(package: str) -> dict[str, Any]:
    """Return the entries of a registry, by name: each folder's module ``settings``.

    A new entry is a new folder in the registry's folder, with a ``settings.py`` that imports no
    torch.

    Parameters
    ----------
    package
        The registry's package, such as ``resnet.network``.
    """
    folder = ROOT.joinpath(*package.split("."))
    found = sorted(path.parent.name for path in folder.glob("*/settings.py"))
    return {name: importlib.import_module(f"{package}.{name}.settings") for name in found}


def kinds(package: str) -> dict[str, type[Group]]:
    """Return the settings classes of a registry's entries, by name.

    Raises
    ------
    ImportError
        Where the settings of an entry name another kind than their folder's.
    """
    found: dict[str, type[Group]] = {}
    for name, module in entries(package).items():
        tag = module.Settings.__struct_config__.tag
        if tag != name:
            raise ImportError(
                f"{module.__file__}: class Settings has the tag {tag!r}; it must be the folder's "
                f"name: class Settings(..., tag={name!r})"
            )
        found[name] = module.Settings
    return found


def modules(package: str) -> list[str]:
    """Return the names of the modules of a registry whose entries have no settings."""
    folder = ROOT.joinpath(*package.split("."))
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
