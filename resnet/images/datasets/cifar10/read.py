"""Read CIFAR-10 from the official archive, downloaded or local, or from Parquet files.

``torchvision``
    Downloads the official archive over TLS and checks its MD5. This is the archive of torchvision's
    data set, in its binary version, which contains no pickle.
``archive``
    Reads the official archive, binary or Python version, from a folder.
``parquet``
    Reads a folder of Parquet files in the public layout: ``img`` (a struct of encoded ``bytes`` and
    ``path``) and ``label``.
"""

from __future__ import annotations

import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet.images.datasets.cifar10.settings import DATASET
from resnet.images.sources.cache import SPLITS, DataError, Split
from resnet.images.sources.download import download, md5

# Name -> MD5, both as printed at https://www.cs.toronto.edu/~kriz/cifar.html
ARCHIVES = {
    "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
    "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
}
DOWNLOAD = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"


def read_parquet(folder: Path) -> dict[str, Split]:
    """Return the decoded images of ``train-*.parquet`` and ``test-*.parquet``."""
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
            if rows > DATASET.training_images:
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

    size = DATASET.image_size
    try:
        with Image.open(io.BytesIO(encoded or b""), formats=("JPEG", "PNG")) as image:
            if image.size != (size, size):
                raise DataError(f"{where}: an image of {image.size}, expected {size}x{size}")
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{where}: not a JPEG or PNG image: {error}") from None


def read_archive(folder: Path) -> dict[str, Split]:
    """Return the images of the official archive in ``folder``, after checking its MD5."""
    name = next((name for name in ARCHIVES if (folder / name).is_file()), None)
    if name is None:
        raise DataError(f"neither {' nor '.join(ARCHIVES)} in {folder.resolve()}")
    path = folder / name
    found = md5(path)
    if found != ARCHIVES[name]:
        raise DataError(f"{path}: MD5 {found}, expected {ARCHIVES[name]}: truncated or changed")
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
    """Return a split from rows that contain 3 colour planes of 32x32 pixels each."""
    images = planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Split(np.ascontiguousarray(images), np.asarray(labels, np.int64))


def _binary_batch(archive: tarfile.TarFile, name: str) -> Split:
    raw = np.frombuffer(_member(archive, f"cifar-10-batches-bin/{name}.bin"), np.uint8)
    rows = raw.reshape(-1, 1 + 3 * 32 * 32)
    return _from_planes(rows[:, 1:], rows[:, 0])


class _ArraysOnly(pickle.Unpickler):  # noqa: S301 - it refuses code
    """Unpickler restricted to plain data and numpy arrays."""

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
    """Download the official archive into ``folder`` if missing, and return its images."""
    name = DOWNLOAD.rpartition("/")[2]
    try:
        download(DOWNLOAD, folder / name, ARCHIVES[name])
    except (OSError, ValueError) as error:
        raise DataError(f"{DOWNLOAD} could not be downloaded to {folder}: {error}") from None
    return read_archive(folder)


SOURCES = {"torchvision": read_torchvision, "archive": read_archive, "parquet": read_parquet}
PIXELS = {
    "torchvision": "the official archive's pixels",
    "archive": "the official archive's pixels",
    "parquet": "pixels as decoded from Parquet files, which may be recompressed",
}
