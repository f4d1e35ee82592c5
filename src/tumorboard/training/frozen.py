"""Embeddings of all images by encoders that stay frozen: each image is encoded once, and kept for other folds.

A patient's images are encoded by themselves, in batches of one size: so an embedding does not depend on who else is in
the study, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from tumorboard.inputs.kept_embeddings import KeptEmbeddings
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.network.evaluation_mode import in_evaluation
from tumorboard.network.model import MultimodalNetwork
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
    """Return embeddings of all pictures of patients, before they are standardised.

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
        kept = KeptEmbeddings(folder, name, _picture_encoder(network, name), reader.inputs)
        found[name] = {}
        for number, patient in enumerate(patient for patient in patients if reader.inputs.count(name, patient)):
            own = kept.get(patient)
            if own is None:
                with torch.inference_mode(), in_evaluation(network):
                    own = _encode(network, reader, name, patient, machine)
                kept.add(patient, own)
            found[name][patient] = own
            told(place * len(patients) + number, len(names) * len(patients))
        kept.save()
    return found


def _encode(network: MultimodalNetwork, reader: Reader, name: str, patient: str, machine: Machine) -> torch.Tensor:
    numbers = range(reader.inputs.count(name, patient))
    parts = [numbers[start : start + IMAGES_AT_ONCE] for start in range(0, len(numbers), IMAGES_AT_ONCE)]
    pictures = (reader.pictures(name, [(patient, number) for number in part]) for part in parts)
    encoder = _picture_encoder(network, name)
    return torch.cat([encoder.raw(machine.put(read)).float().cpu() for read in pictures]).clone()


def _picture_encoder(network: MultimodalNetwork, name: str) -> PictureEncoder:
    encoder = network.encoder(name)
    assert isinstance(encoder, PictureEncoder)
    return encoder


def centre_all(
    network: MultimodalNetwork, raw: Mapping[str, Mapping[str, torch.Tensor]], fit: Sequence[str]
) -> dict[str, dict[str, torch.Tensor]]:
    """Standardise embeddings on the fit patients, in the encoders too, and return them.

    Encoders that stay frozen have no other way to bring numbers of very different spread to one, without which a small
    network hardly learns from few events.

    Parameters
    ----------
    network : MultimodalNetwork
    raw : mapping of str to mapping of str to Tensor, shape (images, width)
        By modality and patient, as `encode_all` gives them.
    fit : sequence of str
        Fit patients.
    """
    found = {}
    for name, own in raw.items():
        encoder = _picture_encoder(network, name)
        encoder.centre_on([own[patient] for patient in fit if patient in own])
        on_processor = (encoder.centre.cpu(), encoder.scale.cpu())
        found[name] = {patient: (each - on_processor[0]) / on_processor[1] for patient, each in own.items()}
    return found
