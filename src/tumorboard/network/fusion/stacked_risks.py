"""Stacking: each modality has its own head, and the outputs are added with weights learned on patients it never saw.

A network that was fitted to a patient says more of that patient than it will of others, and the more inputs a modality
has, the more so. Weights that are learned with everything else therefore trust pictures too much and a short table too
little. Here a modality's weight comes from risks of patients whom its head had not seen, so what only looks as if it
told something gets none.

Beside its log-risk a modality's head may learn to tell clinical values that are known of the fit patients, such as the
tumour's size from a scan. Few patients die, but all have a size: what a picture tells of it is learned better than what
it tells of death, and tells of death too. These readings are weighed with the log-risk.

References
----------
Wolpert DH. Stacked generalization. Neural Networks 1992;5:241-259. Breiman L. Stacked regressions. Machine Learning
1996;24:49-64 (weights of zero or above).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import nn

from tumorboard.network.fusion.fusion import Fused, Fusion, WeightKind, masked, stacked


class Weighing(nn.Module):
    """How much what one modality says counts: the sum of scale x (output - centre).

    Parameters
    ----------
    outputs : int
        Its log-risk and its readings.

    Attributes
    ----------
    scale : Tensor, shape (outputs,)
        Of the log-risk 0 or above. Until it is learned, 1 for the log-risk and 0 for readings.
    centre : Tensor, shape (outputs,)
        What says nothing: the fit patients' means. 0 until it is learned.
    share : Tensor, shape ()
        Standard deviation of what the modality adds: its weight, before the weights of those present are brought to
        a sum of 1.
    """

    scale: torch.Tensor
    centre: torch.Tensor
    share: torch.Tensor

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.register_buffer("scale", torch.eye(1, outputs)[0])
        self.register_buffer("centre", torch.zeros(outputs))
        self.register_buffer("share", torch.tensor(1.0))

    def learned(self, scale: Sequence[float], centre: Sequence[float], share: float) -> None:
        """Take what was learned."""
        self.scale.copy_(torch.tensor(scale))
        self.centre.copy_(torch.tensor(centre))
        self.share.fill_(share)

    def forward(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return what is added to the log-risk, shape (..., 1), from outputs, shape (..., outputs)."""
        return (self.scale * (outputs - self.centre)).sum(dim=-1, keepdim=True)


class StackedRisks(Fusion):
    """Weighted sum of the modalities' own log-risks; an absent one adds nothing, as does the fit patients' mean.

    Parameters
    ----------
    widths : mapping of str to int
        Length of each modality's embedding.
    make_head : callable
        From the length of an embedding and the number of outputs to a head.
    readings : mapping of str to sequence of str
        By modality, the clinical values that it learns to tell, standardised; none by default.

    Attributes
    ----------
    weighings : ModuleDict of Weighing
        By modality; not trained with the rest.
    """

    gives_output: ClassVar[bool] = True
    weight_kind: ClassVar[WeightKind | None] = "descriptive"

    def __init__(
        self,
        widths: Mapping[str, int],
        make_head: Callable[[int, int], nn.Module],
        readings: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        super().__init__(widths)
        self.width = 1
        self.readings = {name: tuple(readings.get(name, ())) for name in widths}
        outputs = {name: 1 + len(own) for name, own in self.readings.items()}
        self.heads = nn.ModuleDict({name: make_head(own, outputs[name]) for name, own in widths.items()})
        self.weighings = nn.ModuleDict({name: Weighing(outputs[name]) for name in widths})

    def weighing(self, modality: str) -> Weighing:
        """Return a modality's weighing."""
        weighing = self.weighings[modality]
        assert isinstance(weighing, Weighing)
        return weighing

    def outputs(self, modality: str, embeddings: torch.Tensor) -> torch.Tensor:
        """Return a modality's log-risk and its readings, before they are weighed, shape (n, 1 + readings)."""
        told: torch.Tensor = self.heads[modality](embeddings)
        return told

    def part(self, modality: str, embeddings: torch.Tensor) -> torch.Tensor:
        """Return what the modality adds to the log-risk, shape (n, 1)."""
        added: torch.Tensor = self.weighing(modality)(self.outputs(modality, embeddings))
        return added

    def combine(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> Fused:
        """Return the sum over the modalities that are there, and how their spreads compare.

        The weights are equal where nothing that is there counts.
        """
        added = stacked(masked(parts, present)).sum(dim=-2)
        shares = torch.stack([self.weighing(name).share for name in self.modalities])
        own = torch.where(present, shares, 0.0)
        none = own.sum(dim=-1, keepdim=True) == 0
        own = torch.where(none, present.to(own.dtype), own)
        weights = own / own.sum(dim=-1, keepdim=True)
        return Fused(added, weights.expand(*added.shape[:-1], -1))
