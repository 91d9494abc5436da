"""scikit-learn's bundled digits: 1,797 grey images of 8x8, repeated to three channels."""

from __future__ import annotations

from resnet.images.dataset import Dataset

DATASET = Dataset(
    classes=tuple("0123456789"),
    image_size=8,
    training_images=1_437,
    test_images=360,
    sources=("digits",),
)
