import json
import shutil

import numpy as np
import pytest
import torch

from resnet import evaluate
from resnet.config import from_dict, to_dict
from resnet.images.sources.cache import load
from resnet.network.build import build
from resnet.training import evaluation

SMALL = {
    "model.blocks": [1, 1, 1, 1],
    "model.channels": [4, 4, 8, 8, 8],
    "data": {"dataset": "digits", "training_images": 256},
}


def correct(n, images=10_000):
    return np.arange(images) < n


def test_the_notebooks_average_gives_the_published_digits():
    # Run `final` drops the last batch of 128; the last of these images lie in it.
    images = np.zeros(10_000, bool)
    images[:9_057] = True
    assert evaluation.notebook_average(images, 128, True) == pytest.approx(0.907151460647583, 1e-7)
    # Run `early-adam-bs64` averages 157 batches, the last of 16 images: here 12 of those.
    images = np.zeros(10_000, bool)
    images[:6_152] = True
    images[-12:] = True
    expected = (6_152 / 64 + 12 / 16) / 157
    assert evaluation.notebook_average(images, 64, False) == pytest.approx(expected)
    assert expected == pytest.approx(0.6170382499694824, abs=1e-7)


def test_an_average_without_a_whole_batch_takes_what_there_is():
    assert evaluation.notebook_average(np.array([True, False]), 128, True) == 0.5


def at(images, down, right):
    """Each image moved on a black ground, by assignment."""
    moved = torch.zeros_like(images)
    h, w = images.shape[2:]
    moved[:, :, max(down, 0) : h + min(down, 0), max(right, 0) : w + min(right, 0)] = images[
        :, :, max(-down, 0) : h + min(-down, 0), max(-right, 0) : w + min(-right, 0)
    ]
    return moved


VIEWS = {
    (False, False): [(1, 0, 0, False)],
    (True, False): [(1 / 2, 0, 0, False), (1 / 2, 0, 0, True)],
    (False, True): [(1 / 2, 0, 0, False), (1 / 4, -1, -1, False), (1 / 4, 1, 1, False)],
    (True, True): [
        *((1 / 4, 0, 0, mirrored) for mirrored in (False, True)),
        *((1 / 8, by, by, mirrored) for by in (-1, 1) for mirrored in (False, True)),
    ],
}


@pytest.mark.parametrize(("flip", "shift"), VIEWS)
def test_logits_are_the_mean_over_the_views_of_an_image(flip, shift):
    torch.manual_seed(0)
    network = build(from_dict(SMALL).model)
    images = torch.randint(0, 256, (6, 8, 8, 3), dtype=torch.uint8)
    half = torch.full((3, 1, 1), 0.5)
    result = evaluation.evaluate(
        network,
        images,
        torch.zeros(6, dtype=torch.int64),
        mean=half,
        deviation=half,
        autocast=None,
        batch_size=2,
        drop_last=False,
        flip=flip,
        shift=shift,
    )
    pixels = images.permute(0, 3, 1, 2)
    logits = torch.zeros(6, 10)
    for weight, down, right, mirrored in VIEWS[flip, shift]:
        x = (at(pixels, down, right).float() / 255 - 0.5) / 0.5
        with torch.inference_mode():
            logits = logits + weight * network(x.flip(3) if mirrored else x)
    np.testing.assert_allclose(result.probabilities, logits.softmax(1).numpy(), atol=1e-5)


@pytest.fixture
def trained(tmp_path):
    """Weights of a small network beside their config."""
    from safetensors.torch import save_file

    config = from_dict(SMALL)
    torch.manual_seed(0)
    network = build(config.model)
    (tmp_path / "config.json").write_text(json.dumps(to_dict(config)))
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    return tmp_path, network


def outcome(capsys, *argv):
    code = evaluate.main([str(a) for a in argv])
    return code, capsys.readouterr()


def test_saved_weights_are_evaluated_on_the_test_images(trained, digits, capsys):
    folder, network = trained
    code, printed = outcome(capsys, folder / "model.safetensors", "--data", digits)
    assert code == 0
    split = load(digits, "test")
    x = (torch.from_numpy(split.images).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    with torch.inference_mode():
        right = (network.eval()(x).argmax(1).numpy() == split.labels).mean()
    assert f"accuracy {right:.2%} of {len(split.labels)} images" in printed.out
    assert f"{sum(p.numel() for p in network.parameters()):,} parameters" in printed.out
    again = outcome(capsys, folder / "model.safetensors", "--data", "digits")
    assert again[1].out == printed.out


def test_images_of_another_data_set_are_refused(trained, digits, capsys, tmp_path):
    folder, _ = trained
    other = tmp_path / "other"
    shutil.copytree(digits, other)
    facts = json.loads((other / "data.json").read_text())
    (other / "data.json").write_text(json.dumps(facts | {"dataset": "cifar10"}))
    code, printed = outcome(capsys, folder / "model.safetensors", "--data", other)
    assert code == 1
    assert f"{other}: contains cifar10; the config needs digits" in printed.err


def test_a_folder_that_is_not_there_is_no_word_for_the_digits(trained, capsys, tmp_path):
    folder, _ = trained
    code, printed = outcome(capsys, folder / "model.safetensors", "--data", tmp_path / "misspelt")
    assert code == 1
    assert f"{tmp_path / 'misspelt'}: no such folder" in printed.err


def test_a_state_dict_with_other_names_is_taken_by_order(trained, digits, capsys):
    folder, network = trained
    first = outcome(capsys, folder / "model.safetensors", "--data", digits)[1].out
    renamed = {f"layers.{i}": v for i, v in enumerate(network.state_dict().values())}
    torch.save(renamed, folder / "model.pt")
    second = outcome(capsys, folder / "model.pt", "--data", digits)[1].out
    assert first.partition("test loss")[2] == second.partition("test loss")[2]
    assert "matched by their order" in second


def test_another_architectures_weights_are_refused(trained, digits, capsys):
    folder, _ = trained
    torch.save({"weight": torch.zeros(3)}, folder / "model.pt")
    code, printed = outcome(capsys, folder / "model.pt", "--data", digits)
    assert code == 1
    assert "another architecture" in printed.err


def test_the_constants_of_the_training_are_those_of_the_evaluation(trained, digits):
    folder, _ = trained
    config = from_dict(SMALL)

    def loss(config, where=digits, texts=None):
        given = evaluate.constants(texts) if texts else None
        weights = folder / "model.safetensors"
        return evaluate.evaluate_file(weights, str(where), config, given)[0].loss

    facts = json.loads((digits / "data.json").read_text())
    texts = [",".join(map(str, facts[k])) for k in ("channel_mean", "channel_deviation")]
    channel = from_dict(SMALL | {"data": SMALL["data"] | {"normalization": "channel"}})
    assert loss(config) == loss(config, texts=["0.5", "0.5"]) != loss(config, texts=texts)
    # Also from the source itself, without a cache.
    assert loss(channel) == loss(channel, "digits") == loss(config, texts=texts)


class Hostile:
    def __reduce__(self):
        return (print, ("this ran",))


@pytest.mark.parametrize("content", [Hostile(), {"a": 3}, [1, 2]])
def test_a_file_that_is_no_state_dict_is_refused_and_runs_nothing(trained, digits, capsys, content):
    folder, _ = trained
    torch.save(content, folder / "model.pt")
    code, printed = outcome(capsys, folder / "model.pt", "--data", digits)
    assert code == 1
    assert "this ran" not in printed.out
    assert printed.err.startswith("error:")
    assert "Traceback" not in printed.err


@pytest.mark.parametrize("name", ["missing.pt", "missing.safetensors"])
def test_missing_weights_are_an_error(trained, digits, capsys, name):
    code, printed = outcome(capsys, trained[0] / name, "--data", digits)
    assert code == 1
    assert name in printed.err


def test_a_spoilt_config_is_an_error(trained, digits, capsys):
    folder, _ = trained
    (folder / "config.json").write_text("[1]")
    code, printed = outcome(capsys, folder / "model.safetensors", "--data", digits)
    assert code == 1
    assert "config.json" in printed.err
