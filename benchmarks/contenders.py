"""What `benchmarks.training` compares: training loops, and the rate of matrix products.

Each loop trains the final network on the same random images, and yields the images of each step.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from resnet.config import from_dict
from resnet.images.sources.cache import Split
from resnet.network.build import build
from resnet.network.resnet.settings import Settings as Model
from resnet.training.images import place
from resnet.training.machine import pick_device, pick_precision, wait_for
from resnet.training.run import Run

BATCH, IMAGES = 128, 10_000
WARM_UP = 5
"""Untimed steps. On a GPU, this project's fourth step is slow, because it records CUDA graphs."""

MEAN = DEVIATION = (0.5, 0.5, 0.5)

COPIES = (
    (),
    ("random_resized_crop", "horizontal_flip"),
    ("random_resized_crop", "random_rotation"),
    ("random_resized_crop", "vertical_flip"),
)
"""The final network's augmented copies (base ``final``)."""


def precision() -> str:
    """Return the fastest precision of the machine, ``bf16`` or ``fp32``, for all contenders."""
    return pick_precision("auto", pick_device())


def noise() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return random images, uint8 of shape (n, 32, 32, 3), and labels."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (IMAGES, 32, 32, 3), np.uint8), rng.integers(0, 10, IMAGES)


def rate_of(steps: Iterator[int], seconds: float) -> float:
    """Return the images per second; each item of ``steps`` is the number of images in a step."""
    for _ in range(WARM_UP):
        next(steps)
    device = pick_device()
    wait_for(device)
    seen, started = 0, time.perf_counter()
    for images in steps:
        seen += images
        if time.perf_counter() - started > seconds:
            break
    wait_for(device)
    return seen / (time.perf_counter() - started)


def forever(loader: Any) -> Iterator[Any]:
    """Yield a loader's batches, epoch after epoch."""
    while True:
        yield from loader


def paper_copies() -> Any:
    """Return the notebook's data set: four copies of the images, each with Pillow's transforms."""
    from torch.utils.data import ConcatDataset, Dataset
    from torchvision import transforms

    images, labels = noise()
    last = [transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)]
    crop = transforms.RandomResizedCrop(32)

    class Copy(Dataset[Any]):
        def __init__(self, *first: Any) -> None:
            self.transform = transforms.Compose([transforms.ToPILImage(), *first, *last])

        def __len__(self) -> int:
            return len(images)

        def __getitem__(self, index: int) -> tuple[Tensor, int]:
            return self.transform(images[index]), int(labels[index])

    return ConcatDataset(
        [
            Copy(),
            Copy(crop, transforms.RandomHorizontalFlip(1.0)),
            Copy(crop, transforms.RandomRotation(90)),
            Copy(crop, transforms.RandomVerticalFlip(1.0)),
        ]
    )


def paper_loop() -> Iterator[int]:
    """Train as the notebook: Pillow transforms, no workers, float32, metrics read every batch."""
    from torch.utils.data import DataLoader

    loader: Any = DataLoader(paper_copies(), BATCH, shuffle=True, drop_last=True)
    device = pick_device()
    network = build(Model()).to(device).train()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), 0.1, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 25, 1e-4)
    total = 0.0
    for x, y in forever(loader):
        x, y = x.to(device), y.to(device)
        output = network(x)
        loss = criterion(output, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item() + (output.argmax(1) == y).float().mean().item()
        yield len(y)


def _tensor_loader() -> Any:
    """Return a loader in the style of torchvision's references: v2 transforms, workers."""
    from torch.utils.data import DataLoader, Dataset
    from torchvision.transforms import v2

    images, labels = noise()
    transform = v2.Compose(
        [
            v2.RandomResizedCrop(32, antialias=True),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, DEVIATION),
        ]
    )
    tensors = torch.from_numpy(images).permute(0, 3, 1, 2)

    class Images(Dataset[Any]):
        def __len__(self) -> int:
            return len(labels)

        def __getitem__(self, index: int) -> tuple[Tensor, int]:
            return transform(tensors[index]), int(labels[index])

    workers = os.cpu_count() if pick_device().type == "cuda" else 2
    return DataLoader(
        Images(),
        BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=min(workers or 1, 8),
        persistent_workers=True,
    )


def torchvision_style() -> Iterator[int]:
    """Train as torchvision's reference scripts do, with autocast and channels last."""
    device = pick_device()
    network = build(Model()).to(device).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(network.parameters(), 0.1, 0.9, weight_decay=1e-4)
    criterion, fast = nn.CrossEntropyLoss(), precision() == "bf16"
    for x, y in forever(_tensor_loader()):
        x, y = x.to(device, memory_format=torch.channels_last), y.to(device)
        with torch.autocast(device.type, torch.bfloat16, fast):
            loss = criterion(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield len(y)


def lightning_trainer(seconds: float) -> float:
    """Train with Lightning's Trainer, and return the rate, since Lightning controls the loop."""
    import logging
    import warnings

    import lightning

    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = build(Model()).to(memory_format=torch.channels_last)
            self.started, self.steps, self.rate = 0.0, 0, 0.0

        def training_step(self, batch: Any, index: int) -> Tensor:
            # Count steps here, because Lightning's index restarts with every epoch.
            if self.steps == WARM_UP:
                self.started = time.perf_counter()
            elif self.steps > WARM_UP:
                # The duration of the previous steps.
                spent = time.perf_counter() - self.started
                self.rate = (self.steps - WARM_UP) * BATCH / spent
                self.trainer.should_stop = spent > seconds
            self.steps += 1
            return nn.functional.cross_entropy(self.network(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), 0.1, 0.9, weight_decay=1e-4)

    module = Module()
    trainer = lightning.Trainer(
        precision="bf16-mixed" if precision() == "bf16" else "32-true",
        max_epochs=-1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, _tensor_loader())
    return module.rate


def ours(compiled: bool = False, cuda_graphs: bool = True) -> Iterator[int]:
    """Train as this project does, with the final network's protocol."""
    config = from_dict(
        {
            "data.training_images": IMAGES,
            "augmentation.copies": COPIES,
            "schedule": {"name": "cosine", "t_max": 25, "eta_min": 1e-4},
            "optimizer.weight_decay": 1e-4,
            "budget.images_seen": 10**9,
            "batch_size": BATCH,
            "compile": compiled,
        }
    )
    split = Split(*noise())
    few = Split(split.images[:10], split.labels[:10])
    device = pick_device()
    run = Run(config, place(config, split, few, {}, device), device, cuda_graphs)
    while True:
        for _ in run.train_to_epoch_end():
            yield BATCH
        run.end_epoch(run.evaluate(*run.images.test), None, 0.0)


def gemm(seconds: float = 8.0) -> float:
    """Return the best rate of matrix products in the precision of training, in FLOP/s."""
    device = pick_device()
    dtype = torch.bfloat16 if precision() == "bf16" else torch.float32
    best = 0.0
    shapes = [(512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048), (8192, 256, 2304)]
    if device.type == "cuda":
        shapes += [(4096, 4096, 4096), (8192, 8192, 8192)]
    for m, n, k in shapes:
        a, b = (
            torch.randn(m, k, dtype=dtype, device=device),
            torch.randn(k, n, dtype=dtype, device=device),
        )
        for _ in range(3):
            a @ b
        wait_for(device)
        times, started = 0, time.perf_counter()
        while time.perf_counter() - started < seconds / len(shapes):
            a @ b
            times += 1
        wait_for(device)
        best = max(best, 2 * m * n * k * times / (time.perf_counter() - started))
    return best


STEPPING: dict[str, Callable[[], Iterator[int]]] = {
    "paper loop": paper_loop,
    "torchvision style": torchvision_style,
    "ours": ours,
    "ours compiled": functools.partial(ours, compiled=True),
    "ours without graphs": functools.partial(ours, cuda_graphs=False),
}
TIMED: dict[str, Callable[[float], float]] = {"Lightning": lightning_trainer, "GEMM": gemm}
