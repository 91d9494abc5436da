import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resnet.config import (
    GROUPS,
    SETTINGS,
    ConfigError,
    RunConfig,
    changed,
    estimate_memory,
    from_dict,
    to_dict,
    to_json,
)


def test_the_defaults_are_the_papers_final_model():
    model = RunConfig().model
    assert model.blocks == (2, 4, 3, 3)
    assert model.channels == (32, 32, 64, 128, 256)
    assert (model.stem_kernel, *model.stage_kernels) == (3, 5, 5, 3, 3)
    assert not model.maxpool


def test_a_config_survives_json():
    config = from_dict({"model.maxpool": True, "schedule.t_max": 25, "optimizer.name": "adam"})
    assert from_dict(json.loads(to_json(config))) == config
    assert to_json(config) == json.dumps(dataclasses.asdict(config), sort_keys=True)


def test_json_leaves_no_setting_out():
    plain = to_dict(RunConfig())
    keys = {f"{g}.{k}" for g in GROUPS for k in plain[g]} | (set(plain) - set(GROUPS))
    assert keys == set(SETTINGS)


def test_dotted_and_nested_changes_are_the_same():
    assert changed(RunConfig(), {"model.maxpool": True}) == from_dict({"model": {"maxpool": True}})


def test_configs_cannot_be_mutated():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().seed = 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model.maxpol": True}, "did you mean model.maxpool"),
        ({"model.maxpool": 1}, "true or false"),
        ({"model.stem_kernel": 4}, "odd whole number"),
        ({"model.channels": [1, 2, 3]}, "a list of 5 values"),
        ({"model.channels": [32, 32, 64, 128, 10**9]}, "from 1 to 4,096"),
        ({"model": 3}, "no such setting"),
        ({"optimizer.learning_rate": float("nan")}, "a number from"),
        ({"optimizer.name": "sdg"}, "one of: sgd, adam, adamw"),
        ({"augmentation.copies": [["rotate"]]}, "out of: random_resized_crop"),
        ({"batch_size": 1}, "batch of one"),
        ({"batch_size": 1024, "data.training_images": 1000}, "none would be left"),
        ({"batch_size": 64, "drop_last": False, "data.training_images": 65}, "batch of one"),
        ({"data.dataset": "digits", "data.training_images": 2000}, "digits has 1,437"),
        ({"data.training_images": 100, "selection.held_out_images": 100}, "must leave some"),
        ({"optimizer.nesterov": True}, "needs optimizer.momentum"),
        ({"optimizer.name": "adam", "optimizer.momentum": 0.9}, "only sgd and muon have momentum"),
        ({"schedule.eta_min": 0.5}, "must not exceed"),
        ({"model.stride_in_block": "second", "model.convolutions_per_block": 1}, "no second"),
        ({"model.name": "torchvision_resnet18", "model.maxpool": True}, "comes as it is"),
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
    estimate = estimate_memory(RunConfig())
    assert estimate > 4 * 4 * 4_978_730
    assert 0.4e9 < estimate < 1.5e9


def test_a_monster_is_seen_before_anything_is_allocated():
    monster = {"model.channels": [4096] * 5, "model.blocks": [64] * 4}
    assert estimate_memory(from_dict(monster)) > 1e12
