"""Select the device and the precision, and configure PyTorch for reproducible training."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn


def pick_device() -> torch.device:
    """Return the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pick_precision(asked: str, device: torch.device) -> str:
    """Return ``fp32`` or ``bf16``; ``auto`` selects ``bf16`` if the device has it in hardware."""
    if asked != "auto":
        return asked
    if device.type == "cuda":
        return "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp32"
    try:
        flags = Path("/proc/cpuinfo").read_text().split()  # noqa: PLW1514 - ASCII, and training code
    except OSError:
        return "fp32"
    return "bf16" if {"avx512_bf16", "amx_bf16"} & set(flags) else "fp32"


def wait_for(device: torch.device) -> None:
    """Wait until a GPU has finished all work; return immediately for a CPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def batches_at_once(device: torch.device) -> int:
    """Return the number of batches to augment together: a GPU can process several in one call."""
    return 1 if device.type == "cpu" else 8


def set_up(threads: int) -> None:
    """Configure PyTorch for deterministic results in full float32, with warnings where impossible.

    Call this function before anything is computed on a GPU.

    Parameters
    ----------
    threads
        Number of threads for each operation on a CPU.
    """
    torch.set_num_threads(threads)
    # cuBLAS reads this variable when it starts; without it, matrix products may vary between runs.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # Otherwise a GPU's float32 convolutions round their inputs to 10 bits (TF32).
    torch.backends.cudnn.allow_tf32 = False
    # Like use_deterministic_algorithms(), but without importing PyTorch's compiler.
    torch.set_deterministic_debug_mode("warn")
    # Otherwise PyTorch fills all new memory, to expose reads of uninitialised memory: 3 to 8% of a
    # step (final network, batch 128, one thread of an Intel Xeon with AMX, torch 2.14.1).
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def compiled(network: nn.Module, device: torch.device) -> Callable[[Tensor], Tensor]:
    """Return the network's forward pass, which is compiled at the first batch of each size.

    On a GPU, the forward and backward pass become CUDA graphs, which avoids launching their kernels
    one by one. The rest of a step is not compiled.

    Raises
    ------
    ValueError
        If PyTorch can't compile even a single operation.
    """
    try:
        # The part of use_deterministic_algorithms() that set_up() omits.
        from torch._inductor import config as inductor

        inductor.deterministic = True
        torch.compile(torch.sin)(torch.zeros(8, device=device))
    except Exception as error:  # compilers and drivers may raise anything
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ValueError(
            f"compile: true doesn't work here: {reason[0]}. PyTorch needs a C++ compiler and "
            "Python's headers (on Debian: g++ python3-dev); or set compile: false"
        ) from None
    mode = "reduce-overhead" if device.type == "cuda" else None
    forward: Callable[[Tensor], Tensor] = torch.compile(network, mode=mode, dynamic=False)
    return forward
