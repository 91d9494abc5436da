"""Read a data set from Parquet files, in the layouts of the Hugging Face Hub.

A split's files are ``<split>-<i>-of-<n>.parquet``, ``<split>.parquet`` or ``<split>/<i>.parquet``,
in the folder or below it. A column ``img`` or ``image`` has each image as an encoded file, or as a
struct with the encoded file as ``bytes``. The column ``label`` has class indices or names.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet.images.dataset import Dataset
from resnet.images.sources.cache import SPLITS, DataError, Split
from resnet.images.sources.encoded import decode
from resnet.images.sources.source import contents, files_in

if TYPE_CHECKING:
    import pyarrow as pa

IMAGE_COLUMNS, LABEL_COLUMNS = ("img", "image"), ("label", "labels")

OF_SEVERAL = re.compile(r"(|.*?-)(\d+)(-of-(\d+)(?:-[0-9a-f]+)?)?")
"""The name of a file that is one of several: a number from 0, and perhaps how many there are."""


def has_parquet(folder: Path) -> bool:
    """Return whether there are Parquet files in a folder or below it."""
    return any(files_in(folder, ".parquet"))


def read_parquet(folder: Path, dataset: Dataset) -> dict[str, Split]:
    """Return the decoded images of each split.

    Raises
    ------
    DataError
        If a file is missing, unreadable or without the columns, or the number of rows is wrong. All
        this is checked before any image is decoded.
    """
    tables = {split: _tables(folder, split, dataset) for split in SPLITS}
    return {split: _decoded(found, dataset) for split, found in tables.items()}


def _tables(folder: Path, split: str, dataset: Dataset) -> dict[Path, pa.Table]:
    """Return the tables of a split by file, with an encoded ``image`` and a numeric ``label``."""
    files = split_files(folder, split)
    rows = sum(_rows(file) for file in files)
    if rows != dataset.images(split):
        raise DataError(
            f"{files[0].parent}: {rows:,} rows of {split} in {len(files)} "
            f"file{'s' * (len(files) > 1)}, expected {dataset.images(split):,}"
        )
    return {file: _table(file, dataset) for file in files}


def split_files(folder: Path, split: str) -> list[Path]:
    """Return a split's files in order.

    Raises
    ------
    DataError
        If there are none, they lie in several folders, or some of them are missing.
    """
    every = list(files_in(folder, ".parquet"))
    found = [path for path in every if _is_of(path.relative_to(folder), split)]
    if not found:
        below = ", ".join(str(path.relative_to(folder)) for path in every[:6])
        raise DataError(
            f"no {split}-*.parquet, {split}.parquet or {split}/*.parquet in {folder.resolve()}: "
            + (f"it holds {below}" if below else contents(folder))
        )
    folders = sorted({path.parent for path in found})
    if len(folders) > 1:
        raise DataError(
            f"Parquet files of {split} in {folders[0]} and in {folders[1]}: "
            "name one of the two folders as data_folder"
        )
    _check_complete(found)
    return sorted(found, key=_number)


def _number(path: Path) -> tuple[int, str]:
    """Return a file's place among the split's files."""
    name = OF_SEVERAL.fullmatch(path.stem)
    return (int(name[2]) if name else 0), path.name


def _is_of(path: Path, split: str) -> bool:
    return bool(re.fullmatch(rf"{split}(-.*)?", path.stem)) or path.parent.name == split


def _check_complete(files: list[Path]) -> None:
    """Raise an error if the numbers in the files' names tell that some are missing."""
    names = {path: OF_SEVERAL.fullmatch(path.stem) for path in files}
    numbered = {path: name for path, name in names.items() if name}
    if not numbered:
        return
    counts = sorted({name[4] for name in numbered.values() if name[4]})
    if len(counts) > 1:
        raise DataError(
            f"{files[0].parent}: files of two versions, -of-{counts[0]} and -of-{counts[1]}; "
            "remove one of them"
        )
    have = {int(name[2]) for name in numbered.values()}
    some, name = next(iter(numbered.items()))
    count = int(counts[0]) if counts else max(have) + 1
    for number in range(count):
        if number not in have:
            digits = str(number).zfill(len(name[2]))
            missing = some.with_name(f"{name[1]}{digits}{name[3] or ''}{some.suffix}")
            raise DataError(f"{missing} is missing: {len(have)} of {count} files are there")


def _rows(file: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.ParquetFile(file).metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file}: not a Parquet file: {error}") from None


def _table(file: Path, dataset: Dataset) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
        image, label = (_column(table, names) for names in (IMAGE_COLUMNS, LABEL_COLUMNS))
        if pa.types.is_struct(image.type):
            image = image.combine_chunks().field("bytes")
        columns = [image.cast(pa.binary()), pa.array(_labels(label, dataset), pa.int64())]
    except (pa.ArrowException, OSError, KeyError, ValueError, OverflowError) as error:
        raise DataError(
            f"{file}: expected a column img or image (encoded images) and a column label (class "
            f"indices or names): {error}"
        ) from None
    return pa.table(columns, ["image", "label"])


def _column(table: pa.Table, names: tuple[str, ...]) -> pa.ChunkedArray:
    found = [name for name in names if name in table.column_names]
    if not found:
        raise ValueError(f"its columns are {', '.join(table.column_names)[:200]}")
    return table.column(found[0])


def _labels(column: pa.ChunkedArray, dataset: Dataset) -> list[int]:
    """Return labels as class indices from 0."""
    import pyarrow as pa

    if column.null_count:
        raise ValueError(f"rows without a label: {column.null_count:,}")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return list(map(int, column.cast(pa.int64()).to_pylist()))
    indices = {name: k for k, name in enumerate(dataset.classes)}
    unknown = sorted(set(column.to_pylist()) - set(indices))
    if unknown:
        raise ValueError(
            f"the label {unknown[0][:40]!r} is no class; classes are {', '.join(indices)}"
        )
    return [indices[name] for name in column.to_pylist()]


def _decoded(tables: dict[Path, Any], dataset: Dataset) -> Split:
    images = [
        decode(encoded.as_py(), dataset.image_size, f"{file}, row {row}")
        for file, table in tables.items()
        for row, encoded in enumerate(table.column("image"))
    ]
    labels = [label for table in tables.values() for label in table.column("label").to_pylist()]
    return Split(np.stack(images), np.asarray(labels, np.int64))
