"""The training loop: train a network batch by batch, and evaluate it after every epoch."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from resnet.config import RunConfig
from resnet.images.augmentation.augmenter import normalized
from resnet.network.build import build
from resnet.training import length, machine
from resnet.training.averaging import update_average
from resnet.training.batches import batches
from resnet.training.evaluation import Evaluation, evaluate
from resnet.training.graphs import Recorded
from resnet.training.idle_weights import zero_idle_gradients
from resnet.training.images import Images
from resnet.training.optimizers.base import Optimizer
from resnet.training.optimizers.build import build as build_optimizer
from resnet.training.schedules.build import build as build_schedule
from resnet.training.schedules.build import printed_rate, rate

FAST_CPU = Path(__file__).parent / "fast_cpu" / "entry.py"
"""The entry to what CPUs compute faster; everything works without its folder."""


def seeded_network(config: RunConfig, device: torch.device) -> nn.Module:
    """Return the network with the initial weights of the config's seed, on its device."""
    torch.manual_seed(config.seed)
    network = build(config.model, len(config.dataset.classes)).to(device)
    return network.to(memory_format=torch.channels_last)


def adapt(
    network: nn.Module, optimizer: Optimizer, config: RunConfig, autocast: torch.dtype | None
) -> None:
    """Adapt the network and the optimizer to the device, for correct results and for speed.

    Without the folder ``fast_cpu``, a CPU uses PyTorch's own operations.
    """
    if autocast:
        zero_idle_gradients(network, config.dataset.image_size)
    on_cpu = next(network.parameters()).is_cpu
    if on_cpu and FAST_CPU.is_file():
        from resnet.training.fast_cpu.entry import speed_up

        speed_up(network, optimizer, autocast)


class Run:
    """A training run in progress: network, optimizer, schedule and results so far.

    Parameters
    ----------
    config
        The run's config.
    images
        The images for training and evaluation (see `place`).
    device
        The device to train on.
    cuda_graphs
        Whether to launch a GPU's steps as CUDA graphs, which doesn't change the results.
    """

    def __init__(
        self, config: RunConfig, images: Images, device: torch.device, cuda_graphs: bool = True
    ) -> None:
        self.config, self.images, self.device = config, images, device
        self.precision = machine.pick_precision(config.precision, device)
        self.autocast = torch.bfloat16 if self.precision == "bf16" else None
        self.network = seeded_network(config, device)
        dtype = self.autocast or torch.float32
        self.optimizer = build_optimizer(config.optimizer, self.network.parameters(), dtype)
        adapt(self.network, self.optimizer, config, self.autocast)
        # Moving average of the network's weights, if the config asks for it.
        self.average = copy.deepcopy(self.network) if config.evaluation.averaging_share else None
        self.forward = machine.compiled(self.network, device) if config.compile else self.network
        self.scheduler = build_schedule(
            config.schedule, self.optimizer, length.schedule_steps(config)
        )
        self.steps, self.steps_per_epoch = (
            length.total_steps(config),
            length.steps_per_epoch(config),
        )
        self.step, self.learning_rate = 0, rate(self.scheduler)
        self.rows: list[dict[str, Any]] = []
        self.last_test: Evaluation | None = None
        # Sums stay on the device, in fixed memory: reading them would synchronise with the GPU.
        self.sums = torch.zeros(2, dtype=torch.float64, device=device)
        self.last_finite_loss = torch.full((), math.nan, dtype=torch.float64, device=device)
        # A compiled network already uses CUDA graphs.
        recorded = cuda_graphs and device.type == "cuda" and not config.compile
        self.gradients: Callable[..., list[Tensor]] = (
            Recorded(self._gradients) if recorded else self._gradients
        )
        self.trained: list[nn.Parameter] = []
        self._begin_epoch()

    @property
    def evaluated(self) -> nn.Module:
        """The network that is evaluated and saved: the average if there is one."""
        return self.average or self.network

    def _begin_epoch(self) -> None:
        self.sums.zero_()
        self.epoch_images = 0
        self.train_seconds = 0.0

    @property
    def epochs(self) -> int:
        """Number of epochs in the budget; the last one may be partial."""
        return math.ceil(self.steps / self.steps_per_epoch)

    @property
    def finished(self) -> bool:
        """Whether the last epoch has been trained and evaluated, or the loss is NaN or infinite."""
        return len(self.rows) == self.epochs or self.diverged

    @property
    def diverged(self) -> bool:
        """Whether the last epoch's training loss is NaN or infinite."""
        return bool(self.rows) and not math.isfinite(self.rows[-1]["train_loss"])

    def state(self) -> dict[str, Any]:
        """Return the complete state, from which `restore` resumes the run."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict() if self.average else None,
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "step": self.step,
            "rows": self.rows,
            "sums": self.sums,
            "epoch_images": self.epoch_images,
            "train_seconds": self.train_seconds,
            "learning_rate": self.learning_rate,
            "last_finite_loss": self.last_finite_loss,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Resume the run from a `state`."""
        self.network.load_state_dict(state["network"])
        if self.average:
            self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.step, self.rows = state["step"], state["rows"]
        self.sums.copy_(state["sums"])
        self.epoch_images, self.train_seconds = state["epoch_images"], state["train_seconds"]
        self.learning_rate = state["learning_rate"]
        self.last_finite_loss.copy_(state["last_finite_loss"])

    def train_to_epoch_end(self) -> Iterator[None]:
        """Train to the end of the current epoch, and yield after every batch."""
        epoch = len(self.rows)
        began = epoch * self.steps_per_epoch
        end = min(began + self.steps_per_epoch, self.steps)
        coming = batches(self.config, self.images.training, epoch, self.step - began, end - began)
        self.network.train()
        while self.step < end:
            start = time.perf_counter()
            self._train_batch(*next(coming))
            self.step += 1
            if self.config.schedule.every == "batch" or not self.step % self.steps_per_epoch:
                self.scheduler.step()
            self.train_seconds += time.perf_counter() - start
            yield
        start = time.perf_counter()
        machine.wait_for(self.device)
        self.train_seconds += time.perf_counter() - start

    def _train_batch(self, images: Tensor, labels: Tensor) -> None:
        self.learning_rate = rate(self.scheduler)
        whole = len(labels) == self.config.batch_size
        gradients = (self.gradients if whole else self._gradients)(images, labels)
        for weight, gradient in zip(self.trained, gradients, strict=True):
            weight.grad = gradient
        self.optimizer.step()
        if self.average:
            # After the first batch, the average is equal to the network.
            steps = max(1.0, self.config.evaluation.averaging_share * self.steps)
            update_average(self.average, self.network, math.exp(-1 / steps) if self.step else 0.0)
        self.epoch_images += len(labels)

    def _gradients(self, images: Tensor, labels: Tensor) -> list[Tensor]:
        """Return the gradients after `Optimizer.prepare`, and update the sums for the epoch."""
        pixels = normalized(images, self.images.mean, self.images.deviation)
        with torch.autocast(self.device.type, self.autocast, self.autocast is not None):
            logits = self.forward(pixels)
        loss = functional.cross_entropy(
            logits.float(), labels, label_smoothing=self.config.label_smoothing
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.prepare()
        with torch.no_grad():
            correct = (logits.argmax(1) == labels).sum()
            self.sums += torch.stack([loss.double() * len(labels), correct.double()])
            last = torch.where(loss.isfinite(), loss.double(), self.last_finite_loss)
            self.last_finite_loss.copy_(last)
        # Weights that the loss doesn't depend on have no gradient.
        self.trained = [w for w in self.network.parameters() if w.grad is not None]
        return [w.grad for w in self.trained if w.grad is not None]

    def evaluate(self, images: Tensor, labels: Tensor) -> Evaluation:
        """Return the network's evaluation on ``images``."""
        return evaluate(
            self.evaluated,
            images,
            labels,
            mean=self.images.mean,
            deviation=self.images.deviation,
            autocast=self.autocast,
            batch_size=self.config.batch_size,
            drop_last=self.config.drop_last,
            flip=self.config.evaluation.flip,
            shift=self.config.evaluation.shift,
        )

    def evaluate_epoch(self) -> tuple[Evaluation, Evaluation | None, float]:
        """Return the evaluations on test and held-out images, and their duration in seconds."""
        start = time.perf_counter()
        test = self.evaluate(*self.images.test)
        held_out = self.evaluate(*self.images.held_out) if self.images.held_out else None
        return test, held_out, time.perf_counter() - start

    def end_epoch(self, test: Evaluation, held_out: Evaluation | None, seconds: float) -> None:
        """Append the epoch's row, with the learning rate of the epoch's last batch."""
        self.last_test = test
        loss, correct = (self.sums / self.epoch_images).tolist()
        self.rows.append(
            {
                "epoch": len(self.rows),
                "images_seen": self.epoch_images
                + (self.rows[-1]["images_seen"] if self.rows else 0),
                "train_loss": loss,
                "train_accuracy": correct,
                "test_loss": test.loss,
                "test_accuracy": test.accuracy,
                "notebook_test_accuracy": test.notebook_accuracy,
                "held_out_loss": held_out.loss if held_out else None,
                "held_out_accuracy": held_out.accuracy if held_out else None,
                "learning_rate": self.learning_rate,
                "printed_learning_rate": printed_rate(self.scheduler),
                "images_per_second": self.epoch_images / max(self.train_seconds, 1e-9),
                "seconds": self.train_seconds + seconds,
            }
        )
        self._begin_epoch()

    def last_answers(self) -> tuple[Evaluation, float]:
        """Return the evaluation on the test images, and the accuracy on plain training images.

        Plain means not augmented and in evaluation mode; the accuracy is in [0, 1].
        """
        # None where the run resumed from a checkpoint of its last epoch.
        test = self.last_test or self.evaluate(*self.images.test)
        return test, self.evaluate(*self.images.training).accuracy

    def results(self) -> dict[str, Any]:
        """Return a summary of the run: counts, and accuracies in [0, 1]."""
        best = max(self.rows, key=lambda row: row["test_accuracy"])
        last = self.rows[-1]
        return {
            "status": "diverged" if self.diverged else "finished",
            "epochs": len(self.rows),
            "steps": self.step,
            "images_seen": last["images_seen"],
            "final_test_accuracy": last["test_accuracy"],
            "final_notebook_test_accuracy": last["notebook_test_accuracy"],
            "best_test_accuracy": best["test_accuracy"],
            "best_epoch": best["epoch"],
            "best_notebook_test_accuracy": max(r["notebook_test_accuracy"] for r in self.rows),
            # Of a batch, since the mean over a diverged epoch is NaN or infinite.
            "last_finite_train_loss": float(self.last_finite_loss),
            "final_train_accuracy": last["train_accuracy"],
        }
