"""Read CIFAR-10's official archive, packed or extracted, and download it.

Every byte is checked against a published MD5 before it is read.
"""

from __future__ import annotations

import io
import logging
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resnet.images.sources.cache import DataError, Split
from resnet.images.sources.download import download, md5
from resnet.images.sources.source import contents

log = logging.getLogger(__name__)

# Name -> MD5, both as printed at https://www.cs.toronto.edu/~kriz/cifar.html
ARCHIVES = {
    "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
    "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
}
DOWNLOAD = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"

EXTRACTED, EXTRACTED_BINARY = "cifar-10-batches-py", "cifar-10-batches-bin"

# The files of `EXTRACTED` and their MD5s, as torchvision.datasets.CIFAR10 checks them.
BATCHES = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}


def read_torchvision(folder: Path) -> dict[str, Split]:
    """Return the official archive's images; download it into ``folder`` unless it is there."""
    try:
        return read_archive(folder)
    except DataError as error:
        if has_archive(folder):
            log.warning("%s. The archive is downloaded", error)
    name = DOWNLOAD.rpartition("/")[2]
    try:
        download(DOWNLOAD, folder / name, ARCHIVES[name])
    except (OSError, ValueError) as error:
        raise DataError(f"{DOWNLOAD} could not be downloaded to {folder}: {error}") from None
    return read_archive(folder)


def has_archive(folder: Path) -> bool:
    """Return whether a folder holds the archive, packed or extracted, or is the extracted one."""
    names = (*ARCHIVES, EXTRACTED, EXTRACTED_BINARY, "data_batch_1")
    return any((folder / name).exists() for name in names)


def read_archive(folder: Path) -> dict[str, Split]:
    """Return the images of the archive in ``folder``, whichever form of it is whole.

    Raises
    ------
    DataError
        If there is none; the message says what was found.
    """
    forms: list[tuple[Path, Callable[[Path], dict[str, Split]]]] = [
        *((folder / name, _read_packed) for name in ARCHIVES),
        (folder / EXTRACTED, _read_extracted),
        (folder, _read_extracted),
    ]
    wrong = []
    for path, read in forms:
        if path.is_file() or (path / "data_batch_1").is_file():
            try:
                return read(path)
            except DataError as error:
                wrong.append(str(error))
    if (folder / EXTRACTED_BINARY).is_dir():
        wrong.append(
            f"{folder / EXTRACTED_BINARY}: no MD5 of these files is published; "
            "the archive itself can be read"
        )
    names = ", ".join((*ARCHIVES, EXTRACTED))
    raise DataError(
        "; ".join(wrong) or f"none of {names} in {folder.resolve()}: {contents(folder)}"
    )


def _read_packed(path: Path) -> dict[str, Split]:
    _check_md5(path, ARCHIVES[path.name])
    binary = "binary" in path.name
    inside = f"{EXTRACTED_BINARY}/{{}}.bin" if binary else f"{EXTRACTED}/{{}}"
    with tarfile.open(path) as archive:
        contents = {name: _member(archive, inside.format(name)) for name in BATCHES}
    return _joined(contents, _binary_batch if binary else _python_batch)


def _read_extracted(folder: Path) -> dict[str, Split]:
    missing = [name for name in BATCHES if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{folder}: {', '.join(missing)} missing")
    for name, checksum in BATCHES.items():
        _check_md5(folder / name, checksum)
    return _joined({name: (folder / name).read_bytes() for name in BATCHES}, _python_batch)


def _check_md5(path: Path, expected: str) -> None:
    found = md5(path)
    if found != expected:
        raise DataError(f"{path}: MD5 {found}, expected {expected}: truncated or changed")


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None, "the archive's MD5 was checked"
    return file.read()


def _joined(contents: dict[str, bytes], parse: Callable[[bytes], Split]) -> dict[str, Split]:
    """Return the splits from the batches' contents, in the order of `BATCHES`."""
    *train, test = [parse(contents[name]) for name in BATCHES]
    joined = Split(
        np.concatenate([part.images for part in train]),
        np.concatenate([part.labels for part in train]),
    )
    return {"train": joined, "test": test}


def _from_planes(planes: NDArray[np.uint8], labels: Any) -> Split:
    """Return a split from rows that contain 3 colour planes of 32x32 pixels each."""
    images = planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Split(np.ascontiguousarray(images), np.asarray(labels, np.int64))


def _binary_batch(content: bytes) -> Split:
    rows = np.frombuffer(content, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
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


def _python_batch(content: bytes) -> Split:
    batch = _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
    return _from_planes(batch[b"data"], batch[b"labels"])
