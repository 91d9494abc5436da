"""The design's layers: who may import whom, checked in the source and in a fresh process."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("resnet", "ablations", "report")
# `resnet` imports nothing of ours, `ablations` only what names settings, `report` neither of them;
# all write by resnet.files, which imports nothing but Python's library.
ALLOWED = {
    "resnet": lambda name: name.startswith("resnet"),
    "ablations": lambda name: (
        name.startswith("ablations") or name in ("resnet.config", "resnet.settings", "resnet.files")
    ),
    "report": lambda name: name.startswith("report") or name == "resnet.files",
}
FILES = [path for package in OURS for path in sorted((ROOT / package).rglob("*.py"))]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path):
    package = path.relative_to(ROOT).parts[0]
    for name in imports(path):
        if name.split(".")[0] in OURS and name not in OURS:
            # `from resnet.config import X` yields resnet.config.X as well.
            module = name if (ROOT / (name.replace(".", "/") + ".py")).exists() else None
            if module:
                assert ALLOWED[package](module), f"{path} imports {name}"
        if package == "report":
            assert name.split(".")[0] not in ("torch", "torchvision", "ablations")


def test_what_every_layer_writes_by_is_pythons_library_alone():
    found = {name.split(".")[0] for name in imports(ROOT / "resnet" / "files.py")}
    assert found <= sys.stdlib_module_names


@pytest.mark.parametrize(
    "module", ["ablations.registry", "ablations.__main__", "resnet.config", "resnet.provenance"]
)
def test_what_snakemake_reads_leaves_torch_alone(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("module", ["collect", "statistics", "figures", "render"])
def test_the_report_runs_without_torch(module):
    code = f"import sys, report.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_what_snakemake_asks_of_the_report_is_light():
    code = "import sys, report.pdf; sys.exit(bool({'pandas', 'matplotlib'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_files_and_functions_stay_small():
    for path in FILES:
        lines = path.read_text().count("\n")
        assert lines <= 450, f"{path}: {lines} lines"
