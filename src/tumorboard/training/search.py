"""A search of hyper-parameters: what may vary, what is tried next, and how a fold judges it on its select patients."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from tumorboard.errors import MissingExtraError, SettingsError
from tumorboard.inputs.study_inputs import StudyInputs
from tumorboard.network.saving import CONFIG_FILE
from tumorboard.study.settings import StudySettings, parse_settings
from tumorboard.study.training_settings import FusionChoice, Recipe
from tumorboard.training.fold import train_fold
from tumorboard.training.random_numbers import seed_for
from tumorboard.training.task import FoldTask, Report

Value = float | int | str
Values = dict[str, Value]
"""By setting, such as ``training.learning_rate``."""

_DIGITS = 3


@dataclass(frozen=True)
class Parameter:
    """A setting that is varied: a range, or some choices.

    Parameters
    ----------
    setting : str
        With its section, such as ``training.learning_rate``.
    low, high : float
        Ends of the range, both included.
    log : bool
        Orders of magnitude count alike.
    step : float or None
        Between neighbouring values of a range.
    choices : tuple
        In place of a range.
    """

    setting: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    step: float | None = None
    choices: tuple[Value, ...] = ()

    def described(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        if self.choices:
            return {"choices": list(self.choices)}
        return {"low": self.low, "high": self.high, "log": self.log, "step": self.step}


SPACE = (
    Parameter("training.learning_rate", 1e-4, 1e-2, log=True),
    Parameter("training.encoder_rate", 0.01, 1.0, log=True),
    Parameter("training.weight_decay", 1e-4, 0.1, log=True),
    Parameter("network.dropout", 0.0, 0.5, step=0.05),
    Parameter("network.width", choices=(32, 64, 128, 256)),
    Parameter("network.modality_dropout", 0.0, 0.5, step=0.1),
    Parameter("network.fusion", choices=get_args(FusionChoice)),
)
_OF_SEVERAL_MODALITIES = {"network.modality_dropout", "network.fusion"}
_OF_TRAINED_ENCODERS = {"training.encoder_rate"}


def space_of(settings: StudySettings, inputs: StudyInputs, vary: Sequence[str] = ()) -> tuple[Parameter, ...]:
    """Return what is varied: what makes a difference for a study, or what was asked for.

    Parameters
    ----------
    settings : StudySettings
    inputs : StudyInputs
        With the modalities that are trained on.
    vary : sequence of str
        Names of settings, with or without their section; empty for all.

    Raises
    ------
    SettingsError
        A setting is asked for that cannot be varied, or makes no difference here.
    """
    pictures = any(inputs.pictures(name) is not None for name in inputs.modalities)
    idle = set() if len(inputs.modalities) > 1 else set(_OF_SEVERAL_MODALITIES)
    if not pictures or settings.training.encoders == "frozen":
        idle |= _OF_TRAINED_ENCODERS
    there = {parameter.setting: parameter for parameter in _space(settings) if parameter.setting not in idle}
    wanted = [next((own for own in there if name in (own, own.partition(".")[2])), name) for name in vary]
    if strange := [name for name in wanted if name not in there]:
        raise SettingsError(
            f"{strange[0]!r} cannot be varied here", where="--vary", fix=f"There are {', '.join(there)}"
        )
    return tuple(there[name] for name in there if not wanted or name in wanted)


def _space(settings: StudySettings) -> tuple[Parameter, ...]:
    """Return what can be varied, without fusions that other settings forbid."""
    if settings.network.readings:  # which belong to one fusion alone
        idle = {"network.fusion", "network.width", "network.modality_dropout"}
        return tuple(parameter for parameter in SPACE if parameter.setting not in idle)
    if settings.network.head == "log-risk" and settings.training.recipe().alone_epochs:
        return SPACE
    return tuple(
        replace(parameter, choices=tuple(name for name in parameter.choices if name != "stacked risks"))
        for parameter in SPACE
    )


def values_as_set(settings: StudySettings, space: Sequence[Parameter]) -> Values:
    """Return what the settings say now, the preset's values filled in."""
    recipe = settings.training.recipe()
    found: Values = {}
    for parameter in space:
        section, name = parameter.setting.split(".")
        place = recipe if name in Recipe.__dataclass_fields__ else getattr(settings, section)
        found[parameter.setting] = getattr(place, name)
    return found


def with_values(settings: StudySettings, values: Mapping[str, Value]) -> StudySettings:
    """Return settings with a trial's values in their place."""
    content = settings.model_dump(mode="json")
    for setting, value in values.items():
        section, name = setting.split(".")
        content[section][name] = value
    return parse_settings(content, "search")


def propose(space: Sequence[Parameter], past: Sequence[tuple[Values, float | None]], number: int, seed: int) -> Values:
    """Return what a trial tries: the first ones at random, then by a tree-structured Parzen estimator.

    The answer depends on the seed, the trial's number and the trials before it, and on nothing else: a search that was
    stopped goes on to the same trials.

    Parameters
    ----------
    space : sequence of Parameter
    past : sequence of (values, float or None)
        What was tried, and how good it was; None where training failed.
    number : int
        Of the trial.
    seed : int
        Of the search.

    Raises
    ------
    MissingExtraError
        Optuna is not installed.

    References
    ----------
    Bergstra et al., Algorithms for hyper-parameter optimization, NeurIPS 2011; Akiba et al., Optuna, KDD 2019.
    """
    optuna = _optuna()
    distributions = {parameter.setting: _distribution(optuna, parameter) for parameter in space}
    sampler = optuna.samplers.TPESampler(seed=seed_for(seed, "trial", number) % 2**32)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    states = optuna.trial.TrialState
    for values, found in past:
        state = states.PRUNED if found is None else states.COMPLETE
        try:
            trial = optuna.trial.create_trial(state=state, value=found, params=values, distributions=distributions)
        except ValueError:
            continue  # settings outside the space: they are no trial to learn from
        study.add_trial(trial)
    return {name: _rounded(value) for name, value in study.ask(distributions).params.items()}


def optuna_version() -> str:
    """Return the version of Optuna, on which proposals depend.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    return str(_optuna().__version__)


def _optuna() -> Any:  # noqa: ANN401
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError("optuna", "search", "A search of hyper-parameters") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _distribution(optuna: Any, parameter: Parameter) -> Any:  # noqa: ANN401
    if parameter.choices:
        return optuna.distributions.CategoricalDistribution(parameter.choices)
    return optuna.distributions.FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)


def _rounded(value: Value) -> Value:
    """Round a number to what is worth writing down, so that what is written down is what was tried."""
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


@dataclass(frozen=True)
class Judgement:
    """What a fold's select patients say of some settings.

    Parameters
    ----------
    fold : int
    select : int
        How many they are.
    select_c_index, select_loss : float or None
        Of the weights that were kept, all modalities together; None where they do not exist.
    """

    fold: int
    select: int
    select_c_index: float | None
    select_loss: float | None


def judge_fold(task: FoldTask, inputs: StudyInputs, report: Report = lambda _: None) -> Judgement:
    """Train a fold and judge it on its select patients; its test patients are not looked at.

    Parameters
    ----------
    task : FoldTask
        With the settings that are judged.
    inputs : StudyInputs
        Opened with settings that say the same of modalities and pictures.
    report : callable
        Told where training is.

    Raises
    ------
    UserError
        The fold cannot be trained.
    """
    folder = train_fold(task, inputs, report)
    last = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))["further"]["stages"][-1]
    return Judgement(task.fold, last["select"], last["select_c_index"], last["select_loss"])
