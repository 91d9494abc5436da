import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def said(code, *argv, **environment):
    """Return what a fresh Python process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *argv],
        cwd=ROOT,
        env=environment or None,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


OPTIMIZERS = """
import torch
from resnet.machine import spare_compiler
from torch.optim import SGD, Adam, AdamW

def trained(kind, **options):
    torch.manual_seed(0)
    network = torch.nn.Linear(5, 3)
    optimizer = kind(network.parameters(), lr=0.1, weight_decay=0.1, **options)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)
    for _ in range(4):
        optimizer.zero_grad()
        network(torch.randn(7, 5)).square().sum().backward()
        optimizer.step()
        schedule.step()
    optimizer.load_state_dict(optimizer.state_dict())
    assert torch.is_grad_enabled()
    return network.weight

kinds = [(SGD, {"momentum": 0.9, "nesterov": True}), (Adam, {}), (AdamW, {})]
"""


def test_optimizers_without_the_compiler_are_the_same_to_the_bit():
    code = """
plain = [trained(kind, **options) for kind, options in kinds]
spare_compiler()
spare_compiler()
print([torch.equal(w, trained(kind, **options)) for w, (kind, options) in zip(plain, kinds)])
"""
    assert said(OPTIMIZERS + code) == "[True, True, True]"


def test_no_optimizer_imports_the_compiler():
    code = """
import sys
spare_compiler()
for kind, options in kinds:
    trained(kind, **options)
print("torch._dynamo" in sys.modules)
"""
    assert said(OPTIMIZERS + code) == "False"


def test_a_run_does_not_import_the_compiler(digits, tmp_path):
    """Importing it takes longer than the rest of what a short run needs."""
    config = {
        "model": {"blocks": [1, 1, 1, 1], "channels": [8] * 5},
        "data": {"dataset": "digits", "training_images": 64},
        "budget": {"images_seen": 128},
        "batch_size": 64,
    }
    code = """
import sys
from resnet.train import main
config, data, output = sys.argv[1:]
status = main(["--config", config, "--seed", "0", "--data", data, "--output", output])
print(status, [name for name in ("torch._dynamo", "torch._inductor") if name in sys.modules])
"""
    assert said(code, json.dumps(config), str(digits), str(tmp_path / "seed0")) == "0 []"


@pytest.mark.parametrize(("asked", "huge"), [({}, True), ({"THP_MEM_ALLOC_ENABLE": "0"}, False)])
def test_large_tensors_lie_in_huge_pages_unless_they_should_not(asked, huge):
    """The kernel is asked for them (``hg``), whether or not it has any to give."""
    if not Path("/sys/kernel/mm/transparent_hugepage/enabled").exists():
        pytest.skip("needs Linux with transparent huge pages")
    code = """
import torch
from resnet.machine import set_up
set_up(1)
images = torch.ones(2**24)
print(images.data_ptr() + 2**25)
print(open("/proc/self/smaps").read())
"""
    address, _, maps = said(code, **asked, PATH="").partition("\n")
    flags = next(
        re.search(r"VmFlags:(.*)", part)[1].split()
        for part in re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", maps, flags=re.MULTILINE)
        if (span := re.match(r"([0-9a-f]+)-([0-9a-f]+)", part))
        and int(span[1], 16) <= int(address) < int(span[2], 16)
    )
    assert ("hg" in flags) == huge
