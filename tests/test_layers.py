"""The design's layers: who may import whom, checked in the source and in a fresh process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# By room, what of this project it may import; the first room that a module lies in counts.
# All write by resnet.files, which imports nothing but Python's library.
TORCH_FREE = (
    *("resnet.settings", "resnet.registry", "resnet.config", "resnet.files"),
    *(
        "resnet.arguments",
        "resnet.images.dataset",
        "resnet.images.datasets",
        "resnet.costs.estimate",
        "resnet.costs.limits",
    ),
    "resnet.imports.curves",
)
ALLOWED = {
    "ablations/harness/declarations": (
        *("ablations.harness.declarations", "report.claim_types"),
        *TORCH_FREE,
    ),
    "ablations/harness": ("ablations.harness", *TORCH_FREE),
    "ablations/planning": (
        *("ablations.harness", "ablations.planning"),
        *("report.claim_types", "report.judge", "report.read"),
        *("report.wording", "resnet.training.length", *TORCH_FREE),
    ),
    "ablations": ("ablations", *TORCH_FREE),
    "resnet/network": ("resnet.network", "resnet.registry", "resnet.settings"),
    "resnet/costs": ("resnet.costs", "resnet.network", "resnet.settings"),
    "resnet/images": (
        *("resnet.images", "resnet.settings", "resnet.registry", "resnet.files", "resnet.config"),
    ),
    "resnet/training/fast_cpu": ("resnet.training.fast_cpu", "resnet.training.optimizers.base"),
    "resnet/training": (
        *("resnet.training", "resnet.network", "resnet.images", "resnet.config"),
        *("resnet.registry", "resnet.settings"),
    ),
    "resnet/job": (
        *("resnet.job", "resnet.training", "resnet.costs", "resnet.images", "resnet.config"),
        *("resnet.registry", "resnet.settings", "resnet.files", "resnet.arguments", "resnet.trace"),
    ),
    "resnet": ("resnet",),
    "report/claim_types": ("report.claim_types", "resnet.files"),
    "report/read": (
        *("report.read", "report.claim_types", "report.wording", "report.writing"),
        "resnet.files",
    ),
    "report/judge": (
        *("report.judge", "report.read", "report.claim_types", "report.wording", "report.writing"),
    ),
    "report/draw": (
        *("report.draw", "report.judge", "report.read", "report.claim_types"),
        *("report.wording", "report.writing", "resnet.files"),
    ),
    "report": ("report", "resnet.files"),
    # What only one paper's report has.
    "paper": ("paper", "report"),
}
OURS = ("resnet", "ablations", "report", "paper")
FILES = [path for package in OURS for path in sorted((ROOT / package).rglob("*.py"))]


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def imports(path):
    """Yield the modules that a module imports, at its head or within."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield node.module
            # `from resnet import config` names a module, `from resnet.config import X` doesn't.
            yield from (
                name for alias in node.names if (name := f"{node.module}.{alias.name}") in MODULES
            )


def room_of(path):
    place = str(path.relative_to(ROOT))
    return next(room for room in ALLOWED if place.startswith(f"{room}/"))


def within(module, allowed):
    return any(module == place or module.startswith(f"{place}.") for place in allowed)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_what_its_room_may(path):
    # A package that is only passed through, as in `from report.read import tables`, is no import,
    # if it has nothing but a docstring.
    for name in set(imports(path)) & set(MODULES):
        empty = len(ast.parse(MODULES[name].read_text()).body) <= 1
        through = MODULES[name].name == "__init__.py" and empty
        assert through or within(name, ALLOWED[room_of(path)]), f"{path} imports {name}"


@pytest.mark.parametrize("path", [p for p in FILES if "report" in p.parts], ids=lambda p: p.stem)
def test_the_report_imports_no_torch(path):
    found = {name.split(".")[0] for name in imports(path)}
    assert not found & {"torch", "torchvision", "ablations"}


def test_no_modules_import_each_other_in_a_circle():
    edges = {name: set(imports(path)) & set(MODULES) for name, path in MODULES.items()}
    done = set()
    while True:
        free = {name for name, needs in edges.items() if name not in done and not needs - done}
        if not free:
            break
        done |= free
    assert sorted(set(edges) - done) == []


def test_what_every_layer_writes_by_is_pythons_library_alone():
    found = {name.split(".")[0] for name in imports(ROOT / "resnet" / "files.py")}
    assert found <= sys.stdlib_module_names


@pytest.mark.parametrize(
    "module",
    [
        "ablations.harness.resolve",
        "ablations.__main__",
        "resnet.config",
        "resnet.job.provenance",
        "resnet.job.resume",
        *(f"{package}.{name}.settings" for package, name in [("resnet.network", "resnet")]),
    ],
)
def test_what_snakemake_reads_leaves_torch_alone(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    "module", ["read.records", "judge.comparisons", "draw.all_figures", "render"]
)
def test_the_report_runs_without_torch(module):
    code = f"import sys, report.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_what_snakemake_asks_of_the_report_is_light():
    code = (
        "import sys, pathlib, report.page.pdf, report.draw.registry as figures; "
        "figures.entries(pathlib.Path('paper').resolve()); "
        "sys.exit(bool({'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_files_and_folders_stay_small():
    for path in FILES:
        lines = path.read_text().count("\n")
        assert lines <= 450, f"{path}: {lines} lines"
    for folder in {path.parent for path in FILES}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= 12, f"{folder}: {len(modules)} modules"
