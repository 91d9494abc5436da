"""Studies of other papers: where they live, and what the second paper's networks and report are."""

import re
import shutil
import subprocess

import pandas as pd
import pytest
import torch
import yaml
from torch import nn
from torch.nn import functional

from ablations.harness.declarations.document import DeclarationError
from ablations.harness.declarations.home import OWN, ROOT, home_of
from ablations.harness.declared import declared_networks, epochs_with_rates
from ablations.harness.resolve import resolve
from ablations.harness.study import to_document
from benchmarks import synthetic
from report.judge.claims import judge
from report.judge.evidence import Evidence, Untestable
from report.page.pdf import engine
from report.read.published import published_of
from report.read.tables import read_tables
from resnet import registry
from resnet.config import from_dict
from resnet.job.declared import networks
from resnet.job.provenance import entries_of, training_digest
from resnet.network.build import build, count_parameters
from resnet.training.optimizers.build import build as build_optimizer
from resnet.training.schedules.build import build as build_schedule
from resnet.training.schedules.build import rate
from tests.conftest import report_on

NAME = "studies/deep_residual_learning"
FACTS = yaml.safe_load((ROOT / NAME / "paper" / "published.yaml").read_text())


def design(layers, **settings):
    return from_dict({"model": {"name": "depth_resnet", "blocks": (layers - 2) // 6, **settings}})


# --- where a study lives --------------------------------------------------------------------


def test_a_study_is_named_by_its_folder_or_its_name():
    assert home_of(None) == OWN
    for given in (NAME, f"{NAME}/", "deep_residual_learning"):
        assert home_of(given).place == NAME
    assert home_of(NAME).results("demo") == "deep_residual_learning_demo"
    assert OWN.results("demo") == "demo"


@pytest.mark.parametrize("given", ["deep_residual_lerning", "studies/../paper", 5, ".", ""])
def test_a_study_that_is_not_there_is_refused_with_the_nearest(given):
    with pytest.raises(DeclarationError, match=r"study: no study.*allowed are null") as error:
        resolve({"scale": "demo", "study": given})
    if given == "deep_residual_lerning":
        assert f"did you mean {NAME}" in str(error.value)


def test_a_study_has_its_own_ablations_scales_claims_and_folder():
    study = resolve({"scale": "demo", "study": NAME})
    document = to_document(study)
    assert study.folder == "deep_residual_learning_demo"
    assert document["home"] == NAME
    assert document["options"]["study"] == NAME
    assert set(study.ablations).isdisjoint(resolve({"scale": "demo"}).ablations)
    assert published_of(document).facts["title"] == FACTS["title"]
    with pytest.raises(DeclarationError, match="must_hold: no claim 'final-parameters'"):
        resolve({"scale": "demo", "study": NAME, "must_hold": ["final-parameters"]})


def test_the_projects_own_study_is_as_it_was():
    document = to_document(resolve({"scale": "smoke"}))
    assert (document["home"], document["headline"]) == (".", "final")
    assert "study" not in document["options"]
    assert epochs_with_rates(resolve({"scale": "smoke"})) == 18
    assert epochs_with_rates(resolve({"scale": "smoke", "study": NAME})) == 1


def test_only_the_entries_of_a_study_that_a_run_names_are_in_its_digest():
    ours = resolve({"scale": "smoke"}).runs["maxpool.with_maxpool"]
    theirs = resolve({"scale": "smoke", "study": NAME}).runs["base.residual_20"]
    assert not any("studies" in place for place in entries_of(ours))
    assert entries_of(theirs)[0] == f"{NAME}/networks/depth_resnet"
    assert entries_of(theirs)[2] == f"{NAME}/schedules/drops"
    assert training_digest(ours) != training_digest(theirs)


def test_an_entry_of_a_study_must_not_have_the_name_of_another(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    for place in ("resnet/network/net", "studies/mine/networks/net"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "settings.py").touch()
    with pytest.raises(ImportError, match=r"studies/mine/networks/net: resnet\.network has"):
        registry.found("resnet.network", "*/settings.py")


# --- the networks and the schedule of He et al. 2016 ----------------------------------------


@pytest.mark.parametrize("row", FACTS["table6"]["rows"], ids=lambda row: str(row["layers"]))
def test_the_networks_have_the_parameters_that_table_6_prints(row):
    config = design(row["layers"])
    assert config.model.layers == row["layers"]
    with torch.device("meta"):
        found = count_parameters(build(config.model))
    # By hand: a convolution has 9 weights a pair of channels, batch norm 2 a channel.
    n = (row["layers"] - 2) // 6
    stages = sum(9 * a * b + 9 * b * b * (2 * n - 1) for a, b in ((16, 16), (16, 32), (32, 64)))
    assert found == 9 * 3 * 16 + stages + 2 * 16 + 2 * 2 * n * (16 + 32 + 64) + 65 * 10
    digits = len(str(row["parameters_millions"]).partition(".")[2])
    assert round(found / 1e6, digits) == row["parameters_millions"]


def test_shortcuts_have_no_parameters():
    residual, plain = (build(design(20, shortcuts=on).model) for on in (True, False))
    assert count_parameters(residual) == count_parameters(plain) == 269_722
    assert residual.state_dict().keys() == plain.state_dict().keys()


class Plainly:
    """The network of 20 layers written out, from a state dict's weights in the paper's order."""

    def __init__(self, weights):
        self.weights = list(weights)

    def take(self, number):
        taken, self.weights = self.weights[:number], self.weights[number:]
        return taken

    def conv(self, x, stride):
        (kernel,) = self.take(1)
        scale, shift, mean, variance, _ = self.take(5)
        x = functional.conv2d(x, kernel, stride=stride, padding=1)
        return functional.batch_norm(x, mean, variance, scale, shift)

    def __call__(self, x, shortcuts):
        x = self.conv(x, 1).relu()
        for stage in range(3):
            for block in range(3):
                stride = 2 if stage and not block else 1
                out = self.conv(self.conv(x, stride).relu(), 1)
                if shortcuts:
                    kept = functional.avg_pool2d(x, 1, stride)
                    zeros = torch.zeros_like(kept[:, : (out.shape[1] - kept.shape[1]) // 2])
                    out = out + torch.cat([zeros, kept, zeros], 1)
                x = out.relu()
        weight, bias = self.take(2)
        return x.flatten(2).mean(2) @ weight.T + bias


@pytest.mark.parametrize("shortcuts", [True, False])
def test_a_network_of_20_layers_is_that_of_an_independent_version(shortcuts):
    torch.manual_seed(0)
    network = build(design(20, shortcuts=shortcuts).model)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.running_mean, module.bias.data):
                values.normal_(0, 0.1)
            for values in (module.running_var, module.weight.data):
                values.uniform_(0.5, 1.5)
    network.eval()
    images = torch.randn(4, 3, 32, 32)
    with torch.inference_mode():
        expected = Plainly(network.state_dict().values())(images, shortcuts)
        torch.testing.assert_close(network(images), expected, rtol=1e-4, atol=1e-4)


def test_weights_begin_as_he_et_al_2015_say():
    torch.manual_seed(0)
    kernel = build(design(20).model).stages.layer3[1].conv1.weight
    assert kernel.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.02)


def rates_of(schedule, steps):
    config = from_dict({"schedule": {"name": "drops", **schedule}, "optimizer.learning_rate": 0.1})
    optimizer = build_optimizer(config.optimizer, [nn.Parameter(torch.zeros(1))])
    scheduler, found = build_schedule(config.schedule, optimizer, steps), []
    for _ in range(steps):
        found.append(rate(scheduler))
        optimizer.step()
        scheduler.step()
    return found


def test_the_rate_drops_at_32000_and_48000_of_64000_iterations():
    found = rates_of({}, 64_000)
    places = {31_999: 0.1, 32_000: 0.01, 47_999: 0.01, 48_000: 0.001, 63_999: 0.001}
    assert {at: pytest.approx(expected) for at, expected in places.items()} == {
        at: found[at] for at in places
    }


def test_110_layers_begin_at_a_tenth_for_400_iterations():
    found = rates_of({"warmup_share": 0.00625, "warmup_rate": 0.01}, 64_000)
    assert found[0] == found[399] == pytest.approx(0.01)
    assert found[400] == pytest.approx(0.1)


def test_the_published_protocol_is_that_of_the_bases():
    told = FACTS["protocol"]
    for base in resolve({"scale": "paper", "study": NAME}).bases.values():
        optimizer = base.optimizer
        assert (optimizer.learning_rate, optimizer.momentum) == (0.1, 0.9)
        assert optimizer.weight_decay == told["optimizer"]["weight_decay"]
        assert base.batch_size == told["batch_size"]
        assert [share * told["iterations"] for share in base.schedule.drops] == told["drops"]["at"]
        assert base.augmentation.copies == (("random_crop", "random_horizontal_flip"),)
    assert FACTS["headline"]["images_seen"] == told["iterations"] * told["batch_size"]


# --- its report -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def their_report(tmp_path_factory):
    """The report of made-up runs of the second paper's networks, at scale demo."""
    study = resolve({"scale": "demo", "study": NAME})
    folder = tmp_path_factory.mktemp("results") / study.folder
    synthetic.write_study(folder, to_document(study), images=200, epochs=4)
    rows = networks.rows_of(declared_networks(study))
    pd.DataFrame(rows).to_csv(folder / "tables" / "networks.csv", index=False)
    return report_on(folder)


OF_THE_FIRST = re.compile(
    r"modified resnet|4,978,730|5,000,000|notebook|maxpool|fengze|figure [1-4]\b|structured pruning"
    r"|final (model|network)|four copies|91%",
    re.IGNORECASE,
)
"""What stands in every report on this project's own paper."""


def words(page):
    found = re.sub(r"<(style|script)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return re.sub(r"<[^>]*>", " ", found)


def test_their_report_has_nothing_of_the_first_paper(their_report):
    page = words((their_report / "report" / "index.html").read_text())
    texts = [page, *(p.read_text() for p in sorted((their_report / "report").glob("*.md")))]
    for text in (*texts, (their_report / "report" / "report.tex").read_text()):
        assert not OF_THE_FIRST.search(text), OF_THE_FIRST.search(text)
    assert FACTS["title"] in page
    assert FACTS["departures"][0] in page
    # An arm that the scale leaves out has its label all the same.
    assert "residual, 1202 layers (Depth of residual networks): 19,421,274 parameters" in page
    assert "269,722 parameters, as many as plain, 20 layers" in page
    assert "published logs" not in page
    assert "The residual network of 110 layers was not run. The longest run here" in page
    assert "Table 6: residual networks by depth" in page


@pytest.mark.skipif(not engine(), reason="needs a LaTeX engine")
def test_their_pdf_has_nothing_of_the_first_paper(their_report):
    from report.page import pdf

    assert pdf.main([str(their_report)]) == 0
    if not shutil.which("pdftotext"):
        pytest.skip("needs pdftotext")
    made = their_report / "report" / "report.pdf"
    argv = ["pdftotext", str(made), "-"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    text = re.sub(r"\s+", " ", text)
    assert not OF_THE_FIRST.search(text), OF_THE_FIRST.search(text)
    assert "Table 6 of the paper, published beside measured" in text


def test_table_6_has_what_was_published_beside_what_was_measured(their_report):
    page = (their_report / "report" / "index.html").read_text()
    table = page[page.index("Table 6 of the paper") :]
    rows = re.findall(r"<tr>(.*?)</tr>", table[: table.index("</table>")], re.DOTALL)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    found = {c[0]: [re.sub("<[^>]*>", "", text).strip() for text in c] for c in cells if c}
    runs = pd.read_csv(their_report / "tables" / "runs.csv")
    theirs = runs[runs["run"] == "base.residual_32"]
    mine = theirs["final_test_accuracy"]
    assert found["20"][1:4] == ["0.27 million", "269,722", "8.75"]
    assert found["1202"][2:6] == ["19,421,274", "7.93", "not run", "\u2013"]
    assert found["32"][5] == f"{theirs['images_seen'].max():,}"
    assert found["32"][6].startswith(f"{100 * (1 - mine.mean()):.2f}")


def test_what_arithmetic_decides_is_decided_at_every_scale(their_report):
    found = {v.id: v.verdict for v in judge(read_tables(their_report)) if v.type == "exact"}
    exact = "table6-parameters", "identity-shortcuts-are-free", "fewer-parameters-than-others"
    expected = dict.fromkeys(exact, "supported")
    assert found == expected


def test_an_effect_may_be_on_the_training_images(their_report):
    tables = read_tables(their_report)
    effect = Evidence(tables).effect("plain_depth.plain_32", "train_accuracy")
    said = effect.sentence()
    runs = tables.runs.set_index(["run", "seed"])["final_train_accuracy"] * 100
    expected = (runs["plain_depth.plain_32"] - runs["base.plain_20"]).mean()
    sign = "+" if expected > 0 else "\N{MINUS SIGN}"
    assert effect.brief.startswith(f"in training {sign}{abs(expected):.1f} (")
    compared = "plain, 32 layers against the base plain 20 in training"
    assert f"{compared}: {sign}{abs(expected):.2f}" in said


def test_an_effect_on_an_accuracy_that_isnt_recorded_cant_be_tested(their_report):
    tables = read_tables(their_report)
    tables.runs["final_train_accuracy"] = float("nan")
    with pytest.raises(Untestable, match="train accuracy isn't recorded for all runs"):
        Evidence(tables).effect("plain_depth.plain_32", "train_accuracy")


def test_1202_layers_are_one_run():
    found = resolve({"study": "studies/deep_residual_learning", "scale": "paper"}).ablations
    runs = {
        member.run
        for name in ("residual_depth", "thousand_layers")
        for member in found[name].members
        if member.name == "residual_1202"
    }
    assert runs == {"residual_depth.residual_1202"}
