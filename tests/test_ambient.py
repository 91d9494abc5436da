"""Settings of someone's machine that must not change a report."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT, report_on

FIGURES = ("effects.svg", "effects.pdf", "ablation_maxpool.svg", "pareto.narrow.svg")

RC = """text.usetex: True
font.family: serif
axes.facecolor: red
lines.linewidth: 9
savefig.bbox: tight
savefig.dpi: 10
svg.fonttype: path
path.simplify: False
"""


def drawn(study, environment, folder=ROOT):
    """The bytes of some figures and of the page, drawn and rendered in another process."""
    for module in ("report.draw.all_figures", "report.render"):
        done = subprocess.run(
            [sys.executable, "-m", module, str(study)],
            cwd=folder,
            env=os.environ | {"SOURCE_DATE_EPOCH": "0", "PYTHONPATH": str(ROOT)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    figures = [(study / "figures" / name).read_bytes() for name in FIGURES]
    return [*figures, (study / "report" / "index.html").read_bytes()]


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    from tests.conftest import write_study

    study = report_on(write_study(tmp_path_factory.mktemp("ambient") / "results"))
    return study, drawn(study, {})


AMBIENT = {
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "TZ": "Pacific/Kiritimati",
    "PYTHONSAFEPATH": "1",
    "MPLBACKEND": "pdf",
    "PYTHONWARNINGS": "default",
}


def test_neither_matplotlibrc_nor_locale_nor_zone_change_a_byte(reported, tmp_path):
    study, plain = reported
    # In the folder of the call, where Matplotlib looks first.
    (tmp_path / "matplotlibrc").write_text(RC)
    assert drawn(study, AMBIENT, folder=tmp_path) == plain


def test_every_figure_is_drawn_from_matplotlibs_defaults():
    import matplotlib as mpl

    from report.draw.drawing import styled

    with mpl.rc_context({"axes.titlesize": 40, "lines.linewidth": 9}), styled(narrow=False):
        assert mpl.rcParams["lines.linewidth"] == mpl.rcParamsDefault["lines.linewidth"]
