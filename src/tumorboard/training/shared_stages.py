"""Stages of one modality alone that several runs of the same fold share: trained once, taken up by the others.

What a stage learns depends on its first weights, its patients and their inputs, and the settings; not on what else its
run looks at. The key holds all of that, so a stage that is taken up is to the byte the one that would be trained.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.network.model import MultimodalNetwork
from tumorboard.study.files import write_whole
from tumorboard.study.settings import StudySettings
from tumorboard.training.machine import Machine
from tumorboard.training.networks import Weights
from tumorboard.training.stage import FROZEN, StagePlan

_HISTORY = "history"
_NOT_OF_A_STAGE = {"preset", "epochs", "encoders", "compile", "weighing_repeats"}
"""Decide a result, but stand in a stage's key as recipe, plan, ``frozen`` and machine."""


class SharedStage:
    """A stage's place among those that are kept.

    Parameters
    ----------
    folder : Path
        Where they are kept.
    plan : StagePlan
        Of one modality.
    key : str
        As `stage_key` gives it.
    """

    def __init__(self, folder: Path, plan: StagePlan, key: str) -> None:
        self.path = folder / f"{plan.name}-{key[:16]}.safetensors"
        self._key = key

    def read(self) -> tuple[Weights, list[dict[str, Any]]] | None:
        """Return what the stage leaves to the last one and its history; None where it is not kept, or damaged."""
        if not self.path.is_file():
            return None
        try:
            with safe_open(self.path, "pt") as file:
                told = file.metadata() or {}
                if told.get("key") != self._key:
                    return None
                history: list[dict[str, Any]] = json.loads(told[_HISTORY])
                return {name: file.get_tensor(name) for name in file.keys()}, history  # noqa: SIM118
        except (SafetensorError, OSError, ValueError, KeyError):
            return None  # damaged: trained again

    def write(self, carried: Weights, history: list[dict[str, Any]]) -> None:
        """Keep it."""
        told = {"key": self._key, _HISTORY: json.dumps(history)}
        contiguous = {name: value.contiguous() for name, value in carried.items()}
        write_whole(self.path, partial(save_file, contiguous, metadata=told))


def stage_key(
    plan: StagePlan,
    network: MultimodalNetwork,
    settings: StudySettings,
    inputs: FoldInputs,
    machine: Machine,
    key: Mapping[str, object],
) -> str:
    """Hash all that a stage of one modality depends on.

    Parameters
    ----------
    plan : StagePlan
    network : MultimodalNetwork
        With its first weights.
    settings : StudySettings
    inputs : FoldInputs
    machine : Machine
    key : mapping
        What else matters: the fold, the versions, the format in which networks are kept.
    """
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(name.encode())
        # as bytes, for channels may lie last
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    training = settings.training
    recipe = {name: value for name, value in asdict(training.recipe()).items() if name != "epochs"}
    hashes = inputs.study.hashes()
    own = {"cohort.parquet", "genes.parquet", "folds.parquet", f"{plan.name}.index"}
    codings, stain = inputs.codings_to_json(), inputs.stain_to_json() or {}
    content = {
        **key,
        "network": repr(network.settings),
        "recipe": recipe,
        "training": {name: own for name, own in training.deciding().items() if name not in _NOT_OF_A_STAGE},
        "cohort": settings.cohort.model_dump(mode="json"),
        "frozen": training.encoders == FROZEN,
        "patients": [plan.name, plan.epochs, plan.fit, plan.select],
        "inputs": {name: value for name, value in hashes.items() if name in own},
        "coding": codings.get(plan.name),
        "readings": codings["readings"] if settings.network.readings_of(plan.name) else None,
        "stain": stain.get(plan.name),
        "machine": [machine.device.type, machine.half, training.compile],
    }
    digest.update(json.dumps(content, sort_keys=True).encode())
    return digest.hexdigest()
