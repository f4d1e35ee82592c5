"""Fusions: several modalities' embeddings, some absent, to one."""

from tumorboard.network.fusion.fusion import Fused, Fusion
from tumorboard.network.fusion.modality_dropout import ModalityDropout
from tumorboard.network.fusion.registry import FUSIONS, make_fusion

__all__ = ["FUSIONS", "Fused", "Fusion", "ModalityDropout", "make_fusion"]
