import dataclasses
import itertools
import re
import shutil
from pathlib import Path

import pytest

from ablations.harness import resolve as resolution
from ablations.harness.declarations.all_declarations import check_published, claims_of, load_bases
from ablations.harness.declarations.document import DeclarationError
from ablations.harness.declarations.home import OWN, Home
from ablations.harness.declarations.scale import load_scale
from ablations.harness.declared import declared_networks
from ablations.harness.options import gpu_visible
from ablations.harness.resolve import check_memory, resolve
from ablations.harness.runs import Resolver
from ablations.harness.study import named, to_document
from resnet.config import changed, from_dict, to_json
from resnet.job.declared.networks import rows_of
from resnet.settings import kind_of


@pytest.fixture
def folder(tmp_path):
    """The project's declarations, to add to."""
    for path in OWN.ablations.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def add(folder, name, base="final", factor="model.maxpool", arms="{kept: {model.maxpool: true}}"):
    text = f"title: T\nquestion: Q\nsource: S\nbase: {base}\nfactor: {factor}\narms: {arms}\n"
    (folder / f"{name}.yaml").write_text(text)


def test_a_new_file_is_a_new_ablation(folder):
    before = resolve({"scale": "demo"}, folder)
    add(folder, "wide", factor="model.channels", arms="{w: {model.channels: [8, 8, 8, 8, 8]}}")
    after = resolve({"scale": "demo"}, folder)
    assert set(after.runs) - set(before.runs) == {"wide.w"}
    assert {run: to_json(c) for run, c in after.runs.items() if run in before.runs} == {
        run: to_json(c) for run, c in before.runs.items()
    }
    assert set(after.runs_of("wide")) == {(r, k) for r in ("base.final", "wide.w") for k in (0, 1)}


def test_equal_configs_are_trained_once_under_the_older_name(folder):
    add(folder, "aaa", base="design")
    add(
        folder,
        "aab",
        base="design",
        factor="model.blocks",
        arms="{b: {model.blocks: [3, 3, 3, 3]}}",
    )
    study = resolve({"scale": "demo"}, folder)
    assert study.ablations["aaa"].members[1].run == "maxpool.with_maxpool"
    assert study.ablations["aab"].members[1].run == "block_counts.even"


def test_an_arm_equal_to_its_base_is_refused(folder):
    add(folder, "same", arms="{off: {model.maxpool: false}}")
    with pytest.raises(DeclarationError, match="off: equal to its base 'final'") as caught:
        resolve({"scale": "demo"}, folder)
    assert caught.value.line == 6


def test_equal_arms_are_refused(folder):
    add(folder, "same", arms="{a: {model.maxpool: true}, b: {model.maxpool: true}}")
    with pytest.raises(DeclarationError, match="b: equal to the arm 'a'"):
        resolve({"scale": "demo"}, folder)


def test_an_arm_that_contradicts_its_base_is_refused(folder):
    add(
        folder,
        "odd",
        factor="optimizer",
        arms="{a: {optimizer.name: adam, optimizer.momentum: 0.9}}",
    )
    with pytest.raises(DeclarationError, match=r"odd\.yaml:6: optimizer\.momentum"):
        resolve({"scale": "demo"}, folder)


def test_within_an_ablation_all_arms_see_as_many_images():
    study = resolve({"scale": "cpu"})
    for ablation in study.ablations.values():
        if ablation.declaration.budget == "images" and (
            "budget.fraction" not in ablation.declaration.factor
        ):
            seen = {study.runs[m.run].budget.images_seen for m in ablation.members}
            assert len(seen) == 1, ablation.declaration.name


def test_with_a_budget_of_epochs_a_copy_costs_as_much_as_an_image(folder):
    add(
        folder,
        "unmatched",
        factor="augmentation.copies",
        arms="{none: {augmentation.copies: [[]]}}",
    )
    with (folder / "unmatched.yaml").open("a") as file:
        file.write("budget: epochs\n")
    study = resolve({"scale": "cpu"}, folder)
    base, none = (study.runs[m.run] for m in study.ablations["unmatched"].members)
    assert base.budget.images_seen == 4 * none.budget.images_seen == 400_000


def test_a_base_at_another_length_has_a_name_of_its_own():
    study = resolve({"scale": "paper"})
    assert study.ablations["schedule"].members[0].run == "base.final_500000"
    assert study.ablations["augmentation"].members[0].run == "base.final"
    assert study.runs["base.final"].budget.images_seen == 16_000_000


def test_amounts_given_on_the_command_line_hold_everywhere():
    study = resolve({"scale": "paper", "seeds": 2, "images_seen": 5_000, "training_images": 1_000})
    assert {ablation.seeds for ablation in study.ablations.values()} == {2}
    for config in study.runs.values():
        assert config.data.training_images == 1_000
        assert config.budget.images_seen <= 20_000


def test_another_length_has_a_folder_of_its_own_and_other_seeds_have_not():
    assert resolve({"scale": "cpu", "seeds": 2}).folder == "cpu"
    assert resolve({"scale": "cpu", "images_seen": 20_000}).folder == "cpu_images_seen_20000"


def test_all_is_what_was_asked_for():
    study = resolve({"scale": "cpu", "ablations": ["maxpool"]})
    assert set(to_document(study)["ablations"]) == {"maxpool"}
    assert set(to_document(study)["runs"]) == {"base.design", "maxpool.with_maxpool"}


def test_one_look_is_at_all_planned_seeds_unless_more_are_declared():
    once = to_document(resolve({"scale": "cpu"}))
    assert once["ablations"]["channels"]["looks"] == [5]
    study = resolve({"scale": "cpu", "looks": [5, 8]})
    document = to_document(study)
    assert document["ablations"]["channels"]["looks"] == [5, 8]
    assert (document["runs"]["base.early"]["seeds"], document["runs"]["base.early"]["most"]) == (
        5,
        8,
    )
    # Three seeds are planned of the recipe, and so looked at once.
    recipe = resolve({"scale": "cpu", "looks": [5, 8], "ablations": ["recipe"]})
    assert to_document(recipe)["ablations"]["recipe"]["looks"] == [3]
    assert document["options"] == {"looks": "[5,8]"}
    planned, later = study.runs_of("channels"), study.runs_of("channels", later=True)
    assert set(later) - set(planned) == {
        (run, seed) for run in ("base.early", "channels.halved") for seed in (5, 6, 7)
    }


def test_null_from_the_command_line_is_nothing():
    plain = resolve({"scale": "cpu"})
    assert resolve({"scale": "cpu", "seeds": "null", "looks": "null"}) == plain


def test_looks_from_the_command_line_are_numbers():
    # Snakemake's --config reads the numbers of a list as text.
    assert resolve({"scale": "cpu", "looks": ["5", "8"]}).scale.looks == (5, 8)


def test_the_networks_of_exact_claims_are_known_without_training():
    found = declared_networks(resolve({"scale": "smoke"}))
    assert {"base.final", "figure1.row1", "resnet18.torchvision", "channels.base"} <= set(found)
    # The paper's claims are about CIFAR-10, whatever a study trains on.
    assert {groups["data"]["dataset"] for groups in found.values()} == {"cifar10"}
    assert found["path.batch_128"]["model"] == found["base.final"]["model"]


def test_the_networks_of_a_users_exact_claims_are_known_whatever_is_covered(tmp_path):
    folder = tmp_path / "ablations"
    shutil.copytree(OWN.ablations, folder)
    claim = "{id: mine, quote: q, type: exact, exact: [{arm: w, column: parameters, below: 9}]}"
    head = "title: W\nquestion: Q?\nsource: Ours\nbase: final\nfactor: model.stem_kernel\n"
    arms = "arms:\n  w:\n    model.stem_kernel: 5\n"
    (folder / "wide.yaml").write_text(f"{head}{arms}claims: [{claim}]\n")
    study = resolve({"scale": "smoke"}, folder)
    assert "wide" not in study.covered
    assert "wide.w" in declared_networks(study)
    # The default number of training images is more than the digits have.
    rows = rows_of({"wide.w": declared_networks(study)["wide.w"]})
    assert rows[0]["arm"] == "wide.w"


def test_auto_is_paper_with_a_gpu_and_cpu_without(monkeypatch):
    for visible, scale in ((True, "paper"), (False, "cpu")):
        monkeypatch.setattr(resolution, "gpu_visible", lambda visible=visible: visible)
        assert resolve({"scale": "auto"}).scale.name == scale
    monkeypatch.setattr(resolution, "gpu_visible", lambda: True)
    assert resolve({"scale": "auto", "gpu": "never"}).scale.name == "cpu"


def test_a_hidden_gpu_is_not_there(monkeypatch):
    monkeypatch.setattr(Path, "glob", lambda *_: iter([Path("/dev/nvidia0")]))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpu_visible()
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not gpu_visible()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scael": "cpu"}, "did you mean scale"),
        ({"scale": "cpo"}, "did you mean cpu"),
        ({"scale": "demo", "ablations": ["maxpol"]}, "did you mean maxpool"),
        ({"scale": "demo", "seeds": 0}, "a whole number from 1"),
        ({"scale": "demo", "images_seen": "many"}, "a whole number from 1"),
        ({"scale": "demo", "seeds": True}, "a whole number from 1"),
        ({"scale": "demo", "seeds": 10_001}, "seeds: expected a whole number from 1 to 10,000 or"),
        ({"scale": "cpu", "seeds": 5, "looks": [5, 10**9]}, "of seeds from 2 to 10,000, such"),
        (
            {"scale": "cpu", "data_source": None},
            "data_source: allowed are torchvision.*, got None",
        ),
        ({"scale": "demo", "ablations": 5}, "a list of names or null"),
        ({"scale": "demo", "ablations": []}, "a list of names or null"),
        ({"scale": "cpu", "training_images": 60_000}, "cifar10 has|from 2 to 50,000"),
        ({"scale": "cpu", "training_images": 20}, "none would be left"),
        ({"scale": "cpu", "data_source": "Parquet"}, "did you mean parquet"),
        ({"scale": "demo", "data_source": "web"}, "data_source: allowed are archive, digits"),
        (
            {"scale": "cpu", "data_folder": 202401},
            "got 202401.* write the folder with",
        ),
        ({"scale": "cpu", "looks": [5, 3]}, "ascending numbers of seeds"),
        ({"scale": "cpu", "looks": [1, 5]}, "ascending numbers of seeds from 2"),
        ({"scale": "cpu", "looks": "5,8"}, "ascending numbers of seeds"),
        ({"scale": "cpu", "looks": [3, 8]}, "seeds, 5 here, must be one of them"),
        ({"scale": "cpu", "seeds": 6, "looks": [5, 8]}, "seeds, 6 here, must be one of them"),
    ],
)
def test_a_wrong_option_says_what_is_allowed(options, said):
    with pytest.raises(DeclarationError, match=said):
        resolve(options)


def test_a_claim_that_the_paper_doesnt_make_is_refused(folder):
    add(folder, "bold")
    with (folder / "bold.yaml").open("a") as file:
        file.write("claims: [maxpool-removal-help]\n")
    with pytest.raises(DeclarationError, match="did you mean maxpool-removal-helps"):
        resolve({"scale": "cpu"}, folder)


def test_an_ablation_by_rules_of_its_own_has_runs_without_a_config(folder, monkeypatch):
    text = "title: T\nquestion: Q\nsource: S\nbase: final\nrecords: [one]\n"
    (folder / "own.yaml").write_text(text)
    with pytest.raises(DeclarationError, match=r"no own\.smk"):
        resolve({"scale": "cpu"}, folder)
    (folder / "own.smk").write_text("")
    study = resolve({"scale": "cpu", "ablations": ["own"]}, folder)
    assert study.runs_of("own")[:1] == [("base.final", 0)]
    assert ("own.one", 4) in study.runs_of("own")
    assert to_document(study)["runs"]["own.one"] == {"config": None, "seeds": 5, "most": 5}
    assert "own.one" not in study.runs
    # What an ablation's own rules train has no network of the base's.
    tests = {"exact": [{"column": "parameters", "arm": f"own.{arm}"} for arm in ("base", "one")]}
    monkeypatch.setattr(Home, "tests", {"claim": tests})
    assert {name for name in declared_networks(study) if name.startswith("own.")} == {"own.base"}


def test_every_rule_has_a_name_that_no_ablation_may_take():
    from ablations.harness.declarations.names import RESERVED

    root = OWN.ablations.parent
    packages = [root / name for name in ("ablations", "resnet", "report")]
    files = [root / "Snakefile", *(p for package in packages for p in package.glob("**/*.smk"))]
    rules = [re.findall(r"^rule (\w+):", path.read_text(), re.MULTILINE) for path in files]
    assert {"imported", "study"} <= set(itertools.chain(*rules))
    assert set(itertools.chain(*rules)) <= set(RESERVED)


@pytest.mark.parametrize("beside", ["reference", "[../elsewhere]", "[{}]"])
def test_studies_beside_are_folders_in_results(tmp_path, beside):
    text = (OWN.scales / "smoke.yaml").read_text()
    (tmp_path / "smoke.yaml").write_text(f"{text}beside: {beside}\n")
    with pytest.raises(DeclarationError, match="beside: expected folders in results, got"):
        load_scale("smoke", tmp_path)


def test_held_out_images_shrink_with_the_training_set():
    for scale, held_out in (("paper", 5_000), ("cpu", 1_000)):
        study = resolve({"scale": scale})
        for member in study.ablations["hyperparameters"].members:
            assert study.runs[member.run].selection.held_out_images == held_out


def test_a_fraction_of_the_budget_is_of_the_scales():
    study = resolve({"scale": "paper"})
    seen = [study.runs[m.run].budget.images_seen for m in study.ablations["budget"].members]
    assert seen == [16_000_000, 8_000_000, 4_000_000, 2_000_000, 500_000]


def test_the_path_leads_from_torchvisions_network_to_the_final_model():
    study = resolve({"scale": "paper"})
    members = study.ablations["path"].members
    assert kind_of(study.runs[members[0].run].model) == "torchvision_resnet18"
    last = study.runs[members[-1].run]
    assert last == study.runs[study.ablations["schedule"].members[0].run]
    # Before data, schedule and optimizer it passes the base that architectures are compared from.
    assert members[-5].run == "base.design"


def test_a_network_that_the_machine_cant_hold_is_refused_where_it_would_be_trained(
    folder, monkeypatch
):
    arms = "{huge: {model.channels: [4096, 4096, 4096, 4096, 4096]}}"
    add(folder, "monster", factor="model.channels", arms=arms)
    monkeypatch.setattr(resolution, "gpu_visible", lambda: False)
    check_memory(resolve({"scale": "smoke"}, folder), "never")
    # It may be planned on a machine that can't train it.
    study = resolve({"scale": "smoke", "ablations": ["monster"]}, folder)
    for visible in (False, True):
        monkeypatch.setattr(resolution, "gpu_visible", lambda visible=visible: visible)
        for gpu in ("never", *(["auto"] if not visible else [])):
            with pytest.raises(
                DeclarationError, match=r"monster\.yaml:6: huge: would take about .* GiB"
            ):
                check_memory(study, gpu)
        # How much memory a GPU has isn't known before a run starts.
        check_memory(study, "always")
    check_memory(study, "auto")


def test_a_name_of_a_base_is_valid_as_a_folder(folder):
    bases = (folder / "_bases.yaml").read_text().replace("\nfinal:", "\nFinal Two:", 1)
    (folder / "_bases.yaml").write_text(bases)
    with pytest.raises(DeclarationError, match="'Final Two' is not a name"):
        load_bases(folder / "_bases.yaml")


@pytest.mark.parametrize("claims", ["", "claims: [{quote: it}]", "claims: [{id: a}, {id: a}]"])
def test_the_papers_claims_have_ids(claims, tmp_path):
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper" / "published.yaml").write_text(f"title: T\n{claims}\n")
    with pytest.raises(DeclarationError, match="claims: expected a list, each with an id"):
        claims_of(Home(tmp_path))


@pytest.mark.parametrize("headline", ["", "headline: final", "headline: {base: [final]}"])
def test_the_papers_headline_names_a_base(headline, tmp_path):
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper" / "published.yaml").write_text(f"dataset: cifar10\n{headline}\n")
    with pytest.raises(DeclarationError, match=r"headline: base: allowed are final"):
        check_published(Home(tmp_path), {"final": None})


@pytest.mark.parametrize("dataset", ["", "dataset: tiny_imagenet", "dataset: [cifar10]"])
def test_the_papers_data_set_is_a_known_one(dataset, tmp_path):
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper" / "published.yaml").write_text(f"headline: {{base: final}}\n{dataset}\n")
    with pytest.raises(DeclarationError, match=r"dataset: allowed are cifar10, digits, got"):
        check_published(Home(tmp_path), {"final": None})


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("mine: {exact: {column: parameters}}", "1: mine: expected exact, the list of tests"),
        ("mine: {exact: }", "1: mine: expected exact, the list of tests"),
        ("mine: [a]", "1: mine: expected its tests, got ['a']"),
        ("\nmime: {}", "2: mime: no claim of this id in published.yaml; did you mean mine?"),
        ("mine: {effects: [{arm: a.b}]}", "1: mine: effects: not of a claim of type exact"),
        ("mine:\n  need: {dataset: cifar10}", "1: mine: need: no such key; did you mean needs?"),
        ("mine: {exact: [{rates: figure9}]}", "1: mine: rates: published.yaml needs lists"),
        ("mine: {exact: [{rates: figure2}]}", "figure2: epochs: expected whole numbers from 0"),
        ("mine: {exact: [{sizes: figure4, arm: a.b, modules: {c: d}}]}", "got {'layer': 'c'}"),
    ],
)
def test_a_wrong_test_of_the_papers_is_one_line_before_anything_runs(tests, said, tmp_path):
    home = Home(tmp_path)
    home.paper.mkdir()
    (home.paper / "published.yaml").write_text(
        "dataset: cifar10\nheadline: {base: final}\nclaims: [{id: mine, type: exact}]\n"
        "figure2: {epochs: [x], learning_rate_printed: [0.1]}\nfigure4: {rows: [{layer: c}]}\n"
    )
    (home.paper / "claims.yaml").write_text(tests)
    with pytest.raises(DeclarationError) as told:
        check_published(home, {"final": None})
    assert said in str(told.value)
    assert str(told.value).startswith(f"{home.paper / 'claims.yaml'}:")


def test_a_file_with_another_ending_is_not_passed_over(folder):
    (folder / "wide.yml").write_text("title: Wide\n")
    with pytest.raises(DeclarationError, match=r"wide.yml: isn't read: rename it to wide.yaml"):
        resolve({"scale": "demo"}, folder)


def test_a_grid_changes_its_factor_alone(folder):
    add(folder, "wide", factor="optimizer", arms="{w: {optimizer.learning_rate: 0.2}}")
    text = (folder / "wide.yaml").read_text()
    grid = text[: text.index("arms:")] + "grid: {{{}: [0.1, 0.2]}}\n"
    (folder / "wide.yaml").write_text(grid.format("optimizer.learning_rate"))
    assert "wide" in resolve({"scale": "demo"}, folder).declarations
    (folder / "wide.yaml").write_text(grid.format("label_smoothing"))
    with pytest.raises(
        DeclarationError, match=r"label_smoothing: outside the factor \(optimizer\)"
    ):
        resolve({"scale": "demo"}, folder)


def test_two_scales_never_share_a_folder_of_results(tmp_path):
    shutil.copytree(OWN.scales, tmp_path, dirs_exist_ok=True)
    shutil.copy(tmp_path / "reference.yaml", tmp_path / "mine.yaml")
    with pytest.raises(DeclarationError, match=r"results/reference_study is that of .*reference"):
        load_scale("mine", tmp_path)
    (tmp_path / "mine.yaml").rename(tmp_path / "my-scale.yaml")
    text = (tmp_path / "my-scale.yaml").read_text()
    (tmp_path / "my-scale.yaml").write_text(text.replace("folder: reference_study\n", ""))
    with pytest.raises(DeclarationError, match="'my-scale' is not a name"):
        load_scale("my-scale", tmp_path)


def test_a_scales_looks_hold_for_other_seeds_too(monkeypatch):
    looked_at = dataclasses.replace(load_scale("cpu"), looks=(5, 8))
    monkeypatch.setattr(resolution, "load_scale", lambda *_: looked_at)
    assert resolve({"scale": "cpu"}).scale.looks == (5, 8)
    assert resolve({"scale": "cpu", "seeds": 8}).scale.looks == (5, 8)
    with pytest.raises(DeclarationError, match="seeds, 6 here, must be one of them"):
        resolve({"scale": "cpu", "seeds": 6})


def test_a_users_claim_changes_no_network_of_the_papers(folder):
    claim = (
        "{id: mine, quote: q, type: exact, exact: [{arm: halved, column: parameters, below: 9}]}"
    )
    path = folder / "channels.yaml"
    path.write_text(re.sub(r"(?m)^claims:.*$", f"claims: [{claim}]", path.read_text()))
    study = resolve({"scale": "smoke"}, folder)
    assert study.declarations["channels"].own_claims
    assert declared_networks(study)["channels.halved"]["data"]["dataset"] == "cifar10"


def test_held_out_images_shrink_with_the_base_s_own_training_images():
    data = {"data.dataset": "digits", "data.training_images": 1_000}
    bases = load_bases() | {"mine": from_dict(data | {"selection.held_out_images": 100})}
    scale = load_scale("smoke")
    resolver = Resolver(OWN, scale, bases)
    images = scale.amount("training_images", "base.mine")
    assert resolver.runs["base.mine"].selection.held_out_images == round(images / 10) > 0


def test_a_base_called_as_another_at_a_length_is_refused():
    bases = load_bases()
    resolver = Resolver(OWN, load_scale("smoke"), bases)
    resolver._run("base.final_20", bases["final"])
    with pytest.raises(DeclarationError, match=r"_bases.yaml: final_20: two runs would be called"):
        resolver._run("base.final_20", changed(bases["final"], {"batch_size": 7}))


def test_amounts_for_an_ablation_that_isnt_there_are_refused():
    scale = load_scale("smoke")
    with pytest.raises(DeclarationError, match=r"exceptions: .* mean maxpool"):
        resolution._check_names("exceptions", scale, {"maxpol": {"seeds": 7}}, ["maxpool"])


def test_a_scales_own_all_is_blamed_for_a_name_in_it():
    scale = dataclasses.replace(load_scale("smoke"), all=("maxpol",))
    with pytest.raises(DeclarationError, match=r"scale smoke: all: .* mean maxpool"):
        resolution._covered(None, scale, {"maxpool": None})


def test_a_bases_seeds_are_those_of_its_ablations(tmp_path):
    text = (OWN.scales / "smoke.yaml").read_text()
    (tmp_path / "smoke.yaml").write_text(f"{text}exceptions: {{base.final: {{seeds: 1}}}}\n")
    with pytest.raises(DeclarationError, match=r"smoke.yaml:\d+: seeds: belong to an ablation"):
        load_scale("smoke", tmp_path)


def test_a_run_that_the_study_has_not_is_refused_with_the_nearest_name():
    runs = {"maxpool.with_maxpool": "one", "base.final": "another"}
    assert named("base.final", runs) == "another"
    with pytest.raises(LookupError, match=r"no run maxpool.maxpool; did you mean maxpool.with_ma"):
        named("maxpool.maxpool", runs)
