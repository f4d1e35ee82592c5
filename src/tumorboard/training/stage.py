"""One stage of a fold: some modalities, for some epochs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from tumorboard.errors import SettingsError, UserError
from tumorboard.network.model import MultimodalNetwork
from tumorboard.study.training_settings import Recipe, TrainingSettings
from tumorboard.training.assessment import assess
from tumorboard.training.batches import stratified_batches
from tumorboard.training.checkpoint import State
from tumorboard.training.machine import Machine
from tumorboard.training.objective import Objective, Outcomes
from tumorboard.training.optimisation import LARGEST_GRADIENT, make_optimiser, rate_at, set_rate
from tumorboard.training.random_numbers import numbers_for, seed_for
from tumorboard.training.reading import Drawn, Reader
from tumorboard.training.readings import ReadingObjective

TOGETHER = "together"
FROZEN, TUNED_ALONE = "frozen", "tuned alone"


class DivergedError(UserError):
    """The loss is NaN or infinite."""


@dataclass(frozen=True)
class StagePlan:
    """What a stage trains.

    Parameters
    ----------
    name : str
        The modality that is alone, or ``together``.
    modalities : tuple of str
    epochs : int
    fit, select : tuple of str
        Patients who have one of them at least.
    encoded : bool
        Picture encoders are frozen in all of its epochs, and their pictures were encoded before.
    stacked : bool
        It learns how much each modality counts, and nothing else: see `tumorboard.training.stacking`.
    """

    name: str
    modalities: tuple[str, ...]
    epochs: int
    fit: tuple[str, ...]
    select: tuple[str, ...]
    encoded: bool = False
    stacked: bool = False


@dataclass(frozen=True, eq=False)
class Ground:
    """What all stages of a fold share.

    Parameters
    ----------
    settings : TrainingSettings
    reader : Reader
    machine : Machine
    key : tuple
        Seed, repeat and fold.
    """

    settings: TrainingSettings
    reader: Reader
    machine: Machine
    key: tuple[object, ...]

    @property
    def recipe(self) -> Recipe:
        """The preset with what is set."""
        return self.settings.recipe()


class Stage:
    """A stage that is being trained.

    Parameters
    ----------
    plan : StagePlan
    ground : Ground
    network : MultimodalNetwork
        With its first weights.
    state : State
        Where training stands; kept up to date.
    """

    def __init__(self, plan: StagePlan, ground: Ground, network: MultimodalNetwork, state: State) -> None:
        study, device = ground.reader.inputs.study, ground.machine.device
        self._plan, self._ground, self._state = plan, ground, state
        self.network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._objective = Objective(network.settings.head, ground.settings, Outcomes.of(study, list(plan.fit), device))
        self._readings = ReadingObjective(network, ground.reader.inputs, plan.fit, device)
        self._select = SelectPatients(plan, ground, self._objective)
        self._event = study.outcome(plan.fit).event
        self._optimiser = make_optimiser(network, ground.recipe, ground.settings.momentum)
        if state.epoch:
            self._take_up()
        if ground.settings.compile:
            for name in network.pictured:
                network.encoder(name).compile()

    def _take_up(self) -> None:
        self.network.load_state_dict(self._state.network, strict=False)
        self._optimiser.load_state_dict(self._state.optimiser)
        if self._objective.memory is not None:
            self._objective.memory.restore(self._state.memory)

    def run(self, told: Callable[[dict[str, Any]], object]) -> None:
        """Train to the end, and leave the network with its best weights, or the last ones where there is no patience.

        Parameters
        ----------
        told : callable
            Is given each epoch's row of the history, after the state holds the epoch.

        Raises
        ------
        DivergedError
            The loss is NaN or infinite.
        """
        while self._state.epoch < self._plan.epochs and not self._out_of_patience():
            row = self._epoch(self._state.epoch)
            self._keep(row)
            told(row)
        if self._state.best:
            self.network.load_state_dict(self._state.best, strict=False)

    def _out_of_patience(self) -> bool:
        waited = self._state.epoch - 1 - self._state.best_epoch
        return bool(self._state.best) and waited >= self._ground.recipe.patience

    def _epoch(self, epoch: int) -> dict[str, Any]:
        begun = time.monotonic()
        ground, plan = self._ground, self._plan
        key = (*ground.key, plan.name, epoch)
        frozen = self._freeze(epoch)
        self.network.train()
        self.network.modality_dropout.restart(seed_for(*key, "modality dropout"))
        torch.manual_seed(seed_for(*key, "dropout"))
        batches = stratified_batches(self._event, ground.settings.batch, numbers_for(*key, "batches"))
        total = torch.zeros((), device=ground.machine.device)
        rate = 0.0
        for step, drawn in enumerate(ground.reader.epoch(plan.fit, batches, plan.modalities, key)):
            rate = rate_at(ground.recipe, plan.epochs, epoch + step / len(batches))
            set_rate(self._optimiser, rate)
            total = total + self._step(drawn, epoch) * (len(drawn.rows) / len(plan.fit))
        found = self._select.judge(self.network)
        return {
            "stage": plan.name,
            "epoch": epoch + 1,
            "fit_loss": float(total),
            **found,
            "learning_rate": rate,
            "encoders_frozen": frozen,
            "seconds": round(time.monotonic() - begun, 3),
        }

    def _freeze(self, epoch: int) -> bool:
        """Freeze or thaw the picture encoders; return whether there are some, and they are frozen."""
        pictures = self.network.pictured
        frozen = self._plan.encoded or epoch < self._ground.recipe.frozen_epochs
        for name in pictures:
            encoder = self.network.encoder(name)
            if frozen:
                encoder.freeze()
            else:
                encoder.unfreeze()
        return frozen and bool(pictures)

    def _step(self, drawn: Drawn, epoch: int) -> torch.Tensor:
        machine = self._ground.machine
        self._optimiser.zero_grad(set_to_none=True)
        rows = drawn.rows.to(machine.device)
        with machine.autocast():
            present = self.network.modality_dropout(drawn.present.to(machine.device))
            embeddings = self.network.encode({name: machine.put(own) for name, own in drawn.inputs.items()}, present)
            embeddings |= {name: own.to(machine.device) for name, own in drawn.embeddings.items()}
            output = self.network.fuse(embeddings, present).output
        output = output.float()
        loss = self._objective.loss(output, rows) if bool(torch.isfinite(output).all()) else output.sum() * torch.nan
        if not math.isfinite(float(loss.detach())):
            raise DivergedError(
                f"the loss is no longer finite, in epoch {epoch + 1} of stage {self._plan.name}",
                where="training.learning_rate",
                fix=f"Set it lower than {self._ground.recipe.learning_rate:g}, or training.precision to float32",
            )
        self._readings.added_to(loss, embeddings, rows).backward()  # type: ignore[no-untyped-call]
        if self._ground.recipe.optimiser == "adamw":
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self._optimiser.step()
        return loss.detach()

    def _keep(self, row: dict[str, Any]) -> None:
        state = self._state
        weights = self._weights()
        loss = row["select_loss"]
        judged = state.epoch >= first_judged(self._ground.recipe, self._plan.epochs)
        if judged and loss is not None and loss < state.best_loss:
            state.best, state.best_loss, state.best_epoch = weights, loss, state.epoch
        state.epoch += 1
        state.network, state.optimiser = weights, self._optimiser.state_dict()
        state.memory = {} if self._objective.memory is None else self._objective.memory.state()
        state.history.append(row)

    def _weights(self) -> dict[str, torch.Tensor]:
        """Return a copy of all weights but those of encoders that stay frozen, which a new start makes again."""
        left_out = self.network.pictured if self._plan.encoded else ()
        prefixes = tuple(f"encoders.{name}." for name in left_out)
        return {
            name: value.detach().clone()
            for name, value in self.network.state_dict().items()
            if not prefixes or not name.startswith(prefixes)
        }


class SelectPatients:
    """The select patients of a stage, on whom a network is judged.

    Parameters
    ----------
    plan : StagePlan
    ground : Ground
    objective : Objective
    """

    def __init__(self, plan: StagePlan, ground: Ground, objective: Objective) -> None:
        self._patients, self._ground, self._objective = plan.select, ground, objective
        study = ground.reader.inputs.study
        self._outcomes = Outcomes.of(study, list(plan.select), torch.device("cpu"))
        self._survival = study.outcome(plan.select)

    def judge(self, network: MultimodalNetwork) -> dict[str, float | None]:
        """Return ``select_loss`` and ``select_c_index``, None where they do not exist."""
        if not self._patients:
            return {"select_loss": None, "select_c_index": None}
        ground = self._ground
        found = assess(network, ground.reader, self._patients, ground.settings.assessed_images, ground.machine)
        loss = self._objective.assessed(found.predictions, self._outcomes)
        return {
            "select_loss": loss if loss is not None and math.isfinite(loss) else None,
            "select_c_index": found.c_index(self._survival),
        }


def first_judged(recipe: Recipe, epochs: int) -> int:
    """Return the epoch, from 0, from which on a stage's best weights are looked for; beyond the end for none.

    The first epochs, as many as there is patience, are not judged: there log-risks are still near zero, and a loss that
    is low for saying nothing would be hard to beat where select patients are few.

    Examples
    --------
    >>> from tumorboard.study.training_settings import PRESETS
    >>> first_judged(PRESETS["modern"], 60), first_judged(PRESETS["modern"], 5), first_judged(PRESETS["paper"], 300)
    (12, 4, 300)
    """
    return min(recipe.patience, epochs - 1) if recipe.patience else epochs


def stage_plans(
    modalities: Sequence[str],
    settings: TrainingSettings,
    who: Callable[[str, Sequence[str]], tuple[str, ...]],
    can: Callable[[Sequence[str]], bool],
    *,
    stacked: bool = False,
) -> list[StagePlan]:
    """Plan a fold's stages: each modality alone, then all together.

    A modality whose fit patients cannot teach it alone, having no event among them, is not trained alone; nor is one
    that is the only one, unless its encoder is tuned alone or its risk is stacked.

    Parameters
    ----------
    modalities : sequence of str
    settings : TrainingSettings
    who : callable
        Returns the patients of a role (``fit`` or ``select``) who have one of some modalities at least.
    can : callable
        Whether patients can be learned from.
    stacked : bool
        The last stage weighs what the others have learned.

    Raises
    ------
    SettingsError
        There are to be no stages of one modality alone, whose risks could be weighed.
    """
    plans = []
    recipe = settings.recipe()
    if stacked and not recipe.alone_epochs:
        raise SettingsError(
            "stacked risks weigh what each modality has learned alone",
            where="training.alone_epochs",
            fix="Set it above 0, or choose another network.fusion",
        )
    if recipe.alone_epochs and (len(modalities) > 1 or settings.encoders == TUNED_ALONE or stacked):
        for name in modalities:
            fit = who("fit", [name])
            if can(fit):
                own = who("select", [name])
                plans.append(StagePlan(name, (name,), recipe.alone_epochs, fit, own, settings.encoders == FROZEN))
    everything = StagePlan(
        TOGETHER,
        tuple(modalities),
        1 if stacked else recipe.epochs,
        who("fit", modalities),
        who("select", modalities),
        settings.encoders == FROZEN or (settings.encoders == TUNED_ALONE and not stacked),
        stacked,
    )
    return [*plans, everything]
