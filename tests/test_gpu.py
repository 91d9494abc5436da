"""What only a GPU shows; the other tests of training run on it too, where there is one."""

import copy
import itertools
import warnings

import numpy as np
import pytest
import torch
from torch.nn import functional

from ablations.harness.declarations.all_declarations import load_bases
from resnet.config import changed
from resnet.images.augmentation.augmenter import Augmenter
from resnet.images.sources.cache import Split
from resnet.job import checks
from resnet.network.build import build
from resnet.network.resnet.settings import Settings as Model
from resnet.registry import TRANSFORMS, modules
from resnet.training import graphs, machine
from resnet.training.images import place
from resnet.training.run import Run

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that CUDA finds")

CUDA = torch.device("cuda")
FACTS = {"channel_mean": [0.5] * 3, "channel_deviation": [0.25] * 3}


def noise(images):
    rng = np.random.default_rng(0)
    return Split(
        rng.integers(0, 256, (images, 32, 32, 3), np.uint8), rng.integers(0, 10, images, np.int64)
    )


def run(base, cuda_graphs=True, **changes):
    """Return a run of a base on noise, an epoch of 16 batches."""
    few = {
        "data.training_images": 2048,
        "selection.held_out_images": 0,
        "budget.images_seen": 10**6,
        "batch_size": 128,
    }
    config = changed(load_bases()[base], few | changes)
    machine.set_up(1)
    return Run(config, place(config, noise(2048), noise(256), FACTS, CUDA), CUDA, cuda_graphs)


@pytest.mark.parametrize("base", ["final", "early", "recipe", "search"])
def test_no_batch_waits_for_the_gpu(base):
    steps = run(base).train_to_epoch_end()
    for _ in range(graphs.WARM_UP + 2):  # the first record the rest
        next(steps)
    with warnings.catch_warnings(action="ignore"):  # that it may miss some
        torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(8):
            next(steps)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("base", ["final", "early", "recipe", "search"])
@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_replayed_steps_have_the_bits_of_those_launched_one_by_one(base, precision):
    def trained(cuda_graphs):
        it = run(base, cuda_graphs, precision=precision)
        for _ in itertools.islice(it.train_to_epoch_end(), 12):
            pass
        return it.network.state_dict() | {"sums": it.sums, "loss": it.last_finite_loss}

    replayed, one_by_one = trained(True), trained(False)
    assert all(torch.equal(replayed[key], one_by_one[key]) for key in replayed)


@pytest.mark.parametrize("base", ["final", "recipe"])
def test_auto_finds_that_both_ways_agree(base):
    assert checks.graphs_agree(lambda cuda_graphs: run(base, cuda_graphs))


@pytest.mark.parametrize("base", ["recipe", "early"])
def test_a_run_that_goes_on_within_an_epoch_has_the_same_bits(base):
    # Of 2,000 images in batches of 128 the last batch is smaller.
    def begun():
        return run(base, **{"data.training_images": 2000, "drop_last": False})

    def state_at(it, step):
        while it.step < step:
            for _ in itertools.islice(it.train_to_epoch_end(), step - it.step):
                pass
            if not it.step % it.steps_per_epoch:
                it.end_epoch(it.evaluate(*it.images.test), None, 0.0)
        return copy.deepcopy(it.state())

    resumed = begun()
    resumed.restore(state_at(begun(), 21))
    expected, found = state_at(begun(), 29), state_at(resumed, 29)
    for part in ("network", "average"):
        if expected[part] is not None:
            assert all(torch.equal(x, found[part][key]) for key, x in expected[part].items())
    assert torch.equal(expected["sums"], found["sums"])
    assert expected["rows"][0]["test_loss"] == found["rows"][0]["test_loss"]


@pytest.mark.parametrize("base", ["final", "early", "recipe"])
@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_the_same_seed_gives_the_same_bits(base, precision):
    def trained():
        it = run(base, precision=precision)
        for _ in it.train_to_epoch_end():
            pass
        return it.network.state_dict()

    one, other = trained(), trained()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_pixels_are_the_cpus():
    split, items = noise(256), np.arange(256)
    for name in modules(TRANSFORMS):
        augmenter = Augmenter(((name,),), seed=1, epoch=0, images=256, size=32)
        pixels = torch.from_numpy(split.images)
        here, there = (augmenter.batch(pixels.to(d), items).cpu().int() for d in ("cpu", CUDA))
        apart = (here - there).abs()
        # Sums of another order round another way where they lie between two grey levels.
        assert apart.max() <= (1 if name == "random_resized_crop" else 0)
        assert (apart > 0).double().mean() < 1e-3


@pytest.mark.parametrize("enlarge", [1.0, 1.25])
def test_the_network_gives_the_cpus_numbers(enlarge):
    machine.set_up(1)
    torch.manual_seed(0)
    network = build(Model(enlarge=enlarge)).double().to(memory_format=torch.channels_last)
    images, labels = torch.randn(16, 3, 32, 32), torch.randint(0, 10, (16,))

    def gradients(device):
        net = copy.deepcopy(network).to(device)
        functional.cross_entropy(net(images.to(device).double()), labels.to(device)).backward()
        return [p.grad.cpu() for p in net.parameters()]

    for here, there in zip(gradients("cpu"), gradients(CUDA), strict=True):
        torch.testing.assert_close(here, there, rtol=1e-6, atol=1e-9)
    with torch.inference_mode():
        true = network.eval()(images.double())
        single = network.float().to(CUDA)(images.to(CUDA)).cpu().double()
    # In TF32 it would be some hundred times as far.
    assert (single - true).norm() < 1e-5 * true.norm()


def test_compiled_it_trains_as_it_does_eagerly():
    def losses(compiled):
        it = run("recipe", compile=compiled)
        found = []
        for _ in it.train_to_epoch_end():
            found.append(it.last_finite_loss.item())
        return found

    with warnings.catch_warnings(action="ignore"):  # the compiler's own
        np.testing.assert_allclose(losses(True)[:6], losses(False)[:6], rtol=0.02)
