import fastjsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablations.harness.declarations.all_declarations import load_bases
from ablations.harness.declarations.declaration import load
from ablations.harness.declarations.document import DeclarationError, read
from ablations.harness.declarations.home import OWN
from ablations.harness.schema import schema
from report.claim_types.forms import problem_with
from report.claim_types.registry import claim_types
from resnet.config import RunConfig, changed

GOOD = {
    "title": "A title",
    "question": "A question?",
    "source": "Somewhere",
    "base": "final",
    "factor": "model.maxpool",
    "arms": {"kept": {"model.maxpool": True}},
}
BASES = load_bases()


def declare(folder, changes=None, name="thing", without=()):
    content = {key: v for key, v in (GOOD | (changes or {})).items() if key not in without}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return load(path, BASES)


def test_a_declaration_says_what_its_file_says(tmp_path):
    declaration = declare(tmp_path)
    assert (declaration.name, declaration.base, declaration.design) == ("thing", "final", "arms")
    assert declaration.factor == ("model.maxpool",)
    assert declaration.arms[0].changes == {"model.maxpool": True}


def test_nested_changes_are_dotted_ones(tmp_path):
    arms = {"adam": {"optimizer": {"name": "adam", "learning_rate": 0.001}}}
    declaration = declare(tmp_path, {"factor": "optimizer", "arms": arms})
    changes = declaration.arms[0].changes
    assert changes == {"optimizer.name": "adam", "optimizer.learning_rate": 0.001}


def test_a_ladder_builds_on_the_rung_below(tmp_path):
    ladder = {"one": {"model.maxpool": True}, "two": {"batch_size": 64}}
    declaration = declare(tmp_path, {"ladder": ladder}, without=("arms",))
    assert [arm.all_changes for arm in declaration.arms] == [
        {"model.maxpool": True},
        {"model.maxpool": True, "batch_size": 64},
    ]


def test_a_rung_of_another_kind_drops_the_settings_that_it_doesnt_have(tmp_path):
    ladder = {
        "momentum": {"optimizer.momentum": 0.8, "optimizer.weight_decay": 0.001},
        "adam": {"optimizer.name": "adam"},
    }
    adam = declare(tmp_path, {"ladder": ladder}, without=("arms",)).arms[1]
    assert adam.all_changes == {"optimizer.weight_decay": 0.001, "optimizer.name": "adam"}
    assert changed(RunConfig(), adam.all_changes).optimizer.weight_decay == 0.001


def test_a_grid_may_vary_the_length_from_the_whole(tmp_path):
    rate = RunConfig().optimizer.learning_rate
    grid = {"budget.fraction": [0.5, 1.0], "optimizer.learning_rate": [rate, rate / 2]}
    arms = declare(tmp_path, {"grid": grid}, without=("arms", "factor")).arms
    cells = [(a.changes["budget.fraction"], a.changes["optimizer.learning_rate"]) for a in arms]
    assert cells == [(0.5, rate), (0.5, rate / 2), (1.0, rate / 2)]


def test_a_grid_is_every_cell_but_the_base(tmp_path):
    grid = {"optimizer.learning_rate": [0.1, 0.05], "batch_size": [128, 256]}
    declaration = declare(tmp_path, {"grid": grid}, without=("arms", "factor"))
    assert {arm.name: arm.changes for arm in declaration.arms} == {
        "lr_0p1_bs_256": {"optimizer.learning_rate": 0.1, "batch_size": 256},
        "lr_0p05_bs_128": {"optimizer.learning_rate": 0.05, "batch_size": 128},
        "lr_0p05_bs_256": {"optimizer.learning_rate": 0.05, "batch_size": 256},
    }


def test_changes_outside_the_factor_are_said(tmp_path):
    arms = {"kept": {"model.maxpool": True, "also_changes": {"batch_size": 64}}}
    arm = declare(tmp_path, {"arms": arms}).arms[0]
    assert (arm.changes, arm.also_changes) == ({"model.maxpool": True}, {"batch_size": 64})


def test_an_arm_is_named_for_readers(tmp_path):
    arms = {
        "kept": {"label": "with the maxpool", "model.maxpool": True},
        "not_first": {"model.stride_in_block": "second"},
    }
    found = declare(tmp_path, {"arms": arms, "factor": "model"}).arms
    assert [arm.label for arm in found] == ["with the maxpool", "not first"]
    assert "label" not in found[0].all_changes


def test_a_cell_of_a_grid_is_named_by_its_settings(tmp_path):
    grid = {"optimizer.learning_rate": [0.1, 0.05], "batch_size": [64]}
    declaration = declare(tmp_path, {"grid": grid}, without=("arms", "factor"))
    assert "learning rate 0.05, batch size 64" in [arm.label for arm in declaration.arms]


@pytest.mark.parametrize(
    ("label", "other"), [("wider", "one"), ("base", "the base"), ("the base final", "the base")]
)
def test_arms_that_readers_could_not_tell_apart_are_refused(tmp_path, label, other):
    arms = {
        "one": {"label": "wider", "model.maxpool": True},
        "two": {"label": label, "model.maxpool": True, "also_changes": {"batch_size": 64}},
    }
    with pytest.raises(DeclarationError, match=f"'{label}' is that of {other}, too"):
        declare(tmp_path, {"arms": arms})


@pytest.mark.parametrize("label", ["", "x" * 61, 3, None])
def test_a_label_that_is_none_is_refused(tmp_path, label):
    arms = {"kept": {"label": label, "model.maxpool": True}}
    with pytest.raises(DeclarationError, match="label: expected a text of at most 60 letters"):
        declare(tmp_path, {"arms": arms})


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ({"titel": "x"}, 9, "did you mean title"),
        ({"title": ""}, 1, "expected a text"),
        ({"question": 3}, 2, "expected a text, got 3"),
        ({"base": "finall"}, 4, "did you mean final"),
        ({"factor": "model.maxpol"}, 5, "did you mean model.maxpool"),
        ({"factor": []}, None, "the setting or settings"),
        ({"budget": "hours"}, 9, "allowed are images, epochs"),
        ({"ladder": {"a": {"batch_size": 2}}}, None, "expected one of arms, ladder, grid"),
        ({"arms": {}}, 6, "expected name: change"),
        ({"arms": {"Kept": {"model.maxpool": True}}}, 7, "is not a name"),
        ({"arms": {"base": {"model.maxpool": True}}}, 7, "is taken"),
        ({"arms": {"kept": {}}}, 7, "expected changes"),
        ({"arms": {"kept": {"model.maxpol": True}}}, 8, "did you mean model.maxpool"),
        ({"arms": {"kept": {"model.maxpool": "yes"}}}, 8, "true or false"),
        ({"arms": {"kept": {"model.stem_kernel": 4}}}, 8, "one of: 1, 3, 5, 7"),
        ({"arms": {"kept": {"lable": "Kept"}}}, 8, "did you mean label"),
        ({"arms": {"kept": {"batch_size": 64}}}, 8, "outside the factor"),
        (
            {"arms": {"kept": {"model.maxpool": True, "also_changes": {"model.maxpool": False}}}},
            10,
            "within the factor; say it once",
        ),
        (
            {"arms": {"kept": {"model.maxpool": True, "also_changes": {"seed": 3}}}},
            10,
            "same seeds",
        ),
        ({"factor": "budget", "arms": {"a": {"budget.images_seen": 5}}}, 8, "budget.fraction"),
        ({"arms": {"null": {"model.maxpool": True}}}, 7, "is taken"),
        (
            {"arms": {"a": {"model": {"stem_stride": 2, "maxpool": 3}}}, "factor": "model"},
            10,
            "true",
        ),
        ({"arms": {"a": {"model": {"maxpool": True}, "model.maxpool": True}}}, 10, "set twice"),
    ],
)
def test_a_wrong_declaration_names_file_line_and_what_is_allowed(tmp_path, changes, line, said):
    with pytest.raises(DeclarationError) as caught:
        declare(tmp_path, changes)
    assert said in str(caught.value)
    assert caught.value.line == line
    assert caught.value.path.name == "thing.yaml"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ({"optimizer": [{"name": "adam"}]}, "takes no groups"),
        ({"batch_siz": [1]}, "did you mean batch_size"),
        ({"batch_size": 64}, "expected a list"),
        ({"batch_size": [128]}, "one combination, and that is its base"),
        ({"optimizer.name": ["sgd", "adam"], "optimizer.momentum": [0, 0.9]}, "the combination"),
        ({"augmentation.copies": [[["random_crop"]], [["random_rotation"], []]]}, "c_random"),
    ],
)
def test_a_grid_that_cant_be_is_refused(tmp_path, grid, said):
    if said == "c_random":
        names = [a.name for a in declare(tmp_path, {"grid": grid}, without=("arms", "factor")).arms]
        assert names == ["c_random_crop", "c_random_rotation"]
        return
    with pytest.raises(DeclarationError, match=said):
        declare(tmp_path, {"grid": grid}, without=("arms", "factor"))


def test_cells_that_would_share_a_name_are_refused(tmp_path):
    grid = {"augmentation.copies": [[[], []], [[], [], []]]}
    with pytest.raises(DeclarationError, match="two combinations"):
        declare(tmp_path, {"grid": grid}, without=("arms", "factor"))


@pytest.mark.parametrize("name", ["Thing", "1st", "a-b", "report", "a" * 61])
def test_a_file_whose_name_is_no_name_is_refused(tmp_path, name):
    with pytest.raises(DeclarationError, match=r"is not a name|is taken"):
        declare(tmp_path, name=name)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("abz_.", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abz_.", max_size=8), inner)
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*GOOD, "ladder", "grid", "budget", "claims"]), anything))
def test_any_declaration_is_read_or_refused_in_one_line(tmp_path, changes):
    try:
        declaration = declare(tmp_path, changes)
    except DeclarationError as error:
        assert "\n" not in str(error)
    else:
        assert declaration.arms


MINE = {
    "id": "mine",
    "quote": "Keeping it helps",
    "type": "direction",
    "effects": [{"arm": "kept", "sign": "positive"}],
}


VALUE = {"type": "value", "published": 0.9, "tolerance": 0.01, "values": [{"arm": "kept"}]}
EXACT = {"type": "exact", "exact": [{"arm": "kept", "column": "parameters", "below": 5_000_000}]}
RATIO = {"arm": "kept", "column": "parameters", "over": "base", "ratio_above": 1.5}
TREND = {"arm": "base", "rule": "train_accuracy_reaches", "value": 0.99, "by_epoch": 10}
ALSO = (VALUE, EXACT, {"type": "exact", "exact": [RATIO]}, {"type": "trend", "trends": [TREND]})


def test_a_users_own_claim_names_her_arms(tmp_path):
    declaration = declare(tmp_path, {"claims": ["maxpool-removal-helps", MINE]})
    assert declaration.claims == ("maxpool-removal-helps",)
    (claim,) = declaration.own_claims
    assert claim["effects"] == [{"arm": "thing.kept", "sign": "positive"}]
    assert claim["where"] == "thing"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "My Claim"}, "id: expected a-z"),
        ({"quote": None}, "expected a quote"),
        ({"type": "guess"}, "allowed are choice, direction"),
        ({"type": "trend"}, "no key 'effects'"),
        ({"effects": []}, "expected effects"),
        ({"effects": [{"arm": "gone", "sign": "positive"}]}, "no arm 'gone'"),
        ({"effects": [{"arm": "kept"}]}, "sign: allowed are"),
        (
            {"effects": [{"arm": "kept", "sing": "positive"}]},
            "no key 'sing'; allowed are arm, sign",
        ),
        ({"type": "size", "effects": [{"arm": "kept", "within": -1}]}, "a number above 0"),
        ({"combine": "most"}, "allowed are all, any"),
        ({"colour": "red"}, "no key 'colour'"),
        ({"needs": "cifar10"}, "needs: expected some of dataset"),
        ({"needs": {"scale": "paper"}}, "needs: no key 'scale'; allowed are dataset"),
        ({"needs": {"images_seen": "many"}}, "needs: images_seen: expected a whole number"),
        ({"since": "yesterday"}, "since: expected a moment such as"),
        ({"since": 2026}, "since: expected a moment such as"),
    ],
)
def test_a_wrong_claim_is_refused(tmp_path, change, said):
    with pytest.raises(DeclarationError, match=said):
        declare(tmp_path, {"claims": [MINE | change]})


def test_a_users_claim_says_what_it_needs_and_since_when_it_stands(tmp_path):
    more = {"needs": {"dataset": "cifar10", "train_accuracy": 0.7}, "since": "2026-11-27T01:30Z"}
    (claim,) = declare(tmp_path, {"claims": [MINE | more]}).own_claims
    assert claim["needs"]["train_accuracy"] == 0.7
    assert claim["since"] == "2026-11-27T01:30Z"


def own(claim):
    return {"id": "mine", "quote": "A quote"} | claim


def test_only_an_effect_can_need_an_accuracy(tmp_path):
    claim = own(ALSO[-1]) | {"needs": {"plain_train_accuracy": 0.7}}
    with pytest.raises(DeclarationError, match="needs: plain_train_accuracy belongs to claims"):
        declare(tmp_path, {"claims": [claim]})


def test_a_users_own_claims_are_of_every_type(tmp_path):
    claims = [own(claim) | {"id": f"mine-{i}"} for i, claim in enumerate(ALSO)]
    value, exact, ratio, trend = declare(tmp_path, {"claims": claims}).own_claims
    assert value["values"] == [{"arm": "thing.kept"}]
    assert exact["exact"][0]["arm"] == "thing.kept"
    assert ratio["exact"][0]["over"] == "thing.base"
    assert trend["trends"][0]["arm"] == "thing.base"


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (VALUE | {"published": None}, "published: expected an accuracy"),
        (VALUE | {"values": [{"arm": "kept", "sign": "positive"}]}, "no key 'sign'"),
        (EXACT | {"exact": [{"arm": "kept", "column": "colour"}]}, "allowed are parameters"),
        (EXACT | {"exact": [{"arm": "kept", "column": "parameters"}]}, "at least one of above"),
        (EXACT | {"exact": [RATIO | {"over": "gone"}]}, "over: no arm 'gone'"),
        (EXACT | {"exact": [RATIO | {"ratio_above": "x"}]}, "ratio_above: expected a number"),
        ({"type": "trend", "trends": [TREND | {"rule": "grows"}]}, "rule: allowed are"),
        ({"type": "trend", "trends": [TREND | {"by_epoch": 2.5}]}, "by_epoch: expected a whole"),
        ({"type": "trend", "trends": ["grows"]}, "expected a test such as arm"),
    ],
)
def test_a_wrong_test_of_a_claim_is_refused(tmp_path, claim, said):
    with pytest.raises(DeclarationError, match=said):
        declare(tmp_path, {"claims": [own(claim)]})


def test_the_editors_schema_takes_every_file_and_no_other_key():
    check = fastjsonschema.compile(
        {**schema(), "$schema": "http://json-schema.org/draft-07/schema#"}
    )
    files = [path for path in OWN.ablations.glob("*.yaml") if not path.name.startswith("_")]
    assert len(files) > 20
    for path in files:
        check(read(path).content)
    good = read(OWN.ablations / "maxpool.yaml").content
    for wrong in (
        {"arms": {"kept": {"model.maxpol": True}}},
        {"arms": {"kept": {"model.maxpool": 3}}},
        {"arms": {"kept": {"model": {"stem_kernel": 4}}}},
        {"grid": {"seed": [1]}},
        {"factor": "model.colour"},
        {"colour": "red"},
    ):
        with pytest.raises(fastjsonschema.JsonSchemaValueException):
            check(good | wrong)


def test_every_rule_of_a_trend_has_its_form():
    from report.judge.trends import RULES

    forms = claim_types()["trend"]["forms"]
    assert {form["keys"]["rule"][0] for form in forms} == set(RULES)
    # One rule compares published logs, and no run: a user's claim has no use for it.
    papers = [form["keys"]["rule"][0] for form in forms if form.get("paper")]
    assert papers == ["best_above"]
    test = {"rule": "best_above", "others": ["log"], "beyond": 2}
    assert problem_with("trend", test) == ""
    assert problem_with("trend", test, ["base"]).startswith("rule: allowed are train_accuracy_")
