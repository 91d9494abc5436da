"""Read strict YAML with the line number of every key, for errors that name file and line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from resnet.settings import nearest

LIMIT_BYTES = 200_000
LIMIT_NODES = 20_000
LONGEST = 1_000
"""Maximum length of an error message, in characters."""


class DeclarationError(Exception):
    """A file has invalid content; the message has file, line, given value and allowed values."""

    def __init__(self, path: Path, line: int | None, problem: str) -> None:
        # The given value may be long and contain line breaks.
        said = " ".join(problem.split())
        said = said if len(said) <= LONGEST else f"{said[: LONGEST - 3]}..."
        self.path, self.line, self.problem = path, line, said
        super().__init__(f"{path}{f':{line}' if line else ''}: {said}")


@dataclass(frozen=True)
class Document:
    """A file's content as plain data; ``lines`` maps each key path to its line, from 1."""

    path: Path
    content: dict[str, Any]
    lines: dict[tuple[str, ...], int]

    def error(self, problem: str, *keys: str) -> DeclarationError:
        """Return an error at the key path ``keys``, or at its nearest existing parent."""
        # A setting may be written as a dotted key, or nested in its group.
        if keys and keys not in self.lines:
            keys = (*keys[:-1], *keys[-1].split("."))
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return DeclarationError(self.path, self.lines.get(keys), problem)

    def check_keys(self, allowed: Sequence[str]) -> None:
        """Raise an error if the file has another key."""
        for key in self.content:
            if key not in allowed:
                raise self.error(
                    f"{key}: no such key{nearest(key, allowed)}; allowed are {', '.join(allowed)}",
                    key,
                )

    def text(self, key: str) -> str:
        """Return the text under a key; raise an error if there is none."""
        value = self.content.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{key}: expected a text, got {value!r}", key)
        return value.strip()


def read(path: Path) -> Document:
    """Return the mapping that a YAML file holds.

    Raises
    ------
    DeclarationError
        If the file is missing, too large, not YAML or not a mapping, or if it has duplicate keys
        or aliases.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DeclarationError(path, None, f"can't be read: {error.strerror}") from None
    if len(text) > LIMIT_BYTES:
        raise DeclarationError(path, None, f"{len(text):,} bytes; allowed are {LIMIT_BYTES:,}")
    try:
        node = yaml.compose(text, Loader=Scalars)
        lines: dict[tuple[str, ...], int] = {}
        content = _Builder(path, lines).value(node, ())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise DeclarationError(
            path, mark.line + 1 if mark else None, f"not YAML: {problem}"
        ) from None
    except (RecursionError, ValueError, LookupError, AttributeError) as error:
        raise DeclarationError(path, None, f"not YAML that can be read: {error}") from None
    if not isinstance(content, dict):
        raise DeclarationError(path, 1, "expected a mapping (key: value)")
    return Document(path, content, lines)


class Scalars(yaml.SafeLoader):
    """YAML loader with YAML 1.2's numbers, and without dates.

    PyYAML supports 1.1, and would read ``1e-3`` as text, ``010`` as 8 and ``1:30`` as 90; a date is
    text to everything that reads our files.
    """


DATE, INTEGER, FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("timestamp", "int", "float"))
Scalars.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in (DATE, INTEGER, FLOAT)]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Scalars.add_implicit_resolver(INTEGER, re.compile(r"[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))

Scalars.add_implicit_resolver(
    FLOAT,
    re.compile(
        r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?$"
        r"|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"
    ),
    list("-+.0123456789"),
)


class _Builder:
    def __init__(self, path: Path, lines: dict[tuple[str, ...], int]) -> None:
        self.path, self.lines, self.seen = path, lines, set[int]()
        self.scalars = Scalars("")

    def value(self, node: yaml.Node | None, keys: tuple[str, ...]) -> Any:
        if node is None:
            return None
        line = node.start_mark.line + 1
        if id(node) in self.seen:
            raise DeclarationError(self.path, line, "aliases (&, *) are not allowed")
        self.seen.add(id(node))
        if len(self.seen) > LIMIT_NODES:
            raise DeclarationError(self.path, line, f"over {LIMIT_NODES:,} values")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, keys)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, keys) for item in node.value]
        return self.scalars.construct_object(node)

    def _mapping(self, node: yaml.MappingNode, keys: tuple[str, ...]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise DeclarationError(self.path, line, "a key must be a word")
            # Keys remain text: YAML would convert `on`, `no` or `12`.
            key = str(key_node.value)
            if key in content:
                raise DeclarationError(
                    self.path, line, f"{key}: said twice, first in line {self.lines[*keys, key]}"
                )
            self.lines[*keys, key] = line
            content[key] = self.value(value_node, (*keys, key))
        return content
