"""Read files written by users and other programs; any problem is an error of one line."""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema
import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

SCHEMAS = Path(__file__).parent / "schemas"

LIMIT_YAML_BYTES = 1_000_000
LIMIT_BYTES = 2**30
"""Maximum size of a JSON or CSV file; a study.json with 100,000 runs has 150 MB."""

LIMIT_ARRAY_BYTES = 2**30
"""Maximum uncompressed size of an archive of arrays; enough for 25 million images' answers."""


class RecordError(Exception):
    """A file is missing, unreadable or inconsistent; the message states file and problem."""


class NothingFinishedError(RecordError):
    """A study has no record that can be read."""


def read_json(path: Path, schema: str | None = None) -> dict[str, Any]:
    """Return a JSON file's object, checked against ``schemas/<schema>.yaml``; NaN becomes None.

    Raises
    ------
    RecordError
        If the file is missing or invalid.
    """
    try:
        _check_size(path, LIMIT_BYTES)
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{path}: can't be read: {_line(error)}") from None
    return _checked(path, content, SCHEMAS / f"{schema}.yaml" if schema else None)


class _Plain(yaml.SafeLoader):
    """YAML loader that reads dates as text, as declarations are read.

    It rejects infinities, NaN and aliases (which can expand to huge data).
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases (&, *) are not allowed")
        return super().compose_node(parent, index)

    def construct_yaml_float(self, node: Any) -> float:
        value: float = super().construct_yaml_float(node)
        if not math.isfinite(value):
            raise yaml.YAMLError(f"{value} is not a finite number")
        return value


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_constructor("tag:yaml.org,2002:float", _Plain.construct_yaml_float)


def read_yaml(path: Path, schema: Path) -> dict[str, Any]:
    """Return a YAML file's mapping, checked against the schema in another file.

    Raises
    ------
    RecordError
        As in `read_json`.
    """
    try:
        _check_size(path, LIMIT_YAML_BYTES)
        text = path.read_text(encoding="utf-8")
        content = yaml.load(text, _Plain)  # noqa: S506 - a safe loader
    except (OSError, ValueError, yaml.YAMLError, RecursionError, LookupError, TypeError) as error:
        raise RecordError(f"{path}: can't be read: {_line(error)}") from None
    return _checked(path, content, schema, text)


def _checked(path: Path, content: Any, schema: Path | None, text: str = "") -> dict[str, Any]:
    if not isinstance(content, dict):
        raise RecordError(f"{path}: expected an object")
    if schema:
        try:
            _validator(schema)(content)
        except fastjsonschema.JsonSchemaValueException as error:
            where = f"{path}:{_line_of(text, error.path)}" if text else path
            raise RecordError(f"{where}: {_line(error).removeprefix('data.')}") from None
    return content


def _line_of(text: str, keys: list[str]) -> int:
    """Return the line, from 1, of a value in YAML: its keys and indices, below ``data``."""
    node = yaml.compose(text, _Plain)
    line = 1
    for key in keys[1:]:
        if isinstance(node, yaml.MappingNode):
            there = {str(name.value): (name, value) for name, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            there = {str(index): (value, value) for index, value in enumerate(node.value)}
        else:
            break
        if key not in there:
            break
        name, node = there[key]
        line = name.start_mark.line + 1
    return line


@cache
def _validator(schema: Path) -> Callable[[Any], Any]:
    try:
        rules = yaml.safe_load(schema.read_text(encoding="utf-8"))
        found: Callable[[Any], Any] = fastjsonschema.compile(rules, use_default=False)
    except (yaml.YAMLError, fastjsonschema.JsonSchemaDefinitionException) as error:
        raise RecordError(f"{schema}: is no JSON Schema: {_line(error)}") from None
    return found


def read_csv(path: Path, numeric: Iterable[str], texts: Iterable[str] = ()) -> pd.DataFrame:
    """Return a CSV file's table, which must have all columns; ``numeric`` ones may be empty.

    Raises
    ------
    RecordError
        As in `read_json`.
    """
    try:
        _check_size(path, LIMIT_BYTES)
        table = pd.read_csv(path)
    except (OSError, ValueError, OverflowError) as error:
        raise RecordError(f"{path}: can't be read: {_line(error)}") from None
    for column in (*numeric, *texts):
        if column not in table:
            raise RecordError(f"{path}: lacks the column {column}")
    for column in numeric:
        kind = table[column].dtype.kind
        if kind not in "iuf" and not table[column].isna().all():
            raise RecordError(f"{path}: the column {column} must contain only numbers")
    return table


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an ``npz`` archive by name.

    Raises
    ------
    RecordError
        As in `read_json`, or if the arrays exceed `LIMIT_ARRAY_BYTES`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LIMIT_ARRAY_BYTES:
            raise ValueError(f"would unpack to {size:,} bytes; allowed are {LIMIT_ARRAY_BYTES:,}")
        with np.load(path, allow_pickle=False) as arrays:
            return {str(name): np.asarray(array) for name, array in arrays.items()}
    except (
        *(OSError, ValueError, LookupError, EOFError, MemoryError, SyntaxError, TypeError),
        *(RuntimeError, zipfile.BadZipFile, zlib.error),
    ) as error:
        raise RecordError(f"{path}: can't be read: {_line(error)}") from None


def _check_size(path: Path, limit: int) -> None:
    size = path.stat().st_size
    if size > limit:
        raise ValueError(f"{size:,} bytes; allowed are {limit:,}")


def _line(error: Exception) -> str:
    """Return an error's message on one line of at most 300 characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."
