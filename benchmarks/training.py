"""Compare training speeds: the paper's loop, two common ones, this project's, and the limit.

``python -m benchmarks.training`` trains the final network (4,978,730 parameters) on random images
like CIFAR-10's. The contenders alternate for several rounds; medians and ratios are printed and
written to this processor's section of ``benchmarks/results.md``. All but the paper's loop use the
fastest precision of the machine. The limit is the speed of direct convolutions at the rate of the
best matrix products; this project may exceed it, because in float32 on CPUs it takes fewer
multiplications. Each contender runs in separate processes and is timed after a warm-up.
``lightning`` isn't a dependency of the project; it is omitted if it isn't installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.contenders import STEPPING, TIMED, precision, rate_of
from resnet.costs.layers import layers
from resnet.job.provenance import processor, versions
from resnet.network.resnet.settings import Settings as Model
from resnet.training.machine import pick_device, set_up

SECONDS = 8.0
"""The least time that a contender is timed for."""

RESULTS = Path(__file__).parent / "results.md"


def hardware() -> str:
    """Return the name of the GPU, or else of the processor with its number of cores."""
    device = pick_device()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()


def work(name: str, threads: int, seconds: float) -> None:
    """Measure one contender and print its rate."""
    if name.startswith("ours"):
        set_up(threads)
    else:
        torch.set_num_threads(threads)
    print(TIMED[name](seconds) if name in TIMED else rate_of(STEPPING[name](), seconds))


def measure(name: str, processes: int, threads: int, seconds: float) -> float:
    """Return the total rate of ``processes`` parallel processes of a contender."""
    argv = [sys.executable, "-m", "benchmarks.training", "--contender", name]
    argv += ["--threads", str(threads), "--seconds", str(seconds)]
    # Start this project's training as the workflow does, and the others as from a shell.
    ours = {"GOMP_SPINCOUNT": "10000"} if name.startswith("ours") else {}
    running = [
        subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | ours,
        )
        for _ in range(processes)
    ]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        sys.exit(f"error: {' '.join(argv)} failed; run it alone to see why")
    return sum(map(float, said))


def settings(cores: int) -> dict[str, tuple[str, int, int]]:
    """Return the measurements by name: contender, number of processes, threads of each."""
    found = {
        "paper loop": ("paper loop", 1, cores),
        "torchvision style": ("torchvision style", 1, cores),
        "Lightning": ("Lightning", 1, cores),
        "ours, one run": ("ours", 1, cores),
        "ours, one run, compiled": ("ours compiled", 1, cores),
    }
    if importlib.util.find_spec("lightning") is None:
        del found["Lightning"]
    if pick_device().type == "cpu":
        # The default profile: one run with one thread for each core.
        found["ours, a run a core"] = ("ours", cores, 1)
        found["ours, a run a core, compiled"] = ("ours compiled", cores, 1)
        return found | {"GEMM": ("GEMM", cores, 1)}
    found["ours, one run, kernel by kernel"] = ("ours without graphs", 1, cores)
    return found | {"GEMM": ("GEMM", 1, cores)}


def main() -> None:
    """Measure all contenders, print the results, and write ``benchmarks/results.md``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that each is timed for")
    parser.add_argument("--without", nargs="*", default=[], help="rows to leave out of the section")
    parser.add_argument("--contender", choices=[*STEPPING, *TIMED], help="measure one, once")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    if args.contender:
        work(args.contender, args.threads, args.seconds)
        return
    what = settings(len(os.sched_getaffinity(0)))
    spare = [name for name in what if name not in ("paper loop", "GEMM")]
    for name in args.without:
        if name not in spare:
            parser.error(f"--without: allowed are {', '.join(map(repr, spare))}, got {name!r}")
        del what[name]
    rates: dict[str, list[float]] = {name: [] for name in what}
    for _ in range(args.rounds):
        for name, setting in what.items():
            rates[name].append(measure(*setting, args.seconds))
    section = report(rates, args.seconds)
    RESULTS.write_text(filed(RESULTS.read_text(encoding="utf-8"), section))
    print(section)


def filed(results: str, section: str) -> str:
    """Return the Markdown with a section replaced or, if its heading is new, appended."""
    top, *others = results.split("\n## ")
    sections = {other.partition("\n")[0]: other.strip() for other in others}
    new = section.removeprefix("## ")
    sections[new.partition("\n")[0]] = new.strip()
    return "\n\n## ".join([top.strip(), *sections.values()]) + "\n"


def report(rates: dict[str, list[float]], seconds: float) -> str:
    """Return a Markdown section with medians and ratios; its heading is the hardware."""
    medians = {name: statistics.median(values) for name, values in rates.items()}
    gemm_rate, paper = medians.pop("GEMM"), medians["paper loop"]
    best = max((name for name in medians if name.startswith("ours")), key=medians.__getitem__)
    # The backward pass has twice the forward FLOPs: gradients of inputs and of weights. The FLOPs
    # are the same for all contenders, even if an algorithm takes fewer multiplications.
    flops = 3 * layers(Model())[0].flops
    said = ", ".join(f"{key} {value}" for key, value in versions("torch", "torchvision").items())
    rounds = len(rates["GEMM"])
    lines = [
        f"## {hardware()}, {precision()}",
        "",
        f"{said}; {f'medians of {rounds} rounds in turn' if rounds > 1 else 'one round'}, "
        f"{seconds:g} s each.",
        "",
        "| | images a second | lowest to highest | times the paper's loop |",
        "|---|---|---|---|",
        *(
            f"| {key} | {rate:,.0f} | {min(rates[key]):,.0f} to {max(rates[key]):,.0f} "
            f"| {rate / paper:.2f} |"
            for key, rate in medians.items()
        ),
        "",
        f"The best matrix products: {gemm_rate / 1e9:,.0f} GFLOP/s; an image takes "
        f"{flops / 1e9:.2f} GFLOP, convolved directly.",
        "",
        f"paper loop: {medians[best] / paper:.2f}",
        "",
        f"GEMM share: {medians[best] * flops / gemm_rate:.2f}",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
