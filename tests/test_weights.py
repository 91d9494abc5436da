"""Weights as other projects save them are evaluated as the network from which they came."""

import argparse
import collections
import pathlib

import numpy as np
import pytest
import torch

from resnet import evaluate
from resnet.config import from_dict
from resnet.network.build import build
from resnet.weights import match
from resnet.weights.read import read_weights

SMALL = {"model.blocks": [1, 2, 1, 1], "model.channels": [4, 4, 8, 8, 8]}


@pytest.fixture(scope="module")
def network():
    """A network with statistics that evaluation depends on."""
    torch.manual_seed(0)
    made = build(from_dict(SMALL).model)
    for name, tensor in made.state_dict().items():
        if "running" in name:
            tensor.uniform_(0.5, 1.5)
    return made.eval()


def loaded(path):
    """The network that a file fills, and what is said of it."""
    torch.manual_seed(1)
    other = build(from_dict(SMALL).model)
    state, name = read_weights(path)
    return other.eval(), name, match.fill(other, state)


def same(one, other):
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        return torch.equal(one(images), other(images))


def prefixed(state, *prefixes):
    return {prefix + name: tensor for prefix in prefixes for name, tensor in state.items()}


def compiled(state):
    """Names of a network in which one stage was compiled, and the whole made parallel."""
    return {
        "module." + name.replace("layer2.", "layer2._orig_mod."): tensor
        for name, tensor in state.items()
    }


def kuangliu(state):
    """Names of the best-known ResNet for CIFAR-10."""
    return {
        k.replace("downsample", "shortcut").replace("fc.", "linear."): v for k, v in state.items()
    }


def uncounted(state):
    return {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}


def by_name(state):
    return dict(sorted(state.items()))


LIGHTNING = {"epoch": 3, "pytorch-lightning_version": "2.5.0", "optimizer_states": [{"state": {}}]}

FORMS = {
    "alone": lambda s: s,
    "ordered": collections.OrderedDict,
    "parameters": lambda s: {k: torch.nn.Parameter(v, False) for k, v in s.items()},
    "net": lambda s: {"net": s, "acc": 91.2, "epoch": 200},
    "state_dict": lambda s: {"state_dict": s, "optimizer": {"state": {}, "param_groups": []}},
    "model": lambda s: {"model": s, "ema": {k: v * 0 for k, v in s.items()}},
    "model_state_dict": lambda s: {"epoch": 1, "model_state_dict": s, "loss": torch.zeros(())},
    "another name": lambda s: {"resnet": s, "acc": 91.2},
    "Lightning": lambda s: LIGHTNING | {"state_dict": prefixed(s, "model.")},
    "module.": lambda s: prefixed(s, "module."),
    "_orig_mod.": lambda s: prefixed(s, "_orig_mod."),
    "several prefixes": lambda s: prefixed(s, "module._orig_mod.model."),
    "compiled in parts": compiled,
    "beside a loss": lambda s: prefixed(s, "model.") | {"criterion.weight": torch.ones(10)},
    "beside numbers": lambda s: {**s, "epoch": 3, "arch": "resnet"},
    "sorted": by_name,
    "sorted, prefixed": lambda s: by_name(prefixed(s, "module.")),
    "no counters": uncounted,
    "kuangliu's names": lambda s: {"net": prefixed(kuangliu(s), "module.")},
    "kuangliu's names, sorted": lambda s: by_name(kuangliu(s)),
    "numbered": lambda s: {f"layers.{k}": v for k, v in enumerate(s.values())},
    "numbered, no counters": lambda s: {str(k): v for k, v in enumerate(uncounted(s).values())},
}


@pytest.mark.parametrize("form", FORMS)
def test_weights_in_every_form_give_the_same_outputs(tmp_path, network, form):
    saved = FORMS[form](network.state_dict())
    torch.save(saved, tmp_path / "weights.pt")
    other, _, _ = loaded(tmp_path / "weights.pt")
    assert same(network, other)


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.bin"])
def test_safetensors_are_known_by_their_content(tmp_path, network, name):
    from safetensors.torch import save_file

    save_file(prefixed(kuangliu(network.state_dict()), "module."), tmp_path / name)
    assert same(network, loaded(tmp_path / name)[0])


def test_what_was_taken_is_said(tmp_path, network):
    state = network.state_dict()
    averaged = {k: v * 0 for k, v in state.items()}
    both = prefixed(state, "model.") | prefixed(averaged, "averaged.")
    torch.save({"epoch": 3, "state_dict": both}, tmp_path / "weights.pt")
    other, name, said = loaded(tmp_path / "weights.pt")
    assert (name, said) == ("state_dict", "tensors taken: model.*; also there: averaged.*")
    assert same(network, other)
    for beside, which in ((state, ""), (prefixed(state, "model."), "tensors taken: model.*; ")):
        torch.save(
            beside | {"norm.weight": torch.ones(3), "se.fc": torch.ones(2)}, tmp_path / "m.pt"
        )
        assert loaded(tmp_path / "m.pt")[2] == f"{which}not taken: norm, se"
    torch.save(FORMS["numbered, no counters"](state), tmp_path / "weights.pt")
    assert loaded(tmp_path / "weights.pt")[2] == "tensors matched by their order, not by name"


def refused(path):
    with pytest.raises(ValueError, match=path.name) as caught:
        read_weights(path)
    said = str(caught.value)
    assert "\n" not in said
    assert "weights_only" not in said
    return said


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        (argparse.Namespace(lr=0.1), "argparse.Namespace"),
        (pathlib.PosixPath("data"), "pathlib.PosixPath"),
        (np.float64(91.2), "numpy._core.multiarray.scalar"),
        (collections.defaultdict(list), "collections.defaultdict"),
    ],
)
def test_an_object_beside_the_weights_is_named(tmp_path, network, extra, named):
    path = tmp_path / "weights.pt"
    torch.save({"state_dict": network.state_dict(), "extra": extra}, path)
    assert f"holds an object of {named}," in refused(path)


def test_a_whole_network_is_named_as_an_object(tmp_path, network):
    torch.save(network, tmp_path / "weights.pt")
    said = refused(tmp_path / "weights.pt")
    assert "an object of resnet.network.resnet.network.ResNet" in said
    assert "torch.save(model.state_dict()" in said


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 19972\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LFS, "a Git LFS pointer, not the weights; fetch them with git lfs pull"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"<html>", "a web page"),
        (b"", "the file is empty"),
        (b"PK\x03\x04 cut", "not a readable file of weights"),
        (b"text", "file of weights"),
        (b"\x10\0\0\0\0\0\0\0{", "not a readable safetensors file"),
    ],
)
@pytest.mark.parametrize("name", ["weights.pt", "weights.safetensors"])
def test_what_is_no_file_of_weights_is_named(tmp_path, content, said, name):
    (tmp_path / name).write_bytes(content)
    assert said in refused(tmp_path / name)


def test_state_dicts_without_a_known_name_are_named(tmp_path, network):
    state = network.state_dict()
    torch.save({"generator": state, "critic": state}, tmp_path / "weights.pt")
    assert 'several state dicts, "generator", "critic"' in refused(tmp_path / "weights.pt")


def test_other_names_in_the_order_of_names_are_refused(network):
    state = by_name({f"a{k}": v for k, v in enumerate(uncounted(network.state_dict()).values())})
    with pytest.raises(ValueError, match="sorted by name"):
        match.fill(network, state)


def test_another_kind_of_tensor_is_not_taken_for_one_of_the_same_shape(network):
    state = uncounted(network.state_dict())
    swapped = {f"x.{name}": tensor for name, tensor in state.items()}
    names = list(swapped)
    one, two = names.index("x.bn1.weight"), names.index("x.bn1.bias")
    names[one], names[two] = names[two], names[one]
    swapped = {f"{k}.{name.rpartition('.')[2]}": swapped[name] for k, name in enumerate(names)}
    with pytest.raises(ValueError, match="another architecture's, or named otherwise"):
        match.fill(network, swapped)


@pytest.mark.parametrize("prefix", ["", "module.", "model."])
def test_a_larger_networks_weights_are_refused(network, prefix):
    larger = build(from_dict(SMALL | {"model.blocks": [2, 2, 1, 1]}).model)
    with pytest.raises(ValueError, match=r"layer1.1.conv1.weight has no place in this model"):
        match.fill(network, prefixed(larger.state_dict(), prefix))


def test_a_shape_that_differs_is_named(network):
    state = dict(network.state_dict()) | {"fc.weight": torch.zeros(100, 8)}
    with pytest.raises(ValueError, match=r"fc.weight has the shape \(100, 8\), expected \(10, 8\)"):
        match.fill(network, state)


@pytest.mark.parametrize(
    ("texts", "mean", "deviation"),
    [
        (["0.5", "0.25"], [0.5] * 3, [0.25] * 3),
        (["0.4914,0.4822,0.4465", "0.2470,0.2435,0.2616"], [0.4914, 0.4822, 0.4465], None),
        (["0", "1"], [0.0] * 3, [1.0] * 3),
    ],
)
def test_constants_of_a_normalization_are_numbers_or_three(texts, mean, deviation):
    found = evaluate.constants(texts)
    assert [x.shape for x in found] == [(3, 1, 1)] * 2
    assert found[0].flatten().tolist() == pytest.approx(mean)
    assert found[1].flatten().tolist() == pytest.approx(deviation or [0.2470, 0.2435, 0.2616])


@pytest.mark.parametrize(
    "texts", [["0.5", "0"], ["0.5,0.5", "1"], ["x", "1"], ["nan", "1"], ["125.3", "63"]]
)
def test_constants_that_are_none_are_refused(texts):
    with pytest.raises(ValueError, match="--normalization"):
        evaluate.constants(texts)
