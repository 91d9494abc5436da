"""Every declaration in ablations/: this file runs over whatever is there."""

import pytest

from ablations.harness.declarations.all_declarations import load_bases, load_declarations
from ablations.harness.declarations.home import OWN
from ablations.harness.resolve import resolve
from resnet.config import to_json
from tests.conftest import on_meta

NAMES = sorted(path.stem for path in OWN.ablations.glob("[a-z]*.yaml"))
DECLARATIONS = load_declarations(load_bases())


def test_every_file_is_declared():
    assert sorted(DECLARATIONS) == NAMES


@pytest.mark.parametrize("scale", ["smoke", "demo", "cpu", "paper"])
@pytest.mark.parametrize("name", NAMES)
def test_an_ablation_resolves_at_every_scale(name, scale):
    study = resolve({"scale": scale})
    ablation = study.ablations[name]
    configs = [to_json(study.runs[member.run]) for member in ablation.members]
    assert len(configs) == len(set(configs)) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_an_ablations_models_can_be_built(name):
    study = resolve({"scale": "demo"})
    for member in study.ablations[name].members:
        assert on_meta(study.runs[member.run].model)


@pytest.mark.parametrize("name", NAMES)
def test_an_ablation_says_its_question_and_source(name):
    declaration = DECLARATIONS[name]
    assert declaration.question.endswith("?")
    assert len(declaration.title) < 60
