"""Read CIFAR-10 from the official archive, from Parquet files, or from folders of images."""

from __future__ import annotations

from resnet.images.datasets.cifar10.archive import has_archive, read_archive, read_torchvision
from resnet.images.datasets.cifar10.settings import DATASET
from resnet.images.sources.folders import has_folders, read_folders
from resnet.images.sources.parquet import has_parquet, read_parquet
from resnet.images.sources.source import Source

OFFICIAL = "the official archive's pixels"

SOURCES = {
    "torchvision": Source(read_torchvision, OFFICIAL),
    "archive": Source(read_archive, OFFICIAL, has_archive),
    "parquet": Source(
        lambda folder: read_parquet(folder, DATASET),
        "pixels as decoded from Parquet files, which may be recompressed",
        has_parquet,
    ),
    "folders": Source(
        lambda folder: read_folders(folder, DATASET),
        "pixels as decoded from image files, which may be recompressed",
        has_folders,
    ),
}
