"""The pictures of augmentation, from the digits."""

import json

import numpy as np
import pytest

from resnet.images import pictures
from resnet.images.sources.cache import load


def test_there_is_an_image_of_each_class_as_it_is_and_after_each_copy(digits, tmp_path):
    output = tmp_path / "pictures.npz"
    copies = json.dumps([[], ["horizontal_flip"]])
    argv = ["--data", str(digits), "--copies", copies, "--output", str(output)]
    assert pictures.main(argv) == 0
    split = load(digits, "train")
    with np.load(output) as arrays:
        assert arrays["labels"].tolist() == list(range(10))
        assert arrays["copies"].tolist() == ["as is", "horizontal_flip"]
        as_is, flipped = arrays["images"]
    for number, image in enumerate(as_is):
        assert np.array_equal(image, split.images[split.labels == number][0])
    same = (flipped == as_is).all(axis=(1, 2, 3)) | (flipped == as_is[:, :, ::-1]).all(
        axis=(1, 2, 3)
    )
    assert same.all()
    assert (flipped != as_is).any()


@pytest.mark.parametrize("copies", ["nonsense", '[["no_such_transform"]]'])
def test_wrong_copies_are_an_error(digits, tmp_path, copies, capsys):
    argv = ["--data", str(digits), "--copies", copies, "--output", str(tmp_path / "x.npz")]
    assert pictures.main(argv) == 1
    assert "error:" in capsys.readouterr().err
