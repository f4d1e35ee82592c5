"""A stage's network: what it is made of, its first weights, and what it takes over from earlier stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.installation.cache import cache_folder
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.network.encoders.timm_encoder import TimmNetwork
from tumorboard.network.encoders.weights import IMAGENET, NONE, load_encoder_weights
from tumorboard.network.losses import edges_at_event_quantiles
from tumorboard.network.model import MultimodalNetwork, new_network
from tumorboard.network.settings import (
    IMAGENET_MEAN,
    IMAGENET_SD,
    BagModality,
    FusionSettings,
    HeadSettings,
    Modality,
    NetworkSettings,
    PictureModality,
    TableModality,
)
from tumorboard.study.training_settings import NetworkChoices

Weights = dict[str, torch.Tensor]


def head_of(choices: NetworkChoices, time: torch.Tensor, event: torch.Tensor) -> HeadSettings:
    """Return the head; its edges of time are learned from fit patients' times and events."""
    edges = edges_at_event_quantiles(time, event, choices.intervals) if choices.head == "discrete time" else ()
    return HeadSettings(kind=choices.head, hidden=choices.hidden, dropout=choices.dropout, edges_months=edges)


def network_settings(
    inputs: FoldInputs, modalities: Sequence[str], choices: NetworkChoices, head: HeadSettings
) -> NetworkSettings:
    """Return what a network of some of a fold's modalities is made of."""
    return NetworkSettings(
        modalities=tuple(_modality(inputs, name, choices) for name in modalities),
        fusion=FusionSettings(
            name=choices.fusion,
            width=choices.width,
            dropout=choices.dropout,
            modality_dropout=choices.modality_dropout,
            readings={name: own for name in modalities if (own := choices.readings_of(name))},
        ),
        head=head,
    )


def _modality(inputs: FoldInputs, name: str, choices: NetworkChoices) -> Modality:
    if pictures := inputs.study.pictures(name):
        mean, sd = IMAGENET_MEAN, IMAGENET_SD
        if pictures.channels == 1:
            return PictureModality(name=name, encoder=choices.encoder, mean=(sum(mean) / 3,), sd=(sum(sd) / 3,))
        return PictureModality(name=name, encoder=choices.encoder, mean=mean, sd=sd)
    if bags := inputs.study.bags(name):
        return BagModality(name=name, features=bags.features, dropout=choices.dropout)
    coding = inputs.genes if name == "genes" else inputs.clinical
    assert coding is not None
    return TableModality(name=name, inputs=coding.names, width=choices.table_width, dropout=choices.dropout)


def make_network(
    settings: NetworkSettings, seed: int, weights: str, folder: Path, carried: Mapping[str, torch.Tensor]
) -> tuple[MultimodalNetwork, dict[str, str]]:
    """Make a network with its first weights.

    Parameters
    ----------
    settings : NetworkSettings
    seed : int
    weights : str
        ``imagenet``, ``none``, or a file of encoder weights.
    folder : Path
        What a relative file is relative to.
    carried : mapping of str to Tensor
        Parameters from earlier stages; those whose name and shape fit are taken over.

    Returns
    -------
    network : MultimodalNetwork
    sources : dict of str to str
        Where each picture encoder's weights came from.

    Raises
    ------
    UserError
        The weights cannot be had.
    """
    network = new_network(settings, seed)
    source = weights if weights in {IMAGENET, NONE} else folder / weights
    sources = {}
    for name in network.modalities:
        encoder = network.encoder(name)
        if isinstance(encoder, PictureEncoder):
            inner = encoder.network
            body = inner.body if isinstance(inner, TimmNetwork) else inner
            sources[name] = load_encoder_weights(body, source, cache=cache_folder())
    own = network.state_dict()
    taken = {name: value for name, value in carried.items() if name in own and own[name].shape == value.shape}
    network.load_state_dict(taken, strict=False)
    return network, sources


def carried_from(network: MultimodalNetwork, modality: str, *, encoder: bool = True) -> Weights:
    """Return what belongs to one modality alone: its own layers of the fusion, and its encoder where that learned.

    Parameters
    ----------
    network : MultimodalNetwork
    modality : str
    encoder : bool
        With the encoder, if it reads pictures.
    """
    left_out = f"encoders.{modality}." if not encoder and modality in network.pictured else None
    return {
        name: value.detach().cpu().clone()
        for name, value in network.state_dict().items()
        if modality in name.split(".") and not (left_out and name.startswith(left_out))
    }
