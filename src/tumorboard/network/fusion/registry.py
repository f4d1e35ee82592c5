"""Fusions by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tumorboard.network.fusion.concat import ConcatFusion
from tumorboard.network.fusion.cross_attention import CrossAttentionFusion
from tumorboard.network.fusion.fusion import Fusion
from tumorboard.network.fusion.gated import GatedFusion
from tumorboard.network.fusion.mean_of_risks import MeanOfRisks
from tumorboard.network.fusion.softmax import SoftmaxFusion
from tumorboard.network.fusion.stacked_risks import StackedRisks
from tumorboard.network.fusion.tensor import TensorFusion
from tumorboard.network.head import Head
from tumorboard.network.settings import FusionName, FusionSettings, HeadSettings

Maker = Callable[[Mapping[str, int], FusionSettings, HeadSettings], Fusion]


def _of_embeddings(kind: Callable[[Mapping[str, int], int, float], Fusion]) -> Maker:
    return lambda widths, fusion, _: kind(widths, fusion.width, fusion.dropout)


def _mean_of_risks(widths: Mapping[str, int], _: FusionSettings, head: HeadSettings) -> Fusion:
    return MeanOfRisks(widths, lambda width: Head(width, head.hidden, head.outputs, head.dropout), head.outputs)


def _stacked_risks(widths: Mapping[str, int], fusion: FusionSettings, head: HeadSettings) -> Fusion:
    return StackedRisks(widths, lambda width, outputs: Head(width, head.hidden, outputs, head.dropout), fusion.readings)


FUSIONS: dict[FusionName, Maker] = {
    "gated": _of_embeddings(GatedFusion),
    "softmax": _of_embeddings(SoftmaxFusion),
    "concat": _of_embeddings(ConcatFusion),
    "mean of risks": _mean_of_risks,
    "stacked risks": _stacked_risks,
    "tensor": _of_embeddings(TensorFusion),
    "cross-attention": _of_embeddings(CrossAttentionFusion),
}


def make_fusion(widths: Mapping[str, int], fusion: FusionSettings, head: HeadSettings) -> Fusion:
    """Make the fusion of a network.

    Parameters
    ----------
    widths : mapping of str to int
        Length of each modality's embedding, in the order of the masks.
    fusion : FusionSettings
    head : HeadSettings
        What ``mean of risks`` and ``stacked risks`` make of each modality.
    """
    return FUSIONS[fusion.name](widths, fusion, head)
