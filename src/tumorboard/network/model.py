"""The multimodal network: an encoder a modality, a fusion, a head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import nn

from tumorboard.network.encoders.encoder import Bag, Encoder, Inputs, number_of_rows, rows
from tumorboard.network.encoders.mil import BagEncoder
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.network.encoders.table import TableEncoder
from tumorboard.network.fusion.fusion import Fused, WeightKind
from tumorboard.network.fusion.modality_dropout import ModalityDropout
from tumorboard.network.fusion.registry import make_fusion
from tumorboard.network.head import Head, prediction_of, risk_of
from tumorboard.network.settings import BagModality, Modality, NetworkSettings, PictureModality


class Prediction(NamedTuple):
    """What the network says of patients.

    Parameters
    ----------
    output : Tensor, shape (patients, outputs)
        The log-risk; or two logits, alive and dead; or the log-odds of each interval's hazard.
    weights : Tensor, shape (patients, modalities), or None
        The modalities' weights, 0 where absent, 1 in sum; None where the fusion has none.
    """

    output: torch.Tensor
    weights: torch.Tensor | None


class MultimodalNetwork(nn.Module):
    """An encoder for each modality, a fusion, and a head.

    Parameters
    ----------
    settings : NetworkSettings

    Attributes
    ----------
    settings : NetworkSettings
    modalities : tuple of str
        In the order of masks and weights.
    encoders : ModuleDict
        By modality; each can be frozen with ``freeze()``.
    weight_kind : str or None
        What the fusion's weights are: ``attention``, ``descriptive``, or None.
    """

    def __init__(self, settings: NetworkSettings) -> None:
        super().__init__()
        self.settings = settings
        self.modalities = settings.names
        self.encoders = nn.ModuleDict({modality.name: _make_encoder(modality) for modality in settings.modalities})
        self.widths = {name: self.encoder(name).width for name in self.modalities}
        self.modality_dropout = ModalityDropout(settings.fusion.modality_dropout)
        self.fusion = make_fusion(self.widths, settings.fusion, settings.head)
        self.weight_kind: WeightKind | None = self.fusion.weight_kind
        self.head: nn.Module = nn.Identity()
        if not self.fusion.gives_output:
            head = settings.head
            self.head = Head(self.fusion.width, head.hidden, head.outputs, head.dropout)

    @property
    def pictured(self) -> tuple[str, ...]:
        """The modalities whose encoders read pictures."""
        return tuple(own.name for own in self.settings.modalities if isinstance(own, PictureModality))

    def encoder(self, modality: str) -> Encoder:
        """Return a modality's encoder.

        Raises
        ------
        ValueError
            There is no such modality.
        """
        if modality not in self.encoders:
            raise ValueError(f"there is no modality {modality!r}; there are {', '.join(self.modalities)}")
        encoder = self.encoders[modality]
        assert isinstance(encoder, Encoder)
        return encoder

    def embed(self, modality: str, inputs: Inputs) -> torch.Tensor:
        """Return the embeddings of one modality's inputs, shape (inputs, width of the modality)."""
        embeddings: torch.Tensor = self.encoder(modality)(inputs)
        return embeddings

    def encode(self, batch: Mapping[str, Inputs], present: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the embeddings of all modalities; those of absent ones are zero and their inputs not looked at.

        So neither the time nor the batch statistics go to what is not there.

        Parameters
        ----------
        batch : mapping of str to Tensor or Bag
            The first dimension is the patients. Modalities that no patient has may be left out.
        present : Tensor of bool, shape (patients, modalities)
        """
        embeddings = {}
        for number, name in enumerate(self.modalities):
            there = present[:, number]
            if name not in batch or not bool(there.any()):
                embeddings[name] = self._zeros(len(present), name)
            elif bool(there.all()):
                embeddings[name] = self.embed(name, batch[name])
            else:
                found = self.embed(name, rows(batch[name], there))
                embeddings[name] = self._zeros(len(present), name).to(found.dtype).index_put((there,), found)
        return embeddings

    def _zeros(self, patients: int, modality: str) -> torch.Tensor:
        any_weight = next(self.fusion.parameters())
        return any_weight.new_zeros(patients, self.widths[modality])

    def fuse(self, embeddings: Mapping[str, torch.Tensor], present: torch.Tensor) -> Prediction:
        """Return the prediction from embeddings.

        Parameters
        ----------
        embeddings : mapping of str to Tensor, shape (patients, width of the modality)
            Modalities that no patient has may be left out.
        present : Tensor of bool, shape (patients, modalities)

        Raises
        ------
        ValueError
            A patient has no modality, or is said to have one that is not given.
        """
        self._check_given(embeddings, present)
        filled = {
            name: embeddings[name] if name in embeddings else self._zeros(len(present), name)
            for name in self.modalities
        }
        return self.finish(self.fusion(filled, present))

    def finish(self, fused: Fused) -> Prediction:
        """Return the prediction from what the fusion gave, shapes (..., outputs) and (..., modalities)."""
        return Prediction(self.head(fused.value), fused.weights)

    def forward(self, batch: Mapping[str, Inputs], present: torch.Tensor | None = None) -> Prediction:
        """Return the prediction from patients' inputs.

        Parameters
        ----------
        batch : mapping of str to Tensor or Bag
            One image, row or bag a patient and modality.
        present : Tensor of bool, shape (patients, modalities), optional
            By default all patients have all modalities of the batch, and no other. Modality dropout comes on top.

        Raises
        ------
        ValueError
            A patient has no modality, or inputs do not fit.
        """
        if present is None:
            present = self._all_given(batch)
        self._check_given(batch, present)
        present = self.modality_dropout(present)
        return self.fuse(self.encode(batch, present), present)

    def _all_given(self, batch: Mapping[str, Inputs]) -> torch.Tensor:
        if not batch:
            raise ValueError("a patient has no modality at all")
        patients = number_of_rows(next(iter(batch.values())))
        given = torch.tensor([name in batch for name in self.modalities], device=next(self.fusion.parameters()).device)
        return given.expand(patients, -1)

    def _check_given(self, batch: Mapping[str, Inputs], present: torch.Tensor) -> None:
        unknown = [name for name in batch if name not in self.modalities]
        if unknown:
            raise ValueError(f"there is no modality {unknown[0]!r}; there are {', '.join(self.modalities)}")
        if present.dtype != torch.bool or present.ndim != 2 or present.shape[1] != len(self.modalities):
            raise ValueError(f"the mask is {tuple(present.shape)}, not bool (patients, {len(self.modalities)})")
        for number, name in enumerate(self.modalities):
            if name not in batch:
                if bool(present[:, number].any()):
                    raise ValueError(f"a patient is said to have {name}, which is not given")
            elif number_of_rows(batch[name]) != len(present):
                raise ValueError(f"{name} has {number_of_rows(batch[name])} rows for {len(present)} patients")
        if not bool(present.any(dim=1).all()):
            raise ValueError("a patient has no modality at all")

    def risk(self, output: torch.Tensor) -> torch.Tensor:
        """Return one number a patient, higher is worse, shape (...); see ``head.risk_of``."""
        return risk_of(output, self.settings.head)

    def averageable(self, output: torch.Tensor) -> torch.Tensor:
        """Return log-risk, probabilities or survival, shape (..., outputs); see ``head.prediction_of``."""
        return prediction_of(output, self.settings.head)


def _make_encoder(modality: Modality) -> Encoder:
    if isinstance(modality, PictureModality):
        return PictureEncoder(modality.encoder, modality.mean, modality.sd)
    if isinstance(modality, BagModality):
        return BagEncoder(modality.features, modality.width, modality.attention, modality.dropout)
    return TableEncoder(len(modality.inputs), modality.width, modality.dropout)


def new_network(settings: NetworkSettings, seed: int) -> MultimodalNetwork:
    """Make a network with random weights: the same for the same seed, whatever was drawn before.

    Parameters
    ----------
    settings : NetworkSettings
    seed : int
        Modality dropout starts from it too.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MultimodalNetwork(settings)
    network.modality_dropout.restart(seed)
    return network


__all__ = ["Bag", "MultimodalNetwork", "Prediction", "new_network"]
