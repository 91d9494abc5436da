"""Names of ablations, arms and bases: which are valid, and which are taken."""

from __future__ import annotations

import re

from ablations.harness.declarations.document import Document

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""Names of ablations, arms, bases, studies (which Python imports) and folders of results."""

RESERVED = (
    "base",
    *("null", "nan"),  # would be read from a table as missing values
    *("all", "data", "pictures", "train", "rates", "networks", "study", "collect", "compare"),
    *("imported", "claims", "figures", "report", "pdf"),
)
"""Names that are already used for a rule, a folder, a run or a missing value."""


def check_name(document: Document, name: str, *keys: str) -> None:
    """Raise an error unless the name is valid as a rule, a folder, a column and a link."""
    if not NAME.fullmatch(name) or len(name) > 60:
        raise document.error(
            f"{name!r} is not a name; allowed are a-z, 0-9 and _, a letter first, 60 at most", *keys
        )
    if name in RESERVED:
        raise document.error(f"{name!r} is taken; reserved are {', '.join(RESERVED)}", *keys)


def names_in(document: Document, key: str) -> tuple[str, ...]:
    """Return the names under a key: a list of them, or a single one."""
    value = document.content.get(key, [])
    value = [value] if isinstance(value, str) else value
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise document.error(f"{key}: expected a list of names, got {value!r}", key)
    return tuple(value)
