"""What training makes of the machine: its device, the precision it does fast, how it computes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn


def pick_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pick_precision(asked: str, device: torch.device) -> str:
    """Return ``fp32`` or ``bf16``: what was asked, or for ``auto`` what the device does fast."""
    if asked != "auto":
        return asked
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp32"
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return "fp32"
    return "bf16" if {"avx512_bf16", "amx_bf16"} & set(flags) else "fp32"


def wait_for(device: torch.device) -> None:
    """Return when a GPU has done what it was asked; a CPU has by then."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def batches_at_once(device: torch.device) -> int:
    """Return how many batches to augment together: a GPU has room for more than one in a call."""
    return 1 if device.type == "cpu" else 8


def set_up(threads: int) -> None:
    """Have PyTorch compute the same bits every time, float32 in full, and warn where it can't.

    Call it before anything is computed on a GPU.

    Parameters
    ----------
    threads
        That an operation is shared by, on a CPU.
    """
    torch.set_num_threads(threads)
    # Read by cuBLAS when it starts; without it matrix products may differ from run to run.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Else a GPU's convolutions of float32 round their inputs to 10 bits (TF32).
    torch.backends.cudnn.allow_tf32 = False
    # What use_deterministic_algorithms() does, but for importing PyTorch's compiler.
    torch.set_deterministic_debug_mode("warn")
    # Else it fills all new memory first, to show up reads of what was never written: 3 to 8% of a
    # step (final model, batch 128, one thread of an Intel Xeon with AMX, torch 2.14.1).
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def compiled(network: nn.Module, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return the network's forward pass, to be compiled when it first sees a batch of a size.

    On a GPU it and its backward pass become CUDA graphs, which saves their kernels' launches; the
    rest of a step stays as it is.

    Raises
    ------
    ValueError
        Where PyTorch can't compile a single operation.
    """
    try:
        # What set_up() leaves out of use_deterministic_algorithms().
        from torch._inductor import config as inductor

        inductor.deterministic = True
        torch.compile(torch.sin)(torch.zeros(8, device=device))
    except Exception as error:  # whatever compilers and their drivers raise
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(
            f"compile: true doesn't work here: {reason[0]}. PyTorch needs a C++ compiler and "
            "Python's headers (on Debian: g++ python3-dev); or set compile: false"
        ) from None
    mode = "reduce-overhead" if device.type == "cuda" else None
    forward: Callable[[Tensor], Tensor] = torch.compile(network, mode=mode, dynamic=False)
    return forward
