import io
import json
import pickle
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from resnet.images.datasets.cifar10 import read as cifar10
from resnet.images.datasets.digits.read import read_digits
from resnet.images.sources import cache as data
from resnet.images.sources import prepare


def encoded(image, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


def write_parquet(folder, split, images, labels, kind="PNG"):
    rows = [{"bytes": encoded(image, kind), "path": "x"} for image in images]
    table = pa.table({"img": rows, "label": labels})
    pq.write_table(table, folder / f"{split}-00000-of-00001.parquet")


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return {
        split: (rng.integers(0, 256, (n, 32, 32, 3), np.uint8), np.arange(n) % 10)
        for split, n in (("train", 50), ("test", 10))
    }


@pytest.fixture
def parquet(tmp_path, images, tiny_cifar):
    for split, (pixels, labels) in images.items():
        write_parquet(tmp_path, split, pixels, labels.tolist())
    return tmp_path


def test_parquet_gives_the_pixels_that_were_put_in(parquet, images):
    splits = cifar10.read_parquet(parquet)
    data.check(splits, "cifar10")
    for split, (pixels, labels) in images.items():
        np.testing.assert_array_equal(splits[split].images, pixels)
        np.testing.assert_array_equal(splits[split].labels, labels)


def test_parquet_may_hold_jpeg(tmp_path, tiny_cifar):
    grey = np.full((10, 32, 32, 3), 128, np.uint8)
    write_parquet(tmp_path, "train", grey.repeat(5, 0), list(range(10)) * 5, "JPEG")
    write_parquet(tmp_path, "test", grey, list(range(10)), "JPEG")
    assert np.abs(cifar10.read_parquet(tmp_path)["test"].images.astype(int) - 128).max() <= 1


TRAIN = "train-00000-of-00001.parquet"


def spoil_missing(folder):
    (folder / "test-00000-of-00001.parquet").unlink()


def spoil_truncated(folder):
    path = folder / "train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])


def spoil_columns(folder):
    pq.write_table(pa.table({"image": [1]}), folder / "train-00000-of-00001.parquet")


def spoil_types(folder):
    pq.write_table(pa.table({"img": [b"x"], "label": ["cat"]}), folder / TRAIN)


def spoil_nothing(folder):
    (folder / TRAIN).unlink()
    write_parquet(folder, "train", np.zeros((0, 32, 32, 3), np.uint8), [])


def spoil_nulls(folder):
    write_parquet(folder, "train", np.zeros((2, 32, 32, 3), np.uint8), [1, None])


def spoil_image(folder):
    rows = [{"bytes": b"not an image", "path": "x"}]
    pq.write_table(pa.table({"img": rows, "label": [0]}), folder / "train-00000-of-00001.parquet")


def spoil_size(folder):
    write_parquet(folder, "train", np.zeros((1, 16, 16, 3), np.uint8), [0])


def spoil_count(folder):
    write_parquet(folder, "test", np.zeros((7, 32, 32, 3), np.uint8), [0] * 7)


def spoil_labels(folder):
    write_parquet(folder, "test", np.zeros((10, 32, 32, 3), np.uint8), [11] * 10)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_missing, "no test-*.parquet in"),
        (spoil_truncated, "not a Parquet file"),
        (spoil_columns, "columns img"),
        (spoil_types, "columns img"),
        (spoil_nothing, "train-00000"),
        (spoil_nulls, "1 without a label"),
        (spoil_image, "row 0: not a JPEG or PNG"),
        (spoil_size, "expected 32x32"),
        (spoil_count, "expected (10, 32, 32, 3)"),
        (spoil_labels, "labels from 11 to 11"),
    ],
)
def test_wrong_data_is_an_error_with_the_ways_out(parquet, tmp_path, spoil, said, capsys):
    spoil(parquet)
    output = tmp_path / "cache"
    argv = ["--dataset", "cifar10", "--source", "parquet"]
    argv += ["--folder", str(parquet), "--output", str(output)]
    assert prepare.main(argv) == 1
    error = capsys.readouterr().err
    assert said in error
    assert "three ways" in error
    assert "Traceback" not in error
    assert not output.exists()


def write_archive(folder, images, form):
    """The official archive's layout, with our images."""
    buffers = {}
    train, labels = images["train"]
    parts = [(f"data_batch_{i + 1}", slice(i * 10, i * 10 + 10)) for i in range(5)]
    batches = [(name, train[s], labels[s]) for name, s in parts]
    for name, pixels, label in [*batches, ("test_batch", *images["test"])]:
        planes = pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)
        if form == "binary":
            rows = np.column_stack([label.astype(np.uint8), planes])
            buffers[f"cifar-10-batches-bin/{name}.bin"] = rows.tobytes()
        else:
            content = {b"data": planes, b"labels": label.tolist()}
            buffers[f"cifar-10-batches-py/{name}"] = pickle.dumps(content)
    path = folder / f"cifar-10-{form}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in buffers.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("form", ["binary", "python"])
def test_the_archive_gives_the_pixels_that_were_put_in(tmp_path, images, form, monkeypatch):
    path = write_archive(tmp_path, images, form)
    import hashlib

    monkeypatch.setitem(cifar10.ARCHIVES, path.name, hashlib.md5(path.read_bytes()).hexdigest())
    splits = cifar10.read_archive(tmp_path)
    for split, (pixels, labels) in images.items():
        np.testing.assert_array_equal(splits[split].images, pixels)
        np.testing.assert_array_equal(splits[split].labels, labels)


def test_an_archive_with_another_md5_is_not_opened(tmp_path, images):
    write_archive(tmp_path, images, "python")
    with pytest.raises(data.DataError, match="truncated or changed"):
        cifar10.read_archive(tmp_path)


def test_without_an_archive_the_error_names_the_folder(tmp_path):
    with pytest.raises(data.DataError, match=str(tmp_path)):
        cifar10.read_archive(tmp_path)


def test_a_failed_download_names_the_ways_out(tmp_path, monkeypatch, capsys):
    def refuse(*_args):
        raise OSError("no route to host")

    monkeypatch.setattr(cifar10, "download", refuse)
    argv = ["--dataset", "cifar10", "--source", "torchvision"]
    argv += ["--folder", str(tmp_path), "--output", str(tmp_path / "cache")]
    assert prepare.main(argv) == 1
    error = capsys.readouterr().err
    assert "no route to host" in error
    assert "data_source=parquet" in error


def test_the_cache_gives_back_what_was_written(digits):
    splits = read_digits(None)
    loaded = data.load(digits, "train")
    np.testing.assert_array_equal(loaded.images, splits["train"].images)
    facts = json.loads((digits / "data.json").read_text())
    assert facts["sha256"]["train"] == data.checksum(loaded)
    assert facts["images"] == {"train": 1_437, "test": 360}


def test_channel_statistics_are_numpys(digits):
    facts = json.loads((digits / "data.json").read_text())
    scaled = data.load(digits, "train").images / 255
    np.testing.assert_allclose(facts["channel_mean"], scaled.mean((0, 1, 2)), atol=1e-6)
    np.testing.assert_allclose(facts["channel_deviation"], scaled.std((0, 1, 2)), atol=1e-6)


def test_digits_are_split_by_class():
    splits = read_digits(None)
    data.check(splits, "digits")
    counts = np.bincount(splits["test"].labels)
    assert counts.min() >= 34
    assert counts.max() <= 38


def test_a_pickle_that_asks_for_more_than_arrays_is_not_loaded(tmp_path, images, monkeypatch):
    class Hostile:
        def __reduce__(self):
            return Path.touch, (tmp_path / "touched",)

    path = tmp_path / "cifar-10-python.tar.gz"
    content = pickle.dumps({b"data": Hostile(), b"labels": []})
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("cifar-10-batches-py/data_batch_1")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    monkeypatch.setitem(cifar10.ARCHIVES, path.name, cifar10.md5(path))
    with pytest.raises(data.DataError, match="arrays need it not"):
        cifar10.read_archive(tmp_path)
    assert not (tmp_path / "touched").exists()


def test_a_cache_that_changed_is_an_error(digits, tmp_path):
    shutil.copytree(digits, tmp_path / "digits")
    images = np.load(tmp_path / "digits" / "test_images.npy", mmap_mode="r+")
    images[0, 0, 0, 0] ^= 1
    images.flush()
    data.load(tmp_path / "digits", "train")
    with pytest.raises(data.DataError, match="not what was written"):
        data.load(tmp_path / "digits", "test")


def test_a_missing_cache_is_an_error(tmp_path):
    with pytest.raises(data.DataError, match="no readable data"):
        data.load(tmp_path, "train")


def test_a_source_without_the_data_set_is_refused(tmp_path, capsys):
    argv = ["--dataset", "cifar10", "--source", "digits", "--output", str(tmp_path / "x")]
    assert prepare.main(argv) == 1
    assert "cifar10 has no source" in capsys.readouterr().err


@pytest.mark.real
def test_the_real_images_have_the_published_statistics(real):
    splits = cifar10.read_parquet(real)
    data.check(splits, "cifar10")
    facts = data.describe(splits, "cifar10", "parquet", "x")
    np.testing.assert_allclose(facts["channel_mean"], [0.4913, 0.4821, 0.4465], atol=1e-4)
    np.testing.assert_allclose(facts["channel_deviation"], [0.2452, 0.2428, 0.2606], atol=1e-4)
    assert np.bincount(splits["train"].labels).tolist() == [5_000] * 10
