import re

import pytest

from resnet import provenance
from resnet.provenance import TRAINING, code_digest, commit, processor, versions


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The training code, to edit."""
    for name in TRAINING:
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_text((provenance.ROOT / name).read_text())
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    return tmp_path / "resnet" / "augment.py"


def test_a_docstring_and_a_comment_leave_the_digest(copy):
    before = code_digest(*TRAINING)
    text = copy.read_text()
    text = text.replace('"""Flip left and right."""', '"""Another sentence."""')
    copy.write_text("# a comment\n" + text)
    assert code_digest(*TRAINING) == before


def test_arithmetic_changes_the_digest(copy):
    before = code_digest(*TRAINING)
    text, n = re.subn(r"div_\(255\)", "div_(256)", copy.read_text())
    assert n == 1
    copy.write_text(text)
    assert code_digest(*TRAINING) != before


def test_what_is_there_is_named():
    assert re.fullmatch(r"[0-9a-f]{40}(\+changes)?|unknown", commit())
    assert versions("torch")["torch"].startswith("2.")
    assert versions("no-such-package")["no-such-package"] == "not installed"
    assert processor().endswith("cores")
