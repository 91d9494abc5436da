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

from resnet.images.datasets.cifar10 import archive as official
from resnet.images.datasets.cifar10.read import SOURCES
from resnet.images.datasets.digits.read import read_digits
from resnet.images.moved import READ_FROM, note_folder, why_not_read
from resnet.images.sources import cache as data
from resnet.images.sources import parquet as parquet_files
from resnet.images.sources import prepare, source
from resnet.images.sources.encoded import decode


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


def test_files_that_macos_leaves_beside_others_are_passed_over(parquet, images):
    (parquet / "train").mkdir()
    (parquet / "train-00000-of-00001.parquet").rename(parquet / "train" / "0000.parquet")
    (parquet / "train" / "._0000.parquet").write_bytes(b"\0\5\x16\7")
    assert np.array_equal(SOURCES["parquet"].read(parquet)["train"].images, images["train"][0])


def test_a_picture_of_more_pixels_than_pillow_opens_is_an_error(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    large = encoded(np.zeros((32, 32), np.uint8))
    with pytest.raises(data.DataError, match=r"x: not a JPEG or PNG image: .*exceeds limit"):
        decode(large, 32, "x")


def test_parquet_gives_the_pixels_that_were_put_in(parquet, images):
    splits = SOURCES["parquet"].read(parquet)
    data.check(splits, "cifar10")
    for split, (pixels, labels) in images.items():
        np.testing.assert_array_equal(splits[split].images, pixels)
        np.testing.assert_array_equal(splits[split].labels, labels)


def test_parquet_may_hold_jpeg(tmp_path, tiny_cifar):
    grey = np.full((10, 32, 32, 3), 128, np.uint8)
    write_parquet(tmp_path, "train", grey.repeat(5, 0), list(range(10)) * 5, "JPEG")
    write_parquet(tmp_path, "test", grey, list(range(10)), "JPEG")
    assert np.abs(SOURCES["parquet"].read(tmp_path)["test"].images.astype(int) - 128).max() <= 1


TRAIN = "train-00000-of-00001.parquet"


def spoil_missing(folder):
    (folder / "test-00000-of-00001.parquet").unlink()


def spoil_truncated(folder):
    path = folder / "train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])


def spoil_columns(folder):
    pq.write_table(pa.table({"image": [b""] * 50}), folder / TRAIN)


def spoil_types(folder):
    pq.write_table(pa.table({"img": [b""] * 50, "label": ["cat", "mouse"] * 25}), folder / TRAIN)


def spoil_shards(folder):
    (folder / TRAIN).rename(folder / "train-00000-of-00003.parquet")
    (folder / "train-00002-of-00003.parquet").write_bytes(b"never opened")


def spoil_versions(folder):
    shutil.copy(folder / TRAIN, folder / "train-00000-of-00002.parquet")


def spoil_place(folder):
    (folder / "plain_text").mkdir()
    shutil.copy(folder / TRAIN, folder / "plain_text")


def spoil_numbered(folder):
    (folder / "train").mkdir()
    (folder / TRAIN).rename(folder / "train" / "0000.parquet")
    (folder / "train" / "0002.parquet").write_bytes(b"never opened")


def spoil_nothing(folder):
    (folder / TRAIN).unlink()
    write_parquet(folder, "train", np.zeros((0, 32, 32, 3), np.uint8), [])


def spoil_nulls(folder):
    write_parquet(folder, "train", np.zeros((50, 32, 32, 3), np.uint8), [1] * 49 + [None])


def spoil_image(folder):
    rows = [{"bytes": b"not an image", "path": "x"}] * 50
    pq.write_table(pa.table({"img": rows, "label": [0] * 50}), folder / TRAIN)


def spoil_size(folder):
    write_parquet(folder, "train", np.zeros((50, 16, 16, 3), np.uint8), [0] * 50)


def spoil_count(folder):
    write_parquet(folder, "test", np.zeros((7, 32, 32, 3), np.uint8), [0] * 7)


def spoil_labels(folder):
    write_parquet(folder, "test", np.zeros((10, 32, 32, 3), np.uint8), [11] * 10)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_missing, "no test-*.parquet, test.parquet or test/*.parquet in"),
        (spoil_truncated, "not a Parquet file"),
        (spoil_columns, "its columns are image"),
        (spoil_types, "the label 'mouse' is no class; classes are airplane, automobile, bird"),
        (spoil_nothing, "0 rows of train in 1 file, expected 50"),
        (spoil_nulls, "rows without a label: 1"),
        (spoil_image, "row 0: not a JPEG or PNG"),
        (spoil_size, "expected 32x32"),
        (spoil_count, "7 rows of test in 1 file, expected 10"),
        (spoil_shards, "train-00001-of-00003.parquet is missing: 2 of 3 files are there"),
        (spoil_versions, "files of two versions, -of-00001 and -of-00002"),
        (spoil_place, "name one of the two folders"),
        (spoil_numbered, "0001.parquet is missing: 2 of 3 files are there"),
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
    assert "four ways" in error
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

    monkeypatch.setitem(official.ARCHIVES, path.name, hashlib.md5(path.read_bytes()).hexdigest())
    splits = official.read_archive(tmp_path)
    for split, (pixels, labels) in images.items():
        np.testing.assert_array_equal(splits[split].images, pixels)
        np.testing.assert_array_equal(splits[split].labels, labels)


def test_an_archive_with_another_md5_is_not_opened(tmp_path, images):
    write_archive(tmp_path, images, "python")
    with pytest.raises(data.DataError, match="truncated or changed"):
        official.read_archive(tmp_path)


def test_without_an_archive_the_error_names_the_folder(tmp_path):
    with pytest.raises(data.DataError, match=str(tmp_path)):
        official.read_archive(tmp_path)


def test_a_failed_download_names_the_ways_out(tmp_path, monkeypatch, capsys):
    def refuse(*_args):
        raise OSError("no route to host")

    monkeypatch.setattr(official, "download", refuse)
    argv = ["--dataset", "cifar10", "--source", "torchvision"]
    argv += ["--folder", str(tmp_path), "--output", str(tmp_path / "cache")]
    assert prepare.main(argv) == 1
    error = capsys.readouterr().err
    assert "no route to host" in error
    assert "data_source=parquet" in error


def extracted(folder, images, monkeypatch):
    """What torchvision leaves: the Python archive and its extracted batches."""
    path = write_archive(folder, images, "python")
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    monkeypatch.setitem(official.ARCHIVES, path.name, official.md5(path))
    batches = folder / "cifar-10-batches-py"
    for name in official.BATCHES:
        monkeypatch.setitem(official.BATCHES, name, official.md5(batches / name))
    return path, batches


def test_the_checksums_of_the_batches_are_torchvisions():
    from torchvision.datasets import CIFAR10

    assert list(official.BATCHES.items()) == [
        tuple(x) for x in CIFAR10.train_list + CIFAR10.test_list
    ]
    assert CIFAR10.base_folder == official.EXTRACTED
    assert official.ARCHIVES[CIFAR10.filename] == CIFAR10.tgz_md5


@pytest.mark.parametrize("left", ["both", "archive", "batches", "inside", "cut archive"])
def test_what_torchvision_downloaded_is_not_downloaded_again(tmp_path, images, left, monkeypatch):
    path, batches = extracted(tmp_path, images, monkeypatch)
    if left == "archive":
        shutil.rmtree(batches)
    if left in ("batches", "inside"):
        path.unlink()
    if left == "cut archive":
        path.write_bytes(path.read_bytes()[:-9])
    monkeypatch.setattr(official, "download", None)
    folder = batches if left == "inside" else tmp_path
    for name in ("torchvision", "archive"):
        splits = SOURCES[name].read(folder)
        for split, (pixels, labels) in images.items():
            np.testing.assert_array_equal(splits[split].images, pixels)
            np.testing.assert_array_equal(splits[split].labels, labels)


def test_a_cut_archive_is_named_and_downloaded_anew(tmp_path, images, monkeypatch, caplog):
    write_archive(tmp_path, images, "python")
    whole = tmp_path / "server"
    whole.mkdir()
    path = write_archive(whole, images, "binary")
    monkeypatch.setitem(official.ARCHIVES, path.name, official.md5(path))
    monkeypatch.setattr(official, "download", lambda _url, to, _md5: shutil.copy(path, to))
    splits = SOURCES["torchvision"].read(tmp_path)
    np.testing.assert_array_equal(splits["train"].images, images["train"][0])
    assert "cifar-10-python.tar.gz: MD5" in caplog.text


def test_batches_that_are_missing_or_changed_are_named(tmp_path, images, monkeypatch):
    path, batches = extracted(tmp_path, images, monkeypatch)
    path.unlink()
    (batches / "data_batch_3").write_bytes(b"")
    with pytest.raises(data.DataError, match="data_batch_3: MD5 d41d8cd9"):
        official.read_archive(tmp_path)
    (batches / "data_batch_3").unlink()
    with pytest.raises(data.DataError, match="cifar-10-batches-py: data_batch_3 missing"):
        official.read_archive(tmp_path)


def test_extracted_binary_batches_are_refused_because_nothing_checks_them(tmp_path):
    (tmp_path / "cifar-10-batches-bin").mkdir()
    with pytest.raises(data.DataError, match="no MD5 of these files is published"):
        official.read_archive(tmp_path)


def test_shards_are_in_the_order_of_their_numbers(tmp_path):
    for k in (*range(12), 7):
        (tmp_path / f"train-{k}-of-12-b42a775f407cee45.parquet").touch()
    found = parquet_files.split_files(tmp_path, "train")
    assert [int(path.stem.split("-")[1]) for path in found] == list(range(12))


LAYOUTS = {
    "plain_text/{split}-00000-of-00001.parquet": "img",
    "{split}/0000.parquet": "image",
    "plain_text/{split}/0000.parquet": "img",
    "{split}.parquet": "image",
    "snapshots/0b2714987fa4/plain_text/{split}-00000-of-00001.parquet": "img",
}


@pytest.mark.parametrize(("layout", "column"), LAYOUTS.items())
@pytest.mark.parametrize("labels", ["indices", "names", "categories"])
def test_the_hubs_layouts_are_read(tmp_path, images, tiny_cifar, layout, column, labels):
    classes = np.array(data.DATASETS["cifar10"].classes)
    for split, (pixels, indices) in images.items():
        path = tmp_path / layout.format(split=split)
        path.parent.mkdir(parents=True, exist_ok=True)
        label = pa.array(indices if labels == "indices" else classes[indices])
        if labels == "categories":
            label = label.dictionary_encode()
        rows = [encoded(image) for image in pixels]
        rows = rows if column == "image" else [{"bytes": row, "path": None} for row in rows]
        pq.write_table(pa.table({column: rows, "label": label}), path)
    splits = SOURCES["parquet"].read(tmp_path)
    for split, (pixels, indices) in images.items():
        np.testing.assert_array_equal(splits[split].images, pixels)
        np.testing.assert_array_equal(splits[split].labels, indices)


def test_shards_are_joined_in_their_order(tmp_path, images, tiny_cifar):
    write_parquet(tmp_path, "test", *(list(x) for x in images["test"]))
    pixels, labels = images["train"]
    for k in (1, 0):
        part = slice(25 * k, 25 * k + 25)
        write_parquet(tmp_path, "train", pixels[part], labels[part].tolist())
        (tmp_path / TRAIN).rename(tmp_path / f"train-0000{k}-of-00002.parquet")
    np.testing.assert_array_equal(SOURCES["parquet"].read(tmp_path)["train"].images, pixels)


@pytest.fixture
def folders(tmp_path, images, tiny_cifar):
    """Images as files in ``<split>/<class>``."""
    classes = data.DATASETS["cifar10"].classes
    for split, (pixels, labels) in images.items():
        for k, (image, label) in enumerate(zip(pixels, labels, strict=True)):
            path = tmp_path / split / classes[label] / f"{k:04}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(image))
    return tmp_path


def test_folders_of_images_give_every_image_with_its_label(folders, images):
    splits = SOURCES["folders"].read(folders)
    for split, (pixels, labels) in images.items():
        found = splits[split]
        expected = {image.tobytes(): label for image, label in zip(pixels, labels, strict=True)}
        assert {i.tobytes(): k for i, k in zip(found.images, found.labels, strict=True)} == expected
    # The first images are of many classes, since short runs take the first ones.
    assert len(set(splits["train"].labels[:20].tolist())) >= 7


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "train" / "cat").rename(f / "train" / "cats"), "it holds airplane/"),
        (lambda f: (f / "train" / "cat" / "0003.png").unlink(), "49 PNG and JPEG images"),
        (lambda f: shutil.rmtree(f / "test"), "no folder test in .*it holds train/"),
        (
            lambda f: (f / "test" / "dog" / "0005.png").write_bytes(b"<html>"),
            "0005.png: not a JPEG",
        ),
    ],
)
def test_folders_that_are_not_the_data_set_are_refused(folders, spoil, said):
    spoil(folders)
    with pytest.raises(data.DataError, match=said):
        SOURCES["folders"].read(folders)


@pytest.mark.parametrize("mode", ["I;16", "RGBA", "LA"])
def test_pixels_that_8_bits_cannot_hold_are_refused(folders, mode):
    path = folders / "test" / "dog" / "0005.png"
    Image.new(mode, (32, 32)).save(path)
    with pytest.raises(data.DataError, match=f"0005.png: pixels of mode {mode}, expected 8 bits"):
        SOURCES["folders"].read(folders)


def test_hidden_files_among_the_folders_are_passed_over(folders):
    (folders / "train" / ".ipynb_checkpoints").mkdir()
    (folders / "train" / "cat" / "._0003.png").write_bytes(b"Mac OS X")
    assert len(SOURCES["folders"].read(folders)["train"].labels) == 50


@pytest.mark.parametrize("asked", ["archive", "folders"])
def test_a_folder_of_another_source_is_recognized(parquet, asked):
    with pytest.raises(data.DataError, match="this is data_source=parquet"):
        prepare.read("cifar10", asked, parquet)


def test_an_error_says_what_the_folder_holds(tmp_path):
    assert source.contents(tmp_path) == "it is empty"
    for k in range(8):
        (tmp_path / f"{k}.zip").touch()
    assert source.contents(tmp_path).endswith("0.zip, 1.zip, 2.zip, 3.zip, 4.zip, 5.zip and 2 more")
    assert source.contents(tmp_path / "0.zip") == "it is a file; name the folder that holds it"
    assert source.contents(tmp_path / "9") == "there is no such folder"


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
        for name in official.BATCHES:
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    monkeypatch.setitem(official.ARCHIVES, path.name, official.md5(path))
    with pytest.raises(data.DataError, match="arrays need it not"):
        official.read_archive(tmp_path)
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
    splits = SOURCES["parquet"].read(real)
    data.check(splits, "cifar10")
    facts = data.describe(splits, "cifar10", "parquet", "x")
    np.testing.assert_allclose(facts["channel_mean"], [0.4913, 0.4821, 0.4465], atol=1e-4)
    np.testing.assert_allclose(facts["channel_deviation"], [0.2452, 0.2428, 0.2606], atol=1e-4)
    assert np.bincount(splits["train"].labels).tolist() == [5_000] * 10


def test_another_folder_than_the_one_that_was_read_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache, first, second = (Path(name) for name in ("cache", "ü 1", "second"))
    cache.mkdir()
    note_folder(cache, first)
    # After a read that failed there are no images.
    assert why_not_read(cache, "parquet", second) is None
    (cache / "data.json").write_text('{"source": "parquet"}')
    assert why_not_read(cache, "parquet", first) is None
    assert why_not_read(cache, "parquet", tmp_path / "cache" / ".." / "ü 1") is None
    # Another source is read, and everything trained anew.
    for noted in (True, False):
        said = why_not_read(cache, "archive", second)
        assert "were read with data_source=parquet, which is now archive: what needs" in said
        assert "data_source=parquet in --config" in said
        if noted:
            written = (cache / READ_FROM).read_text()
            (cache / READ_FROM).unlink()
    (cache / READ_FROM).write_text(written)
    said = why_not_read(cache, "parquet", second)
    assert "were read from ü 1; data_folder is now second, which isn't read" in said
    assert f"remove {cache / READ_FROM}, and this line ends" in said
    (cache / READ_FROM).unlink()
    assert why_not_read(cache, "parquet", second) is None


def test_the_folder_is_noted_unless_the_images_need_none(tmp_path, parquet, tiny_cifar):
    for dataset, kind, noted in (("cifar10", "parquet", True), ("digits", "digits", False)):
        argv = ["--dataset", dataset, "--source", kind, "--folder", str(parquet)]
        assert prepare.main([*argv, "--output", str(tmp_path / dataset)]) == 0
        assert (tmp_path / dataset / READ_FROM).is_file() == noted
    assert why_not_read(tmp_path / "cifar10", "parquet", parquet) is None
    assert str(parquet) in why_not_read(tmp_path / "cifar10", "parquet", tmp_path / "elsewhere")
