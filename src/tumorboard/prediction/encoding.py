"""A patient's embeddings: every image is read and encoded once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import torch

from tumorboard.inputs.kept_embeddings import KeptEmbeddings
from tumorboard.network.encoders.encoder import Bag, Inputs
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.network.evaluation_mode import in_evaluation
from tumorboard.network.model import MultimodalNetwork
from tumorboard.prediction.image_choice import ImageChoice

BATCH = 32
"""Images at once."""


class PatientInputs(Protocol):
    """What there is of patients, in the form in which a fold's network takes it; see ``inputs.FoldInputs``."""

    @property
    def modalities(self) -> tuple[str, ...]:
        """What there is of some patient."""

    def count(self, modality: str, patient: str) -> int:
        """Return how many images a patient has; a bag or a table's row is one, and 0 says that there is none."""

    def read(self, modality: str, patient: str, numbers: Sequence[int]) -> Inputs:
        """Return some of them: pictures as bytes, shape (n, channels, size, size), rows of a table, or a bag."""


def encode_patient(
    network: MultimodalNetwork,
    inputs: PatientInputs,
    patient: str,
    choice: ImageChoice,
    *,
    batch: int = BATCH,
    kept: Mapping[str, KeptEmbeddings] | None = None,
) -> dict[str, torch.Tensor]:
    """Return a patient's embeddings.

    Parameters
    ----------
    network : MultimodalNetwork
        Taken in evaluation, and left as it was.
    inputs : PatientInputs
    patient : str
    choice : ImageChoice
        Which images are taken.
    batch : int
        Images at once: memory and speed. While one batch is encoded the next one is read.
    kept : mapping of str to KeptEmbeddings, optional
        By modality: embeddings that are taken from there, and added to it.

    Returns
    -------
    dict of str to Tensor, shape (images, width of the modality)
        Of the modalities that the patient has; empty where there is none.
    """
    embeddings: dict[str, torch.Tensor] = {}
    device = next(network.parameters()).device
    with torch.inference_mode(), in_evaluation(network), ThreadPoolExecutor(1) as reader:
        for modality in network.modalities:
            count = inputs.count(modality, patient) if modality in inputs.modalities else 0
            numbers = list(choice.numbers(modality, count))
            if not numbers:
                continue
            encoder = network.encoder(modality)
            own = (kept or {}).get(modality)
            if own is None or not isinstance(encoder, PictureEncoder):
                embeddings[modality] = _encoded(encoder, inputs, patient, modality, numbers, batch, reader, device)
                continue
            raw = own.get(patient)
            if raw is None:
                raw = _encoded(encoder.raw, inputs, patient, modality, list(range(count)), batch, reader, device).cpu()
                own.add(patient, raw)
            embeddings[modality] = encoder.centred(raw[numbers].to(encoder.centre.device))
    return embeddings


def _encoded(
    encode: Callable[[Inputs], torch.Tensor],
    inputs: PatientInputs,
    patient: str,
    modality: str,
    numbers: Sequence[int],
    batch: int,
    reader: ThreadPoolExecutor,
    device: torch.device,
) -> torch.Tensor:
    parts = [numbers[start : start + batch] for start in range(0, len(numbers), batch)]
    waiting = [reader.submit(inputs.read, modality, patient, part) for part in parts[:1]]
    found = []
    for place in range(len(parts)):
        read = waiting.pop().result()
        if place + 1 < len(parts):
            waiting.append(reader.submit(inputs.read, modality, patient, parts[place + 1]))
        found.append(encode(_on_device(read, device)).float())
    return torch.cat(found)


def _on_device(inputs: Inputs, device: torch.device) -> Inputs:
    if isinstance(inputs, Bag):
        return Bag(inputs.features.to(device), inputs.mask.to(device))
    if inputs.ndim == 4:
        return inputs.to(device).contiguous(memory_format=torch.channels_last)
    return inputs.to(device)


def device_named(name: str) -> torch.device:
    """Return a processor.

    Parameters
    ----------
    name : str
        ``auto`` for the graphics processor where there is one (under ``torchrun`` the process's own), else the
        processor; or PyTorch's name.
    """
    if name == "auto":
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
