"""A new study's folder, which runs as it is written."""

import pytest

from ablations import new
from ablations.harness.declarations import home
from ablations.harness.declarations.document import DeclarationError
from ablations.harness.resolve import resolve
from report.read.published import load
from resnet.network.build import build, count_parameters
from tests.test_workflow import copy_project, snakemake


@pytest.fixture
def studies(tmp_path, monkeypatch):
    """A project's folder in which studies can be made."""
    monkeypatch.setattr(home, "ROOT", tmp_path)
    return tmp_path


def test_a_new_study_resolves_and_its_claims_can_be_judged(studies):
    folder = new.new_study("my_paper", studies)
    for scale, runs in (("smoke", 2), ("demo", 2), ("cpu", 2), ("paper", 2)):
        study = resolve({"scale": scale, "study": "my_paper"})
        assert (study.folder, len(study.runs)) == (f"my_paper_{scale}", runs)
    told = load(folder / "paper")
    assert told.facts["title"].startswith("my_paper")
    assert "NOW" not in str(told.tests)
    # The claim on parameters, which is arithmetic, holds.
    network = build(study.bases["network"].model)
    expected = told.tests["size"]["exact"][0]["equals"]
    assert count_parameters(network) == expected


@pytest.mark.parametrize("name", ["My", "a-b", "../x", "1st", ""])
def test_a_name_that_python_cannot_import_is_refused(studies, name):
    with pytest.raises(DeclarationError, match="expected a name of a-z"):
        new.new_study(name, studies)


def test_a_study_that_is_there_is_not_overwritten(studies):
    new.new_study("mine", studies)
    with pytest.raises(DeclarationError, match="is there already"):
        new.new_study("mine", studies)


@pytest.mark.slow
def test_a_new_study_runs_to_its_report(tmp_path):
    copy_project(tmp_path, smoke=False)
    new.new_study("mine", tmp_path)
    code, output = snakemake(tmp_path, settings=("study=mine",))
    assert code == 0, output
    page = (tmp_path / "results" / "mine_smoke" / "report" / "index.html").read_text()
    assert "mine: the paper&#39;s title" in page
    assert "Width" in page
