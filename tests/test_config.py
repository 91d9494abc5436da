import json
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report.read.record import identity
from resnet import registry
from resnet.config import (
    FORMER,
    GROUPS,
    KINDS,
    SETTINGS,
    RunConfig,
    changed,
    defaults,
    flatten,
    from_dict,
    from_record,
    to_dict,
    to_json,
)
from resnet.costs import estimate
from resnet.settings import ConfigError, kind_of

ROOT = Path(__file__).parent.parent


def test_the_defaults_are_the_papers_final_model():
    model = RunConfig().model
    assert model.blocks == (2, 4, 3, 3)
    assert model.channels == (32, 32, 64, 128, 256)
    assert (model.stem_kernel, *model.stage_kernels) == (3, 5, 5, 3, 3)
    assert not model.maxpool


def test_a_config_survives_json():
    config = from_dict(
        {
            "model.maxpool": True,
            "schedule": {"name": "cosine", "t_max": 25},
            "optimizer.name": "adam",
        }
    )
    assert from_dict(json.loads(to_json(config))) == config
    assert json.loads(to_json(config)) == {
        "model": {"maxpool": True},
        "schedule": {"name": "cosine", "t_max": 25},
        "optimizer": {"name": "adam"},
    }
    assert to_json(RunConfig()) == "{}"


def test_json_leaves_no_setting_out():
    found = set()
    for group, kinds in KINDS.items():
        for kind in kinds:
            plain = to_dict(from_dict({f"{group}.name": kind}))
            found |= {f"{g}.{k}" for g in GROUPS for k in plain[g]} | (set(plain) - set(GROUPS))
    assert found == set(SETTINGS)


def test_dotted_and_nested_changes_are_the_same():
    assert changed(RunConfig(), {"model.maxpool": True}) == from_dict({"model": {"maxpool": True}})


def test_configs_cannot_be_mutated():
    with pytest.raises(AttributeError):
        RunConfig().seed = 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model.maxpol": True}, "did you mean model.maxpool"),
        ({"model.maxpool": 1}, "true or false"),
        ({"model.stem_kernel": 4}, "one of: 1, 3, 5"),
        ({"model.channels": [1, 2, 3]}, "a list of 5 values"),
        ({"augmentation.copies": 3}, "a list of 1 to 16 values, each a list of up to 8 values"),
        ({"model.channels": [32, 32, 64, 128, 10**9]}, "from 1 to 4,096"),
        ({"model": 3}, "no such setting"),
        ({"optimizer.learning_rate": float("nan")}, "a number from"),
        ({"optimizer.name": "sdg"}, "one of: adam, adamw, muon, sgd; did you mean sgd"),
        ({"augmentation.copies": [["rotate"]]}, "each one of: cutout, horizontal_flip"),
        ({"batch_size": 1}, "batch of one"),
        ({"batch_size": 1024, "data.training_images": 1000}, "none would be left"),
        ({"batch_size": 64, "drop_last": False, "data.training_images": 65}, "batch of one"),
        ({"data.dataset": "digits", "data.training_images": 2000}, "digits has 1,437"),
        ({"data.training_images": 100, "selection.held_out_images": 100}, "must leave some"),
        ({"optimizer.nesterov": True}, "needs optimizer.momentum"),
        (
            {"optimizer.name": "adam", "optimizer.momentum": 0.9},
            "the optimizer adam has no such setting",
        ),
        (
            {"schedule": {"name": "cosine", "eta_min": 0.5}},
            "must not exceed optimizer.learning_rate",
        ),
        (
            {"optimizer.name": "muon", "schedule": {"name": "cosine", "eta_min": 0.05}},
            "must not exceed optimizer.kernel_learning_rate",
        ),
        ({"optimizer.kernel_learning_rate": 0.1}, "the optimizer sgd has no such setting"),
        (
            {"schedule": {"name": "cosine", "warmup_fraction": 0.1}},
            "the schedule cosine has no such setting",
        ),
        ({"model.stride_in_block": "second", "model.convolutions_per_block": 1}, "no second"),
        (
            {"model.name": "torchvision_resnet18", "model.maxpool": True},
            "torchvision_resnet18 has no such setting; it has none",
        ),
    ],
)
def test_an_impossible_setting_says_what_is_allowed(changes, message):
    with pytest.raises(ConfigError, match=message) as caught:
        from_dict(changes)
    assert "\n" not in str(caught.value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*SETTINGS, *GROUPS]) | st.text(max_size=20), anything))
def test_any_input_is_a_config_or_a_one_line_error(changes):
    try:
        config = from_dict(changes)
    except ConfigError as error:
        assert "\n" not in str(error)
    else:
        assert from_dict(json.loads(to_json(config))) == config


def test_the_memory_estimate_is_of_the_right_size():
    # Training it was seen to take between 0.7 and 1.3 GB, torch's own 0.3 included.
    needed = estimate.training_bytes(RunConfig().model, 32, 128)
    assert needed > 4 * 4 * 4_978_730
    assert 0.4e9 < needed < 1.5e9


def test_a_monster_is_seen_before_anything_is_allocated():
    monster = {"model.channels": [4096] * 5, "model.blocks": [64] * 4}
    assert estimate.training_bytes(from_dict(monster).model, 32, 128) > 1e12


RECORDS = sorted((ROOT / "results").glob("*reference/runs/*/seed*/config.json"))
HEAD_START = sorted((ROOT.parent / "shared" / "study").glob("**/runs/*/seed*/config.json"))


def test_the_configs_of_all_committed_records_are_read():
    assert len(RECORDS) > 30
    for path in (*RECORDS, *HEAD_START):
        recorded = json.loads(path.read_text())
        config = from_record(recorded)
        assert from_dict(json.loads(to_json(config))) == config
        # What it states is what was recorded; a setting that came later is at its default.
        for key, value in flatten(to_dict(config)).items():
            assert value == flatten(recorded).get(key, value), path


def test_a_former_setting_is_dropped_at_its_default_and_refused_elsewhere():
    plain = to_dict(RunConfig())
    former = plain | {"optimizer": plain["optimizer"] | {"kernel_learning_rate": 0.02}}
    assert from_record(former) == RunConfig()
    former["optimizer"]["kernel_learning_rate"] = 0.05
    with pytest.raises(ConfigError, match="the optimizer sgd has no such setting"):
        from_record(former)


def test_a_former_setting_of_a_kind_without_settings_never_had_an_effect():
    constant = changed(RunConfig(), {"schedule": {"name": "constant"}})
    recorded = to_dict(constant) | {"schedule": {"name": "constant", "t_max": 25, "eta_min": 0.0}}
    assert from_record(recorded) == constant
    settings = {"defaults": defaults(), "former": FORMER}
    assert identity(recorded, settings) == identity(to_dict(constant), settings)
    # A cosine's period has one.
    cosine = {"schedule": {"name": "cosine", "t_max": 25}}
    assert identity(cosine, settings) == {"schedule": {"name": "cosine", "t_max": 25}}


def test_a_kind_that_becomes_another_keeps_what_both_have():
    config = changed(RunConfig(), {"optimizer": {"momentum": 0.9, "weight_decay": 0.1}})
    adam = changed(config, {"optimizer.name": "adam"}).optimizer
    assert (kind_of(adam), adam.weight_decay) == ("adam", 0.1)
    # Read from a file, a kind has its own defaults for what the file leaves out.
    assert from_dict({"optimizer.name": "adam"}).optimizer.weight_decay == 0
    back = changed(
        changed(RunConfig(), {"model.name": "torchvision_resnet18"}), {"model.name": "resnet"}
    )
    assert back == RunConfig()


GOOD = "from resnet.network.settings import NetworkSettings\n\n\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "settings.py, line 1: SyntaxError: invalid syntax"),
        ("import nothing_like_it\n", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("", "has no class Settings"),
        (GOOD + "class Settings(NetworkSettings, frozen=True, tag='other'): pass\n", "tag 'other'"),
        (
            GOOD + "class Settings(NetworkSettings, frozen=True, tag='mine', kw_only=True):\n"
            "    width: int\n",
            "Missing required argument 'width'; every setting needs a default",
        ),
        (
            GOOD + "class Settings(NetworkSettings, frozen=True, tag='mine'):\n"
            "    width: int = 'eight'\n",
            "Expected `int`, got `str`",
        ),
    ],
)
def test_a_mistake_in_an_entry_names_its_file(text, said, tmp_path, monkeypatch):
    folder = tmp_path / "my_entries" / "mine"
    folder.mkdir(parents=True)
    (folder / "settings.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "found", lambda *_: {"mine": "my_entries"})
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    for name in ("my_entries.mine.settings", "my_entries.mine", "my_entries"):
        sys.modules.pop(name, None)
    with pytest.raises(ImportError, match=re.escape(str(folder / "settings.py"))) as raised:
        registry.kinds("resnet.network")
    assert said in str(raised.value)
