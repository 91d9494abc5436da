"""Registries: packages whose entries are found by listing their folder.

This module doesn't import torch.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from resnet.files import listed
from resnet.settings import Group

ROOT = Path(__file__).parent.parent


def entries(package: str) -> dict[str, Any]:
    """Return the entries of a registry by name: the module ``settings`` of each of its folders.

    To add an entry, add a folder to the registry's folder, with a ``settings.py`` that doesn't
    import torch.

    Parameters
    ----------
    package
        The registry's package, such as ``resnet.network``.
    """
    folder = ROOT.joinpath(*package.split("."))
    found = [path.parent.name for path in listed(folder, "*/settings.py")]
    return {name: importlib.import_module(f"{package}.{name}.settings") for name in found}


def kinds(package: str) -> dict[str, type[Group]]:
    """Return the settings classes of a registry's entries, by name.

    Raises
    ------
    ImportError
        If the tag of an entry's settings differs from the name of the entry's folder.
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
    """Return the entries' names of a registry whose entries are modules without settings."""
    folder = ROOT.joinpath(*package.split("."))
    return [path.stem for path in listed(folder, "*.py") if not path.stem.startswith("_")]
