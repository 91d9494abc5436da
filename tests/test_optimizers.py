import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def said(code, *argv):
    """Return what a fresh Python process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *argv],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


TRAINED = """
import sys
import torch
from torch import optim
from resnet.training.optimizers.adam.optimizer import Adam
from resnet.training.optimizers.adamw.optimizer import AdamW
from resnet.training.optimizers.sgd.optimizer import SGD
from resnet.training.optimizers.muon.optimizer import Muon

def trained(kind, *arguments, **options):
    torch.manual_seed(0)
    network = torch.nn.Conv2d(5, 3, 3)
    optimizer = kind([{"params": network.parameters(), "kernels": False}], *arguments, **options)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)
    for i in range(4):
        optimizer.zero_grad()
        network(torch.randn(7, 5, 4, 4)).square().sum().backward()
        optimizer.step()
        schedule.step()
        if i == 1:
            optimizer.load_state_dict(optimizer.state_dict())
    assert torch.is_grad_enabled()
    return network.weight

OURS = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW}
KINDS = {
    "SGD": {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    "Adam": {"lr": 0.01, "weight_decay": 0.1},
    "AdamW": {"lr": 0.01, "weight_decay": 0.1},
}
ours = {name: trained(OURS[name], **options) for name, options in KINDS.items()}
"""


def test_they_train_as_torchs_own_do_to_the_bit():
    code = """
for name, options in KINDS.items():
    print(torch.equal(ours[name], trained(getattr(optim, name), **options)))
print("torch._dynamo" in sys.modules)
"""
    # torch's own import the compiler; where they no longer do, ours aren't needed.
    assert said(TRAINED + code).split() == ["True"] * 4


def test_none_imports_the_compiler():
    code = """
class Step(Muon):
    def __init__(self, groups):
        super().__init__([group | {"lr": 0.01} for group in groups], 0.9, True, 0.1)

trained(Step)
print("torch._dynamo" in sys.modules)
"""
    assert said(TRAINED + code) == "False"


def test_a_run_does_not_import_the_compiler(digits, tmp_path):
    """Importing it takes longer than the rest of what a short run needs."""
    config = {
        # Wide and large enough for operations of our own (resnet.training.fast_cpu.winograd).
        "model": {"blocks": [1, 1, 1, 1], "channels": [8, 64, 8, 8, 8], "enlarge": 1.5},
        "precision": "fp32",
        "data": {"dataset": "digits", "training_images": 64},
        "budget": {"images_seen": 128},
        "batch_size": 64,
    }
    code = """
import sys
from resnet.training.fast_cpu import winograd
from resnet.train import main
calls, convolve = [], winograd.convolve
winograd.convolve = lambda *given: calls.append(0) or convolve(*given)
config, data, output = sys.argv[1:]
status = main(["--config", config, "--seed", "0", "--data", data, "--output", output])
compiler = {"torch._dynamo", "torch._inductor"}
print(status, len(calls) > 0, sorted(compiler & set(sys.modules)))
"""
    assert said(code, json.dumps(config), str(digits), str(tmp_path / "seed0")) == "0 True []"
