"""CIFAR-10 (Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images)."""

from __future__ import annotations

from resnet.images.dataset import Dataset

DATASET = Dataset(
    classes=(
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
    image_size=32,
    training_images=50_000,
    test_images=10_000,
    sources=("torchvision", "archive", "parquet"),
    ways_out="""CIFAR-10 can be had in three ways:
  data_source=torchvision                      download the official archive (170 MB)
  data_source=archive data_folder=FOLDER       a folder with cifar-10-binary.tar.gz or
                                               cifar-10-python.tar.gz
  data_source=parquet data_folder=FOLDER       a folder with train-*.parquet and test-*.parquet
after --config of snakemake, or in config/config.yaml.""",
)
