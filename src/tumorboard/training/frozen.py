"""Embeddings of all images by encoders that stay frozen: each image is encoded once, and kept for other folds.

A patient's images are encoded by themselves, in batches of one size: so an embedding does not depend on who else is in
the study, to the last bit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.network.encoders.encoder import Encoder
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.network.evaluation_mode import in_evaluation
from tumorboard.network.model import MultimodalNetwork
from tumorboard.study.files import write_whole
from tumorboard.training.machine import Machine
from tumorboard.training.reading import Reader

IMAGES_AT_ONCE = 32


def encode_all(
    network: MultimodalNetwork,
    reader: Reader,
    patients: Sequence[str],
    machine: Machine,
    folder: Path,
    told: Callable[[int, int], object] = lambda done, of: None,
) -> dict[str, dict[str, torch.Tensor]]:
    """Return embeddings of all pictures of patients.

    Parameters
    ----------
    network : MultimodalNetwork
        Whose picture encoders are frozen for good.
    reader : Reader
    patients : sequence of str
    machine : Machine
    folder : Path
        Where embeddings are kept; made where missing.
    told : callable
        Is told patients and modalities done, out of how many.

    Returns
    -------
    dict of str to dict of str to Tensor, shape (images, width)
        By modality of pictures, and patient who has some.
    """
    names = [name for name in network.modalities if isinstance(network.encoder(name), PictureEncoder)]
    found: dict[str, dict[str, torch.Tensor]] = {}
    for place, name in enumerate(names):
        path = folder / f"{name}-{_key(network.encoder(name), reader.inputs, name, machine)}.safetensors"
        kept = _read(path)
        who = [patient for patient in patients if reader.inputs.count(name, patient)]
        missing = [patient for patient in who if patient not in kept]
        with torch.inference_mode(), in_evaluation(network), machine.autocast():
            for number, patient in enumerate(missing):
                kept[patient] = _encode(network, reader, name, patient, machine)
                told(place * len(patients) + number, len(names) * len(patients))
        if missing:
            # nobody is removed: other folds have other patients
            write_whole(path, partial(save_file, kept))
        found[name] = {patient: kept[patient] for patient in who}
    return found


def _encode(network: MultimodalNetwork, reader: Reader, name: str, patient: str, machine: Machine) -> torch.Tensor:
    numbers = range(reader.inputs.count(name, patient))
    parts = [numbers[start : start + IMAGES_AT_ONCE] for start in range(0, len(numbers), IMAGES_AT_ONCE)]
    pictures = (reader.pictures(name, [(patient, number) for number in part]) for part in parts)
    embedded = torch.cat([network.embed(name, machine.put(read)).float().cpu() for read in pictures])
    return embedded.clone()


def _read(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        return {}
    try:
        with safe_open(path, "pt") as file:
            return {patient: file.get_tensor(patient) for patient in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError):
        return {}  # damaged: encoded again


def _key(encoder: Encoder, inputs: FoldInputs, name: str, machine: Machine) -> str:
    """Hash all that an embedding depends on: weights, pictures, size, stain and precision."""
    digest = hashlib.sha256()
    for key, value in encoder.state_dict().items():
        digest.update(key.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    stain: Mapping[str, object] = inputs.stain_to_json() or {}
    pictures = inputs.study.pictures(name)
    assert pictures is not None
    digest.update(json.dumps([
        inputs.study.hashes()[f"{name}.index"], pictures.size_px, stain.get(name), machine.device.type, machine.half,
    ]).encode())  # fmt: skip
    return digest.hexdigest()[:16]
