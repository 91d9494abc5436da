"""What was published: against the paper's own text where it is at hand, and against our models."""

import csv
import re

import pytest
import yaml

from ablations.harness.declarations.all_declarations import load_bases
from ablations.harness.declarations.home import ROOT
from ablations.harness.resolve import resolve
from report.claim_types.registry import claim_types, key_of_tests
from report.judge.claim_types import direction
from resnet.costs.layers import layers
from resnet.job.declared.rates import by_epoch
from resnet.network.build import count_parameters
from resnet.settings import kind_of
from resnet.training.evaluation import notebook_average
from tests.conftest import on_meta

FACTS = yaml.safe_load((ROOT / "paper" / "published.yaml").read_text())
TESTS = yaml.safe_load((ROOT / "paper" / "claims.yaml").read_text())
TEXT = ROOT.parent / "shared" / "paper" / "000_ad3ff6248e1b4b1c.txt"
KINDS = ("effects", "values", "exact", "trends")


def test_every_type_of_claim_has_its_data_and_its_judge():
    judges = (ROOT / "report" / "judge" / "claim_types").glob("[a-z]*.py")
    assert {path.stem for path in judges} == set(claim_types())


def logs():
    with (ROOT / "paper" / "logs.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {name: [r for r in rows if r["run"] == name] for name in {r["run"] for r in rows}}


@pytest.fixture
def text():
    if not TEXT.is_file():
        pytest.skip(f"needs the paper's text in {TEXT}")
    return TEXT.read_text()


@pytest.mark.real
def test_figure_2_is_what_the_paper_prints(text):
    printed = FACTS["figure2"]
    assert re.findall(r"LR: \[([\d.]+)\]", text) == [
        repr(rate) for rate in printed["learning_rate_printed"]
    ]
    columns = {
        "epochs": r"Epoch: (\d+) LR",
        "train_loss": r"Train Loss: ([\d.]+)",
        "train_accuracy_percent": r"Train Acc: ([\d.]+)%",
        "test_loss": r"Val. Loss: ([\d.]+)",
        "test_accuracy_percent": r"Val Acc: ([\d.]+)%",
    }
    for key, pattern in columns.items():
        assert [float(x) for x in re.findall(pattern, text)] == printed[key], key
    assert set(re.findall(r"Current best Val Acc: ([\d.]+)", text)) == {
        repr(printed["best_so_far"])
    }


@pytest.mark.real
def test_figure_1_is_what_the_paper_prints(text):
    for row in FACTS["figure1"]["rows"]:
        kernels = row["kernels"]
        told = [kernels["stem"], *kernels["stages"]]
        # Rows 1 and 2 print the stages' one kernel once.
        told = told if len(set(told[1:])) > 1 else told[:2]
        cells = (
            f"{row['parameters']:,}",
            ",".join(map(str, row["blocks"])),
            ",".join(map(str, row["channels"])),
            ",".join(map(str, row["stage_strides"])),
            str(row["layers_in_block"]),
            ",".join(map(str, told)),
            str(row["accuracy_percent"]),
        )
        assert "\t".join(cells) in text


@pytest.mark.real
def test_figure_4_is_what_the_paper_prints(text):
    for row in FACTS["figure4"]["rows"]:
        if row["layer"].startswith("conv"):
            output = row["output"].replace("x", "*")
            assert re.search(rf"{row['layer']}\t{re.escape(output)}\t", text)


@pytest.mark.real
def test_every_quotation_is_in_the_paper(text):
    flat = re.sub(r"\s+", " ", text)
    for claim in FACTS["claims"]:
        if claim["where"].startswith("Figure"):
            continue
        for part in claim["quote"].split(" ... "):
            assert part.strip() in flat, claim["id"]


def test_figure_2_is_the_published_log():
    rows = [r for r in logs()["final"] if 11 <= int(r["epoch"]) <= 17]
    printed = FACTS["figure2"]
    assert [float(r["printed_lr"]) for r in rows] == printed["learning_rate_printed"]
    assert [float(r["test_loss"]) for r in rows] == printed["test_loss"]
    accuracies = [round(float(r["train_accuracy"]) * 100, 2) for r in rows]
    assert accuracies == printed["train_accuracy_percent"]


def test_our_rates_are_figure_2s():
    rows = by_epoch(load_bases()["final"], 18)
    printed = [row["printed_learning_rate"] for row in rows[11:]]
    assert printed == FACTS["figure2"]["learning_rate_printed"]
    assert all(row["learning_rate"] != row["printed_learning_rate"] for row in rows[11:])


@pytest.mark.parametrize("number", [0, 1, 2])
def test_figure_1s_models_have_the_published_parameters(number):
    row = FACTS["figure1"]["rows"][number]
    study = resolve({"scale": "paper"})
    prefix = f"row{number + 1}"
    arms = [m for m in study.ablations["figure1"].members if m.name.startswith(prefix)]
    assert arms
    for arm in arms:
        model = study.runs[arm.run].model
        assert count_parameters(on_meta(model)) == row["parameters"]
        assert list(model.blocks) == row["blocks"]
        assert list(model.channels) == row["channels"]
        assert list(model.stage_strides) == row["stage_strides"]


def test_figure_3_and_4_are_the_final_model():
    rows = {row.name: row for row in layers(load_bases()["final"].model)}
    assert rows["ResNet"].parameters == FACTS["figure3"]["parameters"] == 4_978_730
    kernels = {}
    for stage in range(1, 5):
        block = rows[f"layer{stage}.0.conv1"]
        blocks = sum(re.fullmatch(rf"layer{stage}\.\d+", name) is not None for name in rows)
        width = block.output_shape.split("x")[0]
        kernels[f"conv{stage + 1}_x"] = (
            f"({block.kernel} {width}, {block.kernel} {width}) x {blocks}"
        )
    printed = {r["layer"]: r.get("kernel") for r in FACTS["figure4"]["rows"]}
    assert {name: printed[name] for name in kernels} == kernels


def test_the_final_base_is_the_published_protocol():
    base, told = load_bases()["final"], FACTS["final_protocol"]
    assert base.optimizer.learning_rate == told["optimizer"]["lr"]
    assert base.optimizer.weight_decay == told["optimizer"]["weight_decay"]
    assert (kind_of(base.optimizer), base.optimizer.momentum) == ("sgd", 0)
    schedule = (kind_of(base.schedule), base.schedule.step_every)
    assert schedule == (told["schedule"]["name"], told["schedule"]["step_every"])
    assert base.schedule.t_max == told["schedule"]["t_max"]
    assert base.schedule.eta_min == told["schedule"]["eta_min"]
    assert (base.batch_size, base.drop_last) == (told["batch_size"], told["drop_last"])
    ours = {
        "RandomResizedCrop(32)": "random_resized_crop",
        "RandomHorizontalFlip(p=1)": "horizontal_flip",
        "RandomRotation(90)": "random_rotation",
        "RandomVerticalFlip(p=1)": "vertical_flip",
    }
    copies = tuple(tuple(ours[transform] for transform in copy) for copy in told["copies"])
    assert base.augmentation.copies == copies
    assert len(copies) == 4


def test_how_the_notebooks_average_follows_from_their_digits():
    for name, rows in logs().items():
        batch = int(name.rpartition("bs")[2]) if "bs" in name else 128
        dropped = name in ("final", "four-copies-3322")
        whole = 10_000 // batch
        # The mean of batch accuracies, in units of an image in a whole batch.
        units = whole * batch if dropped else (whole + 1) * batch
        for row in rows:
            best = float(row["best_test_accuracy_so_far"]) * units
            assert best == pytest.approx(round(best), abs=1e-3), name
    assert notebook_average.__doc__


# --- how each claim is tested ---------------------------------------------------------------


def test_every_claim_is_tested_and_no_other():
    assert len(FACTS["claims"]) == 30
    assert set(TESTS) == {claim["id"] for claim in FACTS["claims"]}


@pytest.mark.parametrize("claim", FACTS["claims"], ids=lambda claim: claim["id"])
def test_a_claim_is_tested_by_its_type_on_arms_that_exist(claim):
    test = TESTS[claim["id"]]
    kind = key_of_tests(claim["type"])
    assert [key for key in test if key in KINDS] == [kind]
    parts = test[kind]
    if len(parts) > 1:
        assert test["combine"] in ("all", "any")
    study = resolve({"scale": "paper"})
    for part in parts:
        for key in ("arm", "over"):
            if key in part:
                ablation, _, arm = part[key].partition(".")
                assert arm in [m.name for m in study.ablations[ablation].members], part
        if claim["type"] == "direction":
            assert part["sign"] in direction.CLAIMED
        if claim["type"] == "size":
            assert ("within" in part) or ("beyond" in part)
    if claim["type"] == "value":
        assert claim["tolerance"] > 0
    for log in test.get("logs", []):
        assert log["run"] in logs()


def config_of(study, arm):
    ablation, _, name = arm.partition(".")
    return study.runs[next(m.run for m in study.ablations[ablation].members if m.name == name)]


@pytest.mark.parametrize("claim", FACTS["claims"], ids=lambda claim: claim["id"])
def test_a_claim_needs_what_its_type_asks_and_arms_beside_it_exist(claim):
    test, study = TESTS[claim["id"]], resolve({"scale": "paper"})
    assert all(config_of(study, arm) for arm in test.get("beside", []))
    if claim["type"] not in ("exact", "choice"):
        assert test["needs"]["dataset"] == "cifar10"
    if claim["type"] == "value":
        # At the published length, which is the scale's own.
        for part in test["values"]:
            config = config_of(study, part["arm"])
            lengths = (config.data.training_images, config.budget.images_seen)
            assert lengths == (test["needs"]["training_images"], test["needs"]["images_seen"])


def test_every_claim_is_named_by_an_ablation_or_is_the_papers_arithmetic():
    named = {
        claim
        for ablation in resolve({"scale": "paper"}).ablations.values()
        for claim in ablation.declaration.claims
    }
    without = {claim["id"] for claim in FACTS["claims"]} - named
    assert without == {"figure2-learning-rates", "figure4-sizes"}


def test_the_headline_is_the_final_models_and_its_protocols():
    headline, protocol = FACTS["headline"], FACTS["final_protocol"]
    assert headline["parameters"] == FACTS["final_model"]["parameters"]
    assert headline["accuracy"] == protocol["accuracy"]["reported"]
    assert headline["images_seen"] == protocol["images_seen"]
