"""The images: four sources, checked, decoded once into arrays that every run shares.

Sources (``--source``):

``torchvision``
    downloads the official CIFAR-10 archive that torchvision's data set is made of (its binary
    form, which holds no pickle) over TLS and checks its MD5;
``archive``
    a folder that already holds the official archive, binary or Python form;
``parquet``
    a folder of Parquet files in the public layout: ``img`` (a struct of encoded ``bytes`` and
    ``path``) and ``label``;
``digits``
    scikit-learn's bundled 8x8 digits, which need no download.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import logging
import pickle
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet.config import DATASETS
from resnet.download import download, md5
from resnet.files import new_folder, start_log

log = logging.getLogger(__name__)

SPLITS = ("train", "test")

# Name -> MD5, both as printed at https://www.cs.toronto.edu/~kriz/cifar.html
ARCHIVES = {
    "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
    "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
}
DOWNLOAD = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"

WAYS_OUT = """CIFAR-10 can be had in three ways:
  data_source=torchvision                      download the official archive (170 MB)
  data_source=archive data_folder=FOLDER       a folder with cifar-10-binary.tar.gz or
                                               cifar-10-python.tar.gz
  data_source=parquet data_folder=FOLDER       a folder with train-*.parquet and test-*.parquet
after --config of snakemake, or in config/config.yaml."""


class DataError(Exception):
    """Data that is missing, truncated or wrong: what was sought, where, and the ways out."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}\n{WAYS_OUT}")


@dataclass(frozen=True)
class Split:
    """Images of shape (n, size, size, 3), uint8, and labels of shape (n,), int64 from 0."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


# --- sources --------------------------------------------------------------------------------


def read_digits(folder: Path) -> dict[str, Split]:
    """Return scikit-learn's digits, 80% to train on, split by class with a fixed seed."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    # Grey values run from 0 to 16.
    grey = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    images = np.repeat(grey[..., None], 3, axis=3)
    labels = digits.target.astype(np.int64)
    halves = train_test_split(
        images,
        labels,
        test_size=DATASETS["digits"].test_images,
        random_state=0,
        stratify=labels,
    )
    return {"train": Split(halves[0], halves[2]), "test": Split(halves[1], halves[3])}


def read_parquet(folder: Path) -> dict[str, Split]:
    """Return the images of ``train-*.parquet`` and ``test-*.parquet``, decoded."""
    return {split: _read_parquet_split(folder, split) for split in SPLITS}


def _read_parquet_split(folder: Path, split: str) -> Split:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted(folder.glob(f"{split}-*.parquet"))
    if not files:
        raise DataError(f"no {split}-*.parquet in {folder.resolve()}")
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    for file in files:
        try:
            rows = pq.ParquetFile(file).metadata.num_rows
            if rows > DATASETS["cifar10"].training_images:
                raise DataError(f"{file}: {rows:,} rows, more than CIFAR-10 has")
            table = pq.read_table(file)
            label = table.column("label").cast(pa.int64())
            image = table.column("img").cast(pa.struct({"bytes": pa.binary(), "path": pa.string()}))
            encoded = image.combine_chunks().field("bytes")
        except (pa.ArrowException, OSError, KeyError) as error:
            raise DataError(
                f"{file}: not a Parquet file with the columns img (bytes, path) and label: {error}"
            ) from None
        if not table.num_rows or label.null_count:
            raise DataError(f"{file}: {table.num_rows} rows, {label.null_count} without a label")
        labels += label.to_pylist()
        images += [_decode(item.as_py(), f"{file}, row {row}") for row, item in enumerate(encoded)]
    return Split(np.stack(images), np.asarray(labels, np.int64))


def _decode(encoded: bytes | None, where: str) -> NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    size = DATASETS["cifar10"].image_size
    try:
        with Image.open(io.BytesIO(encoded or b""), formats=("JPEG", "PNG")) as image:
            if image.size != (size, size):
                raise DataError(f"{where}: an image of {image.size}, sought {size}x{size}")
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{where}: not a JPEG or PNG image: {error}") from None


def read_archive(folder: Path) -> dict[str, Split]:
    """Return the images of the official archive in ``folder``, whose MD5 must be the official."""
    name = next((name for name in ARCHIVES if (folder / name).is_file()), None)
    if name is None:
        raise DataError(f"neither {' nor '.join(ARCHIVES)} in {folder.resolve()}")
    path = folder / name
    found = md5(path)
    if found != ARCHIVES[name]:
        raise DataError(f"{path}: MD5 {found}, sought {ARCHIVES[name]}: truncated or changed")
    parse = _binary_batch if "binary" in name else _python_batch
    with tarfile.open(path) as archive:
        train = [parse(archive, f"data_batch_{i}") for i in range(1, 6)]
        test = parse(archive, "test_batch")
    joined = Split(
        np.concatenate([part.images for part in train]),
        np.concatenate([part.labels for part in train]),
    )
    return {"train": joined, "test": test}


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None, "the archive's MD5 was checked"
    return file.read()


def _from_planes(planes: NDArray[np.uint8], labels: Any) -> Split:
    """Return a split from rows of 3 colour planes of 32x32."""
    images = planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Split(np.ascontiguousarray(images), np.asarray(labels, np.int64))


def _binary_batch(archive: tarfile.TarFile, name: str) -> Split:
    raw = np.frombuffer(_member(archive, f"cifar-10-batches-bin/{name}.bin"), np.uint8)
    rows = raw.reshape(-1, 1 + 3 * 32 * 32)
    return _from_planes(rows[:, 1:], rows[:, 0])


class _ArraysOnly(pickle.Unpickler):
    """Unpickles plain data and numpy's arrays, and calls nothing else."""

    allowed = frozenset(
        {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.allowed:
            raise DataError(f"the archive's pickle asks for {module}.{name}; arrays need it not")
        return super().find_class(module, name)


def _python_batch(archive: tarfile.TarFile, name: str) -> Split:
    content = _member(archive, f"cifar-10-batches-py/{name}")
    batch = _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
    return _from_planes(batch[b"data"], batch[b"labels"])


def read_torchvision(folder: Path) -> dict[str, Split]:
    """Download the official archive into ``folder`` where it isn't yet, and return its images."""
    name = DOWNLOAD.rpartition("/")[2]
    try:
        download(DOWNLOAD, folder / name, ARCHIVES[name])
    except (OSError, ValueError) as error:
        raise DataError(f"{DOWNLOAD} could not be downloaded to {folder}: {error}") from None
    return read_archive(folder)


READERS: dict[str, Callable[[Path], dict[str, Split]]] = {
    "torchvision": read_torchvision,
    "archive": read_archive,
    "parquet": read_parquet,
    "digits": read_digits,
}

PIXELS = {
    "torchvision": "the official archive's pixels",
    "archive": "the official archive's pixels",
    "parquet": "pixels as decoded from Parquet files, which may be recompressed",
    "digits": "scikit-learn's digits, 8x8 grey",
}


# --- the cache ------------------------------------------------------------------------------


def check(splits: dict[str, Split], dataset: str) -> None:
    """Check counts, shapes and labels against the data set's fixed facts.

    Raises
    ------
    DataError
        Naming the split and what was sought.
    """
    facts = DATASETS[dataset]
    for name, count in zip(SPLITS, (facts.training_images, facts.test_images), strict=True):
        split = splits[name]
        shape = (count, facts.image_size, facts.image_size, 3)
        if split.images.shape != shape:
            raise DataError(f"{name} images of shape {split.images.shape}, sought {shape}")
        if split.labels.shape != (count,):
            raise DataError(f"{name} labels of shape {split.labels.shape}, sought ({count},)")
        low, high = int(split.labels.min()), int(split.labels.max())
        if (low, high) != (0, len(facts.classes) - 1):
            raise DataError(
                f"{name} labels from {low} to {high}, sought 0 to {len(facts.classes) - 1}"
            )


def describe(splits: dict[str, Split], dataset: str, source: str) -> dict[str, Any]:
    """Return what identifies the data: checksums, counts, classes, channel statistics in [0, 1]."""
    pixels = splits["train"].images
    # Sums of integers are exact, so the statistics don't depend on the order of adding.
    counts = np.stack([np.bincount(pixels[..., c].ravel(), minlength=256) for c in range(3)])
    values = np.arange(256) / 255
    mean = counts @ values / counts.sum(1)
    deviation = np.sqrt(counts @ values**2 / counts.sum(1) - mean**2)
    return {
        "dataset": dataset,
        "source": source,
        "pixels": PIXELS[source],
        "classes": list(DATASETS[dataset].classes),
        "images": {name: len(split.labels) for name, split in splits.items()},
        "sha256": {name: checksum(split) for name, split in splits.items()},
        "channel_mean": mean.round(6).tolist(),
        "channel_deviation": deviation.round(6).tolist(),
    }


def checksum(split: Split) -> str:
    """Return the SHA-256 over a split's pixels, then its labels."""
    digest = hashlib.sha256(np.ascontiguousarray(split.images).data)
    digest.update(np.ascontiguousarray(split.labels).data)
    return digest.hexdigest()


def write_cache(splits: dict[str, Split], facts: dict[str, Any], folder: Path) -> None:
    """Write ``{train,test}_{images,labels}.npy`` and ``data.json``, all or nothing."""
    with new_folder(folder) as beside:
        for name, split in splits.items():
            np.save(beside / f"{name}_images.npy", split.images, allow_pickle=False)
            np.save(beside / f"{name}_labels.npy", split.labels, allow_pickle=False)
        (beside / "data.json").write_text(json.dumps(facts, indent=1) + "\n")


def load(folder: Path, split: str) -> Split:
    """Return a split of the cache, its images memory-mapped.

    Raises
    ------
    DataError
        Where the cache is missing or can't be read.
    """
    try:
        # Copy-on-write: torch wants writable memory, and nothing here writes to it.
        images = np.load(folder / f"{split}_images.npy", mmap_mode="c", allow_pickle=False)
        labels = np.load(folder / f"{split}_labels.npy", allow_pickle=False)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise DataError(f"no readable data in {folder}: {error}") from None
    found = Split(images, labels)
    if checksum(found) != read_facts(folder)["sha256"].get(split):
        raise DataError(f"{folder}: the {split} data is not what was written; remove the folder")
    return found


def read_facts(folder: Path) -> dict[str, Any]:
    """Return a cache's ``data.json``.

    Raises
    ------
    DataError
        Where it is missing or holds something else.
    """
    path = folder / "data.json"
    try:
        facts = json.loads(path.read_text())
        known = facts["dataset"] in DATASETS and isinstance(facts["sha256"], dict)
        numbers = [*facts["channel_mean"], *facts["channel_deviation"]]
        if not known or len(numbers) != 6 or not all(isinstance(n, float) for n in numbers):
            raise ValueError("not what resnet.data writes")
        return {**facts, "source": str(facts["source"]), "pixels": str(facts["pixels"])}
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else error
        raise DataError(f"{path}: can't be read: {reason}") from None


def main(argv: list[str] | None = None) -> int:
    """Read a source, check it, and write the cache."""
    parser = argparse.ArgumentParser(prog="python -m resnet.data", description=main.__doc__)
    parser.add_argument("--dataset", choices=DATASETS, required=True)
    parser.add_argument("--source", choices=READERS, required=True)
    parser.add_argument("--folder", type=Path, default=Path("data"), help="where the source is")
    parser.add_argument("--output", type=Path, required=True, help="the cache's folder")
    parser.add_argument("--log", type=Path, help="a file to write the log to as well")
    args = parser.parse_args(argv)
    try:
        start_log(args.log)
        if (args.dataset == "digits") != (args.source == "digits"):
            raise DataError(f"the source {args.source} has no {args.dataset}")
        splits = READERS[args.source](args.folder)
        check(splits, args.dataset)
        write_cache(splits, describe(splits, args.dataset, args.source), args.output)
    except (DataError, OSError) as error:
        log.error("error: %s", error)
        return 1
    log.info("%s from %s: %s", args.dataset, args.source, args.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
