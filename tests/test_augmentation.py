import math

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torchvision.transforms import RandomResizedCrop, RandomRotation
from torchvision.transforms import functional as tv

from resnet.images.augmentation import augmenter as augment
from resnet.images.augmentation.transform import named
from resnet.images.augmentation.transforms import (
    cutout,
    horizontal_flip,
    random_crop,
    random_horizontal_flip,
    random_resized_crop,
    random_rotation,
    vertical_flip,
)


def made_up(size):
    """Smooth and noisy images, uint8 of shape (300, size, size, 3)."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (300, size, size, 3))
    ramp = np.linspace(0, 255, size)[None, :, None, None] * np.ones((300, 1, size, 3))
    weight = rng.random((300, 1, 1, 1))
    return (weight * noise + (1 - weight) * ramp).astype(np.uint8)


@pytest.fixture(scope="module")
def photographs():
    return made_up(32)


def planes(images):
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def worst_difference(ours, theirs):
    ours = ours.permute(0, 2, 3, 1).numpy().astype(int)
    return np.abs(ours - np.stack([np.asarray(image) for image in theirs]).astype(int)).max()


def draw(draws, images=300, epoch=0):
    return augment.uniforms(0, epoch, 1, 0, images=images, draws=draws)


@pytest.mark.parametrize("size", [8, 32])
def test_resized_crops_have_torchvisions_pixels(size):
    photographs = made_up(size)
    boxes = random_resized_crop.crop_box(draw(22), size)
    theirs = [
        tv.resized_crop(Image.fromarray(image), *map(int, box), (size, size))
        for image, box in zip(photographs, boxes, strict=True)
    ]
    ours = random_resized_crop.resized_crop(planes(photographs), torch.from_numpy(boxes))
    assert worst_difference(ours, theirs) == 0


@pytest.mark.parametrize("size", [8, 32])
def test_rotations_have_torchvisions_pixels(size):
    photographs = made_up(size)
    angles = random_rotation.angle(draw(1), size)
    angles[:3, 0] = [0, 90, -90]
    theirs = [
        tv.rotate(Image.fromarray(image), float(angle))
        for image, (angle,) in zip(photographs, angles, strict=True)
    ]
    ours = random_rotation.rotation(planes(photographs), torch.from_numpy(angles))
    # At exact quarter turns Pillow transposes instead of transforming.
    assert worst_difference(ours[3:], theirs[3:]) == 0
    assert worst_difference(ours[:1], theirs[:1]) == 0


def test_flips_have_torchvisions_pixels(photographs):
    none = torch.zeros(300, 0)
    images = [Image.fromarray(image) for image in photographs]
    ours = horizontal_flip.mirrored(planes(photographs), none)
    assert worst_difference(ours, [tv.hflip(image) for image in images]) == 0
    ours = vertical_flip.upside_down(planes(photographs), none)
    assert worst_difference(ours, [tv.vflip(image) for image in images]) == 0


@pytest.mark.parametrize(("size", "border"), [(8, 1), (32, 4)])
def test_shifted_crops_have_torchvisions_pixels(size, border):
    photographs = made_up(size)
    offsets = random_crop.offset(draw(2), size)
    assert set(offsets.ravel()) == set(range(2 * border + 1))
    theirs = [
        tv.crop(tv.pad(Image.fromarray(image), border), int(top), int(left), size, size)
        for image, (top, left) in zip(photographs, offsets, strict=True)
    ]
    ours = random_crop.shifted(planes(photographs), torch.from_numpy(offsets))
    assert worst_difference(ours, theirs) == 0


def test_cutout_has_torchvisions_pixels_and_may_pass_the_border(photographs):
    corners = cutout.hole(draw(2), 32)
    assert set(corners.ravel()) == set(range(-4, 28))
    theirs = []
    for image, (top, left) in zip(planes(photographs), corners.astype(int), strict=True):
        bottom, right = top + 8, left + 8
        top, left = max(top, 0), max(left, 0)
        theirs.append(tv.erase(image, top, left, bottom - top, right - left, torch.tensor(128)))
    ours = cutout.cut_out(planes(photographs), torch.from_numpy(corners))
    torch.testing.assert_close(ours, torch.stack(theirs), rtol=0, atol=0)


def test_crop_boxes_follow_torchvisions_distribution():
    torch.manual_seed(0)
    image = torch.zeros(3, 32, 32)
    theirs = np.array(
        [
            RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3])  # type: ignore[list-item]
            for _ in range(4_000)
        ]
    )
    ours = random_resized_crop.crop_box(draw(22, images=4_000), 32)
    assert (ours[:, :2] >= 0).all()
    assert (ours[:, :2] + ours[:, 2:] <= 32).all()
    for column in range(4):
        same = stats.ks_2samp(ours[:, column], theirs[:, column])
        assert same.pvalue > 0.001, "top left height width"[column]
    area_ours, area_theirs = (b[:, 2] * b[:, 3] for b in (ours, theirs))
    assert stats.ks_2samp(area_ours, area_theirs).pvalue > 0.001


def test_a_crop_without_a_fit_is_the_whole_image():
    # Area 1 at ratio 4/3 is wider than the image, ten times over.
    u = np.full((1, 22), 1 - 1e-9)
    assert random_resized_crop.crop_box(u, 32).tolist() == [[0, 0, 32, 32]]


def test_angles_follow_torchvisions_distribution():
    torch.manual_seed(0)
    theirs = [RandomRotation.get_params([-90.0, 90.0]) for _ in range(4_000)]
    ours = random_rotation.angle(draw(1, images=4_000), 32)[:, 0]
    assert stats.ks_2samp(ours, theirs).pvalue > 0.001


def test_coins_are_fair():
    coins = random_horizontal_flip.coin(draw(1, images=10_000), 32)
    assert stats.binomtest(int(coins.sum()), 10_000).pvalue > 0.001


def test_randomness_is_a_function_of_seed_epoch_copy_and_place():
    keys = [(s, e, c, p) for s in (0, 1) for e in (0, 1) for c in (0, 1) for p in (0, 1)]
    drawn = [augment.uniforms(*key, images=5, draws=3) for key in keys]
    again = [augment.uniforms(*key, images=5, draws=3) for key in keys]
    np.testing.assert_array_equal(drawn, again)
    assert len({u.tobytes() for u in drawn}) == len(keys)


def test_an_epochs_order_is_a_permutation_of_its_own():
    first, second = augment.order(0, 0, 1_000), augment.order(0, 1, 1_000)
    assert sorted(first) == list(range(1_000))
    assert (first != second).any()
    assert abs(stats.pearsonr(first, second).statistic) < 5 / math.sqrt(1_000)


def test_a_batch_mixes_copies_and_matches_images_one_by_one(photographs):
    crop, turn = "random_resized_crop", "random_rotation"
    copies = ((), (crop, "horizontal_flip"), (turn,), (crop, turn))
    augmenter = augment.Augmenter(copies, seed=3, epoch=2, images=300, size=32)
    pixels = torch.from_numpy(photographs)
    items = augment.order(3, 2, 1_200)[:64]
    batch = augmenter.batch(pixels, items)
    alone = torch.cat([augmenter.batch(pixels, items[i : i + 1]) for i in range(64)])
    assert batch.dtype == torch.uint8
    torch.testing.assert_close(batch, alone, rtol=0, atol=0)
    plain = [i for i, item in enumerate(items) if item < 300]
    torch.testing.assert_close(batch[plain], planes(photographs)[items[plain]], rtol=0, atol=0)
    last = [i for i, item in enumerate(items) if item >= 900]
    assert plain
    assert last
    for i in last:
        expected = planes(photographs)[[items[i] - 900]]
        for place, name in enumerate(copies[3]):
            transform = named(name)
            u = augment.uniforms(3, 2, 3, place, images=300, draws=transform.draws)
            drawn = torch.from_numpy(transform.parameters(u, 32)[[items[i] - 900]])
            expected = transform.pixels(expected, drawn)
        torch.testing.assert_close(batch[[i]], expected, rtol=0, atol=0)


def test_normalized_is_to_tensor_and_normalize(photographs):
    means, deviations = [0.49, 0.48, 0.45], [0.25, 0.24, 0.26]
    mean, deviation = (torch.tensor(x).view(3, 1, 1) for x in (means, deviations))
    images = planes(photographs)
    # As evaluation's views are: mirrored, and cut from wider ones.
    for view in (images, images.flip(3), images[:, :, 1:31, 2:32]):
        before = view.clone()
        ours = augment.normalized(view, mean, deviation)
        torch.testing.assert_close(ours, tv.normalize(view.float() / 255, means, deviations))
        assert ours.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(view, before, rtol=0, atol=0)
