"""Presets, what is left to them, and that the words of the settings are the network's."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from tumorboard.errors import SettingsError
from tumorboard.network.settings import FusionName, HeadKind
from tumorboard.study.settings import StudySettings, parse_settings, settings_template
from tumorboard.study.training_settings import PRESETS, FusionChoice, HeadChoice, Recipe, TrainingSettings

DOCS = Path(__file__).parents[2] / "docs" / "study.md"


def test_the_study_is_trained_as_it_says():
    recipe = TrainingSettings(preset="paper").recipe()
    assert (recipe.optimiser, recipe.learning_rate, recipe.schedule) == ("sgd", 0.004, "constant")
    assert 200 <= recipe.epochs <= 400
    settings = TrainingSettings(preset="paper")
    assert (settings.momentum, settings.batch) == (0.9, 32)


def test_what_is_set_goes_before_the_preset_zero_too():
    recipe = TrainingSettings(weight_decay=0, warm_up=0, patience=0, learning_rate=0.1, schedule="constant").recipe()
    assert (recipe.weight_decay, recipe.warm_up, recipe.patience) == (0, 0, 0)
    assert (recipe.learning_rate, recipe.schedule) == (0.1, "constant")
    assert recipe.epochs == PRESETS["modern"].epochs


def test_all_settings_decide_the_result_but_those_of_the_machine_and_the_histories():
    settings = TrainingSettings(workers=3, tensorboard=True, device="cuda:1")
    assert settings.deciding() == TrainingSettings().deciding()
    assert set(TrainingSettings.model_fields) - set(settings.deciding()) == {"workers", "tensorboard", "device"}


def test_changing_the_preset_in_a_written_file_changes_the_recipe():
    written = settings_template(StudySettings()).replace('preset = "modern"', 'preset = "paper"')
    assert parse_settings(tomllib.loads(written), "study.toml").training.recipe() == PRESETS["paper"]


def test_the_network_knows_every_word_of_the_settings():
    assert get_args(FusionChoice) == get_args(FusionName)
    assert get_args(HeadChoice) == get_args(HeadKind)


@pytest.mark.parametrize(
    ("section", "content", "said"),
    [
        ("training", {"learning_rate": 0}, "learning_rate are above 0"),
        ("training", {"learning_rate": -0.5}, "training.learning_rate = -0.5"),
        ("training", {"epochs": 0}, "epochs"),
        ("training", {"device": "gpu"}, "training.device = 'gpu'"),
        ("network", {"fusion": "cross-attention", "width": 30}, "multiple of 4"),
        ("network", {"modalities": ["tiles"]}, "network.modalities.0 = 'tiles'"),
        ("network", {"tile_px": 32}, "network.tile_px = 32"),
    ],
)
def test_what_cannot_be_is_told(section, content, said):
    with pytest.raises(SettingsError, match=re.escape(said)):
        parse_settings({section: content}, "study.toml")


def test_the_documentation_names_every_setting_with_its_default():
    text = DOCS.read_text(encoding="utf-8").split("\n## `study.toml`\n")[1]
    sections = ("network", "training", "features", "prediction")
    begins = tuple(f"| `{section}." for section in sections)
    rows = [line.split("|")[1:4] for line in text.splitlines() if line.startswith(begins)]
    named = [name for row in rows for name in re.findall(r"`([a-z_.0-9]+)`", row[0])]
    settings = StudySettings()
    expected = [f"{section}.{name}" for section in sections for name in type(getattr(settings, section)).model_fields]
    assert sorted(named) == sorted(expected)
    shown = tomllib.loads(settings_template(settings))
    for row in rows:
        names, defaults = re.findall(r"`([a-z_.0-9]+)`", row[0]), re.findall(r"`([^`]*)`", row[1])
        for number, name in enumerate(names):
            section, key = name.split(".")
            stated = tomllib.loads(f"value = {defaults[min(number, len(defaults) - 1)]}")["value"]
            assert stated == shown[section][key], name


def test_the_documentation_tells_what_presets_stand_for():
    text = DOCS.read_text(encoding="utf-8")
    for name in Recipe.__dataclass_fields__:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `training.{name}`")]
        for preset, recipe in PRESETS.items():
            value = getattr(recipe, name)
            assert f"{preset}: {value if isinstance(value, str) else f'{value:g}'}" in row
