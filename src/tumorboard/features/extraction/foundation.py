"""Published networks for pathology that are timm networks with other options: what timm does not record of them.

Name, options and preparation are those that their authors publish, as TRIDENT loads them (mahmoodlab/TRIDENT,
trident/patch_encoder_models/load.py, 0120b8bf). Each takes tiles of 224 px. Their weights are behind a licence that
each user accepts on the network's own page; none is fetched here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tumorboard.errors import SettingsError
from tumorboard.features.extraction.extractor import Interpolation, Preparation
from tumorboard.features.extraction.timm_networks import timm_extractor
from tumorboard.features.extraction.torch_extractor import Device, Pooling, TorchExtractor

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_H_OPTIMUS = ((0.707223, 0.578729, 0.703617), (0.211883, 0.230117, 0.177517))
_COMMON: dict[str, Any] = {"img_size": 224, "dynamic_img_size": True}
_SWIGLU: dict[str, Any] = {"mlp_layer": "SwiGLUPacked", "act_layer": "SiLU"}


@dataclass(frozen=True)
class FoundationNetwork:
    """A published network.

    Parameters
    ----------
    page : str
        Where its weights and their licence are.
    timm_name : str
    options : mapping
        For timm; classes by name.
    dimension : int
        Features of a tile.
    colours : tuple
        Mean and standard deviation of its preparation.
    interpolation : str
    crop_share : float
        The share of a tile's side that its authors' preparation sees.
    pooling : str
    """

    page: str
    timm_name: str
    options: Mapping[str, Any]
    dimension: int
    colours: tuple[tuple[float, float, float], tuple[float, float, float]] = _IMAGENET
    interpolation: Interpolation = "bilinear"
    crop_share: float = 1.0
    pooling: Pooling = field(default="own")

    @property
    def preparation(self) -> Preparation:
        """How tiles become its input."""
        return Preparation(224, *self.colours, self.interpolation, self.crop_share)


_VIRCHOW = _COMMON | _SWIGLU | {"init_values": 1e-5, "mlp_ratio": 5.3375, "global_pool": ""}
_OPTIMUS = _COMMON | {"init_values": 1e-5, "global_pool": "token"}

FOUNDATION_NETWORKS: Mapping[str, FoundationNetwork] = {
    "uni_v1": FoundationNetwork(
        "huggingface.co/MahmoodLab/UNI", "vit_large_patch16_224",
        _COMMON | {"patch_size": 16, "init_values": 1e-5}, 1024,
    ),
    "uni_v2": FoundationNetwork(
        "huggingface.co/MahmoodLab/UNI2-h", "vit_giant_patch14_224",
        _COMMON | _SWIGLU | {
            "patch_size": 14, "depth": 24, "num_heads": 24, "init_values": 1e-5, "embed_dim": 1536,
            "mlp_ratio": 2.66667 * 2, "no_embed_class": True, "reg_tokens": 8,
        }, 1536,
    ),
    "gigapath": FoundationNetwork(
        "huggingface.co/prov-gigapath/prov-gigapath", "vit_giant_patch14_dinov2",
        _COMMON | {"patch_size": 16, "embed_dim": 1536, "depth": 40, "num_heads": 24, "mlp_ratio": 5.33334}, 1536,
        interpolation="bicubic", crop_share=0.875,
    ),
    "virchow": FoundationNetwork(
        "huggingface.co/paige-ai/Virchow", "vit_huge_patch14_224", _VIRCHOW, 2560,
        interpolation="bicubic", pooling="class token and mean",
    ),
    "virchow2": FoundationNetwork(
        "huggingface.co/paige-ai/Virchow2", "vit_huge_patch14_224", _VIRCHOW | {"reg_tokens": 4}, 2560,
        interpolation="bicubic", pooling="class token and mean",
    ),
    "hoptimus0": FoundationNetwork(
        "huggingface.co/bioptimus/H-optimus-0", "vit_giant_patch14_reg4_dinov2", _OPTIMUS, 1536, _H_OPTIMUS,
    ),
    "hoptimus1": FoundationNetwork(
        "huggingface.co/bioptimus/H-optimus-1", "vit_giant_patch14_reg4_dinov2", _OPTIMUS, 1536, _H_OPTIMUS,
    ),
}  # fmt: skip
"""By the names that TRIDENT gives them."""


def foundation_extractor(
    name: str, checkpoint: Path, *, device: Device = "auto", bfloat16: bool = False
) -> TorchExtractor:
    """Make an extractor of a published network.

    Parameters
    ----------
    name : str
        One of `FOUNDATION_NETWORKS`.
    checkpoint : Path
        Its weights, ``pytorch_model.bin`` or ``model.safetensors`` of its page.
    device, bfloat16
        As for :class:`~tumorboard.features.extraction.TorchExtractor`.

    Raises
    ------
    SettingsError
        There is no such network here.
    MissingExtraError, FileFormatError
        As :func:`~tumorboard.features.extraction.timm_extractor`.
    """
    known = FOUNDATION_NETWORKS.get(name)
    if known is None:
        raise SettingsError(
            f"{name!r} is not known here", where="foundation network", fix=f"Known: {', '.join(FOUNDATION_NETWORKS)}"
        )
    return timm_extractor(
        known.timm_name,
        checkpoint,
        options=network_options(known),
        preparation=known.preparation,
        pooling=known.pooling,
        device=device,
        bfloat16=bfloat16,
    )


def network_options(known: FoundationNetwork) -> dict[str, Any]:
    """Return a network's options with the classes that are named in them."""
    from torch import nn

    from tumorboard.network.encoders.timm_import import import_timm

    timm = import_timm()
    options = dict(known.options)
    if "mlp_layer" in options:
        options["mlp_layer"] = getattr(timm.layers, options["mlp_layer"])
        options["act_layer"] = getattr(nn, options["act_layer"])
    return options
