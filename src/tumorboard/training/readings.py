"""What images learn beside the log-risk: to tell clinical values that are known of the fit patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.network.fusion.stacked_risks import StackedRisks
from tumorboard.network.model import MultimodalNetwork


class ReadingObjective:
    """The loss of the readings of a stage's modalities: their mean squared error, where the value is known.

    Parameters
    ----------
    network : MultimodalNetwork
    inputs : FoldInputs
    fit : sequence of str
        The stage's fit patients.
    device : torch.device
    """

    def __init__(
        self, network: MultimodalNetwork, inputs: FoldInputs, fit: Sequence[str], device: torch.device
    ) -> None:
        self._fusion = network.fusion
        named = self._fusion.readings if isinstance(self._fusion, StackedRisks) else {}
        self._truth = {name: inputs.readings_of(own, fit).to(device) for name, own in named.items() if own}

    def added_to(self, loss: torch.Tensor, embeddings: Mapping[str, torch.Tensor], rows: torch.Tensor) -> torch.Tensor:
        """Return a loss with that of the readings.

        Parameters
        ----------
        loss : Tensor, shape ()
        embeddings : mapping of str to Tensor, shape (n, width of the modality)
        rows : Tensor of int64, shape (n,)
            The patients, by their row among the stage's fit patients.
        """
        for name, truth in self._truth.items():
            assert isinstance(self._fusion, StackedRisks)
            wanted = truth[rows]
            known = ~torch.isnan(wanted)
            told = self._fusion.outputs(name, embeddings[name].float())[:, 1:]
            missed = torch.where(known, told - wanted.nan_to_num(), 0.0).square()
            loss = loss + (missed.sum(dim=0) / known.sum(dim=0).clamp(min=1)).sum()
        return loss
