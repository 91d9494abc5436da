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
    sources=("torchvision", "archive", "parquet", "folders"),
    ways_out="""CIFAR-10 can be had in four ways:
  data_source=torchvision                  what is in data_folder, else a download (170 MB)
  data_source=archive data_folder=FOLDER   cifar-10-python.tar.gz or cifar-10-binary.tar.gz, or
                                           cifar-10-batches-py, extracted
  data_source=parquet data_folder=FOLDER   Parquet files, as the Hugging Face Hub has them
  data_source=folders data_folder=FOLDER   images in train/<class>/ and test/<class>/
after --config of snakemake, or in config/config.yaml.""",
)
