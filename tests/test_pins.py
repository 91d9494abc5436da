"""requirements.lock, environment.yml and pyproject.toml say the same."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent


def name(text):
    return re.sub(r"[-_.]+", "-", re.split(r"[=<>;\s]", text, maxsplit=1)[0]).lower()


def lock():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.split(";")[0].strip() for line in lines if line and not line.startswith("#")]
    return {name(pin): pin.partition("==")[2] for pin in pins}


def direct():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {name(d) for d in [*project["dependencies"], *project["optional-dependencies"]["dev"]]}


def test_every_direct_dependency_is_pinned():
    assert direct() <= set(lock())


def test_conda_and_pip_users_get_the_same():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pins,) = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    found = {name(pin): pin.partition("==")[2] for pin in pins}
    assert set(found) == direct()
    assert found == {key: version for key, version in lock().items() if key in found}


def test_no_file_names_a_registry():
    for path in ("requirements.lock", "environment.yml", "Makefile", ".ci/run"):
        assert not re.search(r"https?://", (ROOT / path).read_text()), path
