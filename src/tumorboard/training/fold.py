"""Training a fold, from its roles to its model folder."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tumorboard import __version__
from tumorboard.cohort.files import read_folds
from tumorboard.errors import UserError
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.inputs.seen import picture_statistics
from tumorboard.inputs.study_inputs import StudyInputs
from tumorboard.network.model import MultimodalNetwork
from tumorboard.network.saving import CONFIG_FILE, FORMAT, WEIGHTS_FILE, save_model
from tumorboard.study.training_settings import TrainingSettings
from tumorboard.survival import breslow_baseline
from tumorboard.training.assessment import assess
from tumorboard.training.checkpoint import Checkpoint, State
from tumorboard.training.frozen import centre_all, encode_all
from tumorboard.training.history import TensorBoard, write_history
from tumorboard.training.machine import Machine
from tumorboard.training.networks import Weights, carried_from, head_of, make_network, network_settings
from tumorboard.training.objective import Objective, Outcomes, who_counts
from tumorboard.training.random_numbers import seed_for
from tumorboard.training.reading import Reader
from tumorboard.training.shared_stages import SharedStage, stage_key
from tumorboard.training.stacking import PARTS, STACKED, Part, Said, Stacked, said_without, stack
from tumorboard.training.stage import (
    TOGETHER,
    TUNED_ALONE,
    Ground,
    SelectPatients,
    Stage,
    StagePlan,
    first_judged,
    stage_plans,
)
from tumorboard.training.task import ENCODING, WEIGHING, FoldTask, Progress, Report, roles_of

_RISEN = 2.0
_SECONDS_BETWEEN_REPORTS = 2.0


def train_fold(task: FoldTask, inputs: StudyInputs, report: Report) -> Path:
    """Train a fold, or go on where it was stopped; a finished fold is left as it is.

    Parameters
    ----------
    task : FoldTask
    inputs : StudyInputs
        Opened with the task's settings.
    report : callable
        Is given a `Progress` after each epoch.

    Returns
    -------
    Path
        The fold's folder: ``model.safetensors``, ``config.json``, ``history.csv``.

    Raises
    ------
    UserError
        There is no such fold, nothing to learn from, no weights, or the loss diverges.
    """
    patients = inputs.patients.reset_index(drop=True)
    roles = roles_of(task, read_folds(task.folder, patients, by_site=task.settings.folds.group_by_site))
    key = _key(task, inputs)
    if is_trained(task.path, key):
        return task.path
    with torch.random.fork_rng():
        torch.manual_seed(seed_for(task.settings.training.seed, task.repeat, task.fold))
        _Training(task, inputs, roles, key, report).run()
    return task.path


def is_trained(folder: Path, key: str) -> bool:
    """Whether a fold's folder holds the finished model of these settings and inputs."""
    try:
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    further = config.get("further") if isinstance(config, dict) else None
    return isinstance(further, dict) and further.get("key") == key and (folder / WEIGHTS_FILE).is_file()


def _key(task: FoldTask, inputs: StudyInputs) -> str:
    """Hash all that a fold's result depends on."""
    content = {
        "training": task.settings.training.deciding(),
        "settings": task.settings.model_dump(mode="json", include={"cohort", "folds", "genes", "network"}),
        "inputs": inputs.hashes(),
        "modalities": inputs.modalities,
        "fold": [task.repeat, task.fold],
        "versions": _versions(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _versions() -> list[str | int]:
    """Return what a network is trained by and kept in: one of another format could not be read."""
    return [__version__, torch.__version__, FORMAT]


class _Training:
    """A fold that is being trained."""

    def __init__(
        self, task: FoldTask, inputs: StudyInputs, roles: dict[str, list[str]], key: str, report: Report
    ) -> None:
        self._task, self._roles, self._report = task, roles, report
        self._settings = task.settings
        self._machine = Machine.of(self._settings.training)
        kind = self._settings.network.head
        fit = who_counts(kind, inputs, _with_something(inputs, roles["fit"]))
        self._inputs = FoldInputs.fit(inputs, self._settings, fit)
        self._fit = _with_something(self._inputs.study, fit)
        self._select = who_counts(kind, inputs, _with_something(self._inputs.study, roles["select"]))
        outcome = inputs.outcome(self._fit)
        self._head = head_of(self._settings.network, torch.tensor(outcome.time_months), torch.tensor(outcome.event))
        self._checkpoint = Checkpoint(task.path)
        self._state = self._checkpoint.read(key)
        stacked = self._settings.network.fusion == STACKED
        self._plans = stage_plans(
            self._inputs.modalities, self._settings.training, self._who, self._teach, stacked=stacked
        )
        self._board = TensorBoard(task.path, self._state.history) if self._settings.training.tensorboard else None
        self._sources: dict[str, str] = {}
        self._frozen: dict[str, torch.Tensor] = {}
        self._stacked: Stacked | None = None
        self._weighing = Progress(WEIGHING, 0, 0, math.nan, None, None, math.nan)

    def _who(self, role: str, modalities: Sequence[str]) -> tuple[str, ...]:
        patients = self._fit if role == "fit" else self._select
        columns = [self._inputs.modalities.index(name) for name in modalities]
        there = self._inputs.present(patients)[:, columns]
        return tuple(patient for patient, has in zip(patients, there, strict=True) if has.any())

    def _teach(self, patients: Sequence[str]) -> bool:
        if self._head.kind == "five-year status":
            return len(set(self._inputs.study.five_year_status(patients).tolist())) == 2
        return len(patients) > 1 and bool(self._inputs.study.outcome(patients).event.any())

    def run(self) -> None:
        """Train what is left to train, and save the model."""
        training = self._settings.training
        with Reader(self._inputs, training) as reader:
            key = (training.seed, self._task.repeat, self._task.fold)
            ground = Ground(training, reader, self._machine, key)
            network = None
            for plan in self._plans[self._state.stage :]:
                if plan.encoded and not reader.embeddings:
                    reader.embeddings = self._encoded(reader)
                network = self._run_stage(plan, ground)
            assert network is not None
            self._save(network, reader)
        write_history(self._task.path, self._state.history)
        if self._board is not None:
            self._board.close()
        self._checkpoint.remove()

    def _encoded(self, reader: Reader) -> dict[str, dict[str, torch.Tensor]]:
        network = self._network(self._plans[-1], self._state.carried)
        network.to(self._machine.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        for name in network.pictured:
            network.encoder(name).freeze()
        patients = [*self._fit, *self._select]
        folder = self._task.folder.cache / "embeddings"
        raw = encode_all(network, reader, patients, self._machine, folder, self._told_of_encoding())
        centred = centre_all(network, raw, self._fit)
        # first weights that are random differ from stage to stage, and these are those that were encoded with
        self._frozen = {
            name: own for name, own in network.state_dict().items() if name.startswith(_frozen_names(network))
        }
        return centred

    def _told_of_encoding(self) -> Callable[[int, int], None]:
        begun = told = time.monotonic()

        def tell(done: int, of: int) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told > _SECONDS_BETWEEN_REPORTS:
                told = now
                left = (now - begun) / done * (of - done) if done else math.nan
                self._report(Progress(ENCODING, done, of, math.nan, None, None, left))

        return tell

    def _network(self, plan: StagePlan, carried: dict[str, torch.Tensor]) -> MultimodalNetwork:
        training, choices = self._settings.training, self._settings.network
        if choices.fusion == STACKED:  # what it does not look at makes no difference
            choices = choices.model_copy(update={"width": 1, "modality_dropout": 0.0})
        elif plan.name != TOGETHER and training.encoders == TUNED_ALONE:
            choices = choices.model_copy(update={"fusion": "concat", "modality_dropout": 0.0})
        settings = network_settings(self._inputs, plan.modalities, choices, self._head)
        seed = seed_for(training.seed, self._task.repeat, self._task.fold, plan.name)
        weights, root = self._settings.network.weights, self._task.folder.root
        network, sources = make_network(settings, seed, weights, root, {**carried, **self._frozen})
        self._sources |= sources
        return network

    def _run_stage(self, plan: StagePlan, ground: Ground) -> MultimodalNetwork:
        network = self._network(plan, self._state.carried)
        if plan.name == TOGETHER:
            if plan.stacked:
                self._stack(plan, ground, network)
            else:
                Stage(plan, ground, network, self._state).run(lambda row: self._told(plan, row))
            return network
        carried, history = self._alone(plan, ground, network, self._state, lambda row: self._told(plan, row))
        if not any(row["stage"] == plan.name for row in self._state.history):
            self._state.history += history
            self._told(plan, history[-1])
        self._state.end_stage(carried)
        self._checkpoint.write(self._state, always=True)
        return network

    def _alone(
        self,
        plan: StagePlan,
        ground: Ground,
        network: MultimodalNetwork,
        state: State,
        told: Callable[[dict[str, Any]], object],
    ) -> tuple[Weights, list[dict[str, Any]]]:
        """Train a stage of one modality, or take it over; return what it leaves and its history."""
        shared = SharedStage(self._task.folder.cache / "stages", plan, self._stage_key(plan, network, ground))
        kept = shared.read()
        if kept is not None:
            state.history = [row for row in state.history if row["stage"] != plan.name]
            return kept
        Stage(plan, ground, network, state).run(told)
        carried = carried_from(network, plan.name, encoder=not plan.encoded)
        history = [row for row in state.history if row["stage"] == plan.name]
        shared.write(carried, history)
        return carried, history

    def _without(self, part: Part, ground: Ground) -> Said:
        """Return what a network of one modality says that learns without a part, or said in another run."""
        network = self._network(part.plan, {})
        key = self._stage_key(part.plan, network, ground, part.held_out)
        shared = SharedStage(self._task.folder.cache / "stages", part.plan, key)
        kept = shared.read()
        if kept is None:
            Stage(part.plan, ground, network, State("")).run(lambda row: self._report(self._weighing))
            said = said_without(network, part, ground)
            kept = {"held_out": torch.from_numpy(said.held_out), "centre": torch.from_numpy(said.centre)}, []
            shared.write(*kept)
        return Said(kept[0]["held_out"].numpy(), kept[0]["centre"].numpy())

    def _stack(self, plan: StagePlan, ground: Ground, network: MultimodalNetwork) -> None:
        """Learn the modalities' weights in place of the last stage."""
        begun = time.monotonic()
        network.to(self._machine.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        outcome = Outcomes.of(self._inputs.study, self._fit, torch.device("cpu"))
        objective = Objective(self._head, self._settings.training, outcome)

        names = [own.name for own in self._plans[:-1]]

        def tell(name: str, done: int, of: int) -> None:
            left = self._seconds_left() * (1 - (names.index(name) + done / of) / len(names))
            self._weighing = Progress(f"{WEIGHING} {name}", done + 1, of, math.nan, None, None, left)
            self._report(self._weighing)

        self._stacked = stack(network, self._plans[:-1], ground, self._fit, self._without, tell)
        row = {
            "stage": plan.name,
            "epoch": 1,
            "fit_loss": objective.assessed(torch.from_numpy(self._stacked.log_risk)[:, None], outcome),
            **SelectPatients(plan, ground, objective).judge(network),
            "learning_rate": 0.0,
            "encoders_frozen": bool(network.pictured),
            "seconds": round(time.monotonic() - begun, 3),
        }
        self._state.history = [past for past in self._state.history if past["stage"] != plan.name] + [row]
        self._state.epoch = plan.epochs
        self._told(plan, row)

    def _stage_key(
        self, plan: StagePlan, network: MultimodalNetwork, ground: Ground, held_out: Sequence[str] = ()
    ) -> str:
        key = {"fold": list(ground.key), "versions": _versions(), "held out": list(held_out)}
        return stage_key(plan, network, self._settings, self._inputs, self._machine, key)

    def _told(self, plan: StagePlan, row: dict[str, Any]) -> None:
        if self._checkpoint.write(self._state):
            write_history(self._task.path, self._state.history)
        if self._board is not None:
            self._board.add(row)
        self._report(Progress(
            stage=plan.name,
            epoch=row["epoch"],
            epochs=plan.epochs,
            fit_loss=row["fit_loss"],
            select_loss=row["select_loss"],
            select_c_index=row["select_c_index"],
            seconds_left=self._seconds_left(),
            warning=self._warning(row),
        ))  # fmt: skip

    def _warning(self, row: dict[str, Any]) -> str:
        """Tell once a stage that select patients cannot stop it, or that the loss has doubled."""
        stacked = row["stage"] == TOGETHER and self._plans[-1].stacked
        if stacked and self._stacked is not None and self._stacked.says_nothing:
            return "nothing tells who dies early of patients that were held out: everybody gets the same risk"
        waits = self._settings.training.recipe().patience > 0 and not stacked
        if waits and row["epoch"] == 1 and row["select_loss"] is None:
            return "no select patient has an event: none of the epochs can be preferred, and all are run"
        own = [past["fit_loss"] for past in self._state.history if past["stage"] == row["stage"]]
        risen = [loss > _RISEN * own[0] > 0 for loss in own]
        if risen[-1] and not any(risen[:-1]):
            return f"the loss diverges: {own[-1]:.3g} after {own[0]:.3g}; a lower training.learning_rate may help"
        return ""

    def _seconds_left(self) -> float:
        """Estimate from the epochs so far; those with trained encoders count three times those with frozen ones."""
        frozen_epochs = self._settings.training.recipe().frozen_epochs

        def work(plan: StagePlan, epoch: int) -> float:
            pictures = sum(self._inputs.study.pictures(name) is not None for name in plan.modalities)
            each = 0.0 if plan.encoded else 1.0 if epoch < frozen_epochs else 3.0
            return (0.05 + pictures * each) * len(plan.fit)

        plans = {plan.name: plan for plan in self._plans}
        done = sum(work(plans[row["stage"]], row["epoch"] - 1) for row in self._state.history)
        took = sum(row["seconds"] for row in self._state.history)
        left = sum(
            work(plan, epoch)
            for place, plan in enumerate(self._plans[self._state.stage :])
            for epoch in range(self._state.epoch if place == 0 else 0, plan.epochs)
        )
        if self._plans[-1].stacked and self._stacked is None:  # each again, without a part of the patients
            again = sum(work(plan, epoch) for plan in self._plans[:-1] for epoch in range(plan.epochs))
            left += again * (PARTS - 1) * self._settings.training.weighing_repeats
        return float(took / done * left) if done else math.nan

    def _save(self, network: MultimodalNetwork, reader: Reader) -> None:
        inputs, study = self._inputs, self._inputs.study
        pictures = {name: own for name in inputs.modalities if (own := study.pictures(name)) is not None}
        images = self._settings.training.assessed_images
        network.eval()
        save_model(self._task.path, network, {
            "run": self._task.run,
            "repeat": self._task.repeat,
            "fold": self._task.fold,
            "key": self._state.key,
            "modalities": list(inputs.modalities),
            "codings": inputs.codings_to_json(),
            "size_px": {name: own.size_px for name, own in pictures.items()},
            "endpoint": self._settings.cohort.endpoint,
            "landmark_months": self._settings.cohort.landmark_months,
            "baseline": self._baseline(network, reader),
            "training": _resolved(self._settings.training),
            "network_choices": self._settings.network.model_dump(mode="json"),
            "encoder_weights": self._sources,
            "stages": [self._summary(plan) for plan in self._plans],
            "stacking": None if self._stacked is None else self._stacked.to_json(),
            "input_hashes": study.hashes(),
            "patients": {"fit": len(self._fit), "select": len(self._select), "test": len(self._roles["test"])},
            "stain": inputs.stain_to_json(),
            "seen": {name: picture_statistics(own, self._fit, images) for name, own in pictures.items()},
        })  # fmt: skip

    def _summary(self, plan: StagePlan) -> dict[str, Any]:
        """Tell which epoch of a stage was kept, and what its select patients said of it."""
        own = [row for row in self._state.history if row["stage"] == plan.name]
        first = first_judged(self._settings.training.recipe(), plan.epochs)
        judged = [row for row in own if row["epoch"] > first and row["select_loss"] is not None]
        kept = min(judged, key=lambda row: float(row["select_loss"])) if judged else own[-1]
        return {
            "stage": plan.name,
            "fit": len(plan.fit),
            "select": len(plan.select),
            "epochs": len(own),
            "kept_epoch": kept["epoch"],
            "select_loss": kept["select_loss"],
            "select_c_index": kept["select_c_index"],
        }

    def _baseline(self, network: MultimodalNetwork, reader: Reader) -> dict[str, list[float]] | None:
        if self._head.kind != "log-risk":
            return None
        if self._stacked is not None:  # as it will be of patients that nothing was learned from
            risk = self._stacked.log_risk
        else:
            images = self._settings.training.assessed_images
            risk = assess(network, reader, self._fit, images, self._machine).risk
        baseline = breslow_baseline(self._inputs.study.outcome(self._fit), risk)
        if not np.isfinite(baseline.cumulative).all():
            raise UserError(
                "the log-risks are too far apart for survival curves",
                where="training.learning_rate",
                fix="Set it lower, or train for fewer epochs",
            )
        return {"months": baseline.times_months.tolist(), "cumulative_hazard": baseline.cumulative.tolist()}


def _frozen_names(network: MultimodalNetwork) -> tuple[str, ...]:
    return tuple(f"encoders.{name}." for name in network.pictured)


def _with_something(inputs: StudyInputs, patients: list[str]) -> list[str]:
    return [patient for patient, has in zip(patients, inputs.present(patients), strict=True) if has.any()]


def _resolved(settings: TrainingSettings) -> dict[str, Any]:
    recipe = settings.recipe()
    return settings.model_dump(mode="json") | {name: getattr(recipe, name) for name in recipe.__dataclass_fields__}
