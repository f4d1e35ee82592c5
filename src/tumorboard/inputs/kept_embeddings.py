"""Embeddings of pictures by encoders that are not trained any more, kept on the disk: each image is encoded once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.study.files import write_whole


class KeptEmbeddings:
    """All embeddings of one modality by one encoder, by patient.

    They are as the encoder's ``raw`` gives them, in single precision whatever the precision of training: so patients
    are predicted from them as from their pictures.

    Parameters
    ----------
    folder : Path
        Where they are kept; made where missing.
    name : str
        The modality, of pictures.
    encoder : PictureEncoder
        With its weights.
    inputs : FoldInputs
    """

    def __init__(self, folder: Path, name: str, encoder: PictureEncoder, inputs: FoldInputs) -> None:
        self._path = folder / f"{name}-{_key(encoder, inputs, name)}.safetensors"
        self._kept = _read(self._path)
        self._new = False

    def get(self, patient: str) -> torch.Tensor | None:
        """Return those of all images of a patient, in order, shape (images, width); None where they are not kept."""
        return self._kept.get(patient)

    def add(self, patient: str, embeddings: torch.Tensor) -> None:
        """Keep a patient's, once saved."""
        self._kept[patient] = embeddings.clone()
        self._new = True

    def save(self) -> None:
        """Write the file, if there is something new; nobody is removed, for other folds have other patients."""
        if self._new:
            write_whole(self._path, partial(save_file, self._kept))
            self._new = False


def _read(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        return {}
    try:
        with safe_open(path, "pt") as file:
            return {patient: file.get_tensor(patient) for patient in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError):
        return {}  # damaged: encoded again


def _key(encoder: PictureEncoder, inputs: FoldInputs, name: str) -> str:
    """Hash all that an embedding depends on: weights, pictures, size, stain and device."""
    digest = hashlib.sha256()
    state = encoder.network.state_dict()
    for key, value in state.items():
        digest.update(key.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    stain: Mapping[str, object] = inputs.stain_to_json() or {}
    pictures = inputs.study.pictures(name)
    assert pictures is not None
    device = next(iter(state.values())).device.type
    about = [inputs.study.hashes()[f"{name}.index"], pictures.size_px, stain.get(name), device, torch.__version__]
    digest.update(json.dumps(about).encode())
    return digest.hexdigest()[:16]
