import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from resnet.config import from_dict
from resnet.costs import estimate
from resnet.costs.layers import layers
from resnet.network.resnet.settings import Settings as Model
from resnet.network.torchvision_resnet18.settings import Settings as Torchvision
from tests.conftest import on_meta


def test_flops_are_those_of_the_formula():
    rows = {row.name: row for row in layers(Model())}
    # A convolution: 2 x kernel^2 x inputs x outputs x height x width (He et al. count half of it).
    assert rows["conv1"].flops == 2 * 9 * 3 * 32 * 32 * 32
    assert rows["layer3.0.conv1"].flops == 2 * 9 * 64 * 128 * 8 * 8
    assert rows["layer3.0.downsample.0"].flops == 2 * 64 * 128 * 8 * 8
    assert rows["fc"].flops == 2 * 256 * 10
    leaves = [r for r in layers(Model()) if r.type in ("Conv2d", "Linear")]
    assert rows["ResNet"].flops == sum(r.flops for r in leaves)


def test_the_tree_ends_in_the_published_count():
    rows = layers(Model())
    assert rows[0].parameters == 4_978_730
    leaves = [r for r in rows if r.type in ("Conv2d", "BatchNorm2d", "Linear")]
    assert sum(r.parameters for r in leaves) == 4_978_730


def test_the_stages_have_the_real_sizes():
    rows = {row.name: row.output_shape for row in layers(Model())}
    stages = ["conv1", "layer1", "layer2", "layer3", "layer4", "avgpool"]
    sizes = [rows[name].partition("x")[2] for name in stages]
    assert sizes == ["32x32", "32x32", "16x16", "8x8", "4x4", "1x1"]


def test_enlarged_images_take_more_flops_and_no_more_parameters():
    plain, large = ({r.name: r for r in layers(Model(enlarge=e))} for e in (1, 1.25))
    sizes = [large[f"layer{i}"].output_shape.partition("x")[2] for i in (1, 2, 3, 4)]
    assert sizes == ["40x40", "20x20", "10x10", "5x5"]
    assert large["ResNet"].parameters == 4_978_730
    assert large["layer1"].flops == plain["layer1"].flops * 40**2 / 32**2
    config, small = (from_dict({"model.enlarge": e}) for e in (1.25, 1))
    assert estimate.flops(config.model, 32) == estimate.flops(small.model, 32) * 40**2 / 32**2


@pytest.mark.parametrize(
    "design",
    [Model(), Model(enlarge=1.25, shortcut_kernel=3), Torchvision()],
    ids=["final", "changed", "torchvision"],
)
def test_every_module_has_the_flops_that_pytorch_counts(design):
    rows, network = layers(design), on_meta(design).eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, 3, 32, 32, device="meta"))
    counted = {name: sum(ops.values()) for name, ops in counter.get_flop_counts().items()}
    root = type(network).__name__
    assert rows[0].flops == counted[root] > 0
    for row in rows[1:]:
        assert row.flops == counted.get(f"{root}.{row.name}", 0)


def test_costs_are_counted_without_drawing_random_numbers():
    before = torch.get_rng_state()
    layers(Model())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_narrow_shortcut_is_summed_up_as_any_other():
    found = {layer.name: layer for layer in layers(Model(channels=(4, 4, 8, 16, 32)))}
    narrow, wide = (found[f"layer{i}.0.downsample.0"] for i in (2, 4))
    assert (narrow.type, narrow.kernel, narrow.stride) == ("Conv2d", "1x1", "2x2")
    assert (wide.type, wide.kernel, wide.stride) == ("Conv2d", "1x1", "2x2")
    # Outputs of 8 channels on 16x16 pixels, four multiply-adds each.
    assert narrow.flops == 2 * 4 * 8 * 16 * 16
