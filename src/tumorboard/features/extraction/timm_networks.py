"""Any network of timm, with the user's weights or timm's own, as an extractor."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tumorboard.errors import FileFormatError, SettingsError
from tumorboard.features.extraction.extractor import Preparation
from tumorboard.features.extraction.torch_extractor import Device, Pooling, TorchExtractor

if TYPE_CHECKING:
    from torch import nn

    from tumorboard.network.encoders.weight_files import Weights

_LOCAL, _HUB = "local-dir:", "hf-hub:"
_WEIGHTS_IN_FOLDER = ("model.safetensors", "open_clip_model.safetensors", "pytorch_model.bin")


def timm_extractor(
    name: str,
    checkpoint: Path | None = None,
    *,
    pretrained: bool = False,
    options: Mapping[str, Any] | None = None,
    preparation: Preparation | None = None,
    crop_share: float | None = 1.0,
    pooling: Pooling = "own",
    part: str | None = None,
    device: Device = "auto",
    bfloat16: bool = False,
) -> TorchExtractor:
    """Make an extractor of a network of timm, without its classifier.

    Parameters
    ----------
    name : str
        timm's name, such as ``resnet18`` or ``vit_large_patch16_224``; or ``local-dir:FOLDER`` for a folder with
        ``config.json`` and weights, as the Hugging Face hub has them; or ``hf-hub:OWNER/NAME``, which needs a network.
    checkpoint : Path, optional
        The weights: ``.safetensors``, or a file of ``torch.save``.
    pretrained : bool
        Take the weights that timm names, from its cache or over the network.
    options : mapping, optional
        Further arguments of the network, as its authors give them for ``timm.create_model``.
    preparation : Preparation, optional
        How tiles become its input; by default what timm records for the name. Weights that others trained under the
        name of a timm network often had another mean and standard deviation: look at their page.
    crop_share : float or None
        The share of a tile's side that is seen; 1 the whole tile, None what timm records for the name (0.875 to 1).
        Not with `preparation`, which has its own.
    pooling : str
        ``own`` or ``class token and mean``.
    part : str, optional
        Under which name the weights stand in a checkpoint that holds several networks.
    device, bfloat16
        As for :class:`~tumorboard.features.extraction.TorchExtractor`.

    Raises
    ------
    MissingExtraError
        timm is not installed.
    SettingsError
        There is no such network or option, no weights are named, or they cannot be fetched.
    FileFormatError
        The checkpoint cannot be read, or is of another network.
    """
    from tumorboard.network.encoders.timm_import import import_timm

    timm = import_timm()
    _check_weights_named(name, checkpoint, pretrained)
    _check_name(timm, name)
    network = _create(timm, name, pretrained, dict(options or {}))
    if not pretrained:
        path = checkpoint or _weights_in(Path(name.removeprefix(_LOCAL)))
        _load(network, path, part)
    how = preparation or _recorded_preparation(timm, network, name, crop_share)
    shown = Path(name.removeprefix(_LOCAL)).name if name.startswith(_LOCAL) else name.removeprefix(_HUB)
    return TorchExtractor(shown, network, how, pooling=pooling, device=device, bfloat16=bfloat16)


def _check_weights_named(name: str, checkpoint: Path | None, pretrained: bool) -> None:
    if checkpoint is not None and pretrained:
        raise SettingsError("both a checkpoint and pretrained weights are asked for", where=name, fix="Take one")
    if checkpoint is None and not pretrained and not name.startswith(_LOCAL):
        raise SettingsError(
            "no weights are named, and random ones give no features",
            where=name,
            fix="Give checkpoint=FILE, or pretrained=True",
        )


def _check_name(timm: ModuleType, name: str) -> None:
    if name.startswith((_LOCAL, _HUB)):
        folder = Path(name.removeprefix(_LOCAL))
        if name.startswith(_LOCAL) and not (folder / "config.json").is_file():
            raise FileFormatError("there is no config.json", where=str(folder), fix="Copy the whole folder of the hub")
        return
    if not timm.is_model(name.partition(".")[0]):
        close = difflib.get_close_matches(name, timm.list_models(), n=3)
        raise SettingsError(
            f"timm has no network {name!r}",
            where=f"timm {timm.__version__}",
            fix=f"Close to it: {', '.join(close)}" if close else "timm.list_models() tells the names",
        )


def _create(timm: ModuleType, name: str, pretrained: bool, options: dict[str, Any]) -> nn.Module:
    try:
        network: nn.Module = timm.create_model(name, pretrained=pretrained, **({"num_classes": 0} | options))
    except SettingsError:
        raise
    except Exception as error:  # a network's construction, the hub and the web raise what they like
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        if pretrained or name.startswith(_HUB):
            raise SettingsError(
                f"its weights cannot be fetched: {reason}",
                where=name,
                fix=f"Download model.safetensors of {_page(timm, name)} on a machine with a network (accept its "
                "licence where it asks for that), copy it here and give checkpoint=FILE",
            ) from error
        raise SettingsError(
            f"cannot be made with the options {sorted(options)}: {reason}", where=name, fix="Correct the options"
        ) from error
    return network


def _page(timm: ModuleType, name: str) -> str:
    """Return where the weights are to be had."""
    if name.startswith(_HUB):
        return f"huggingface.co/{name.removeprefix(_HUB)}"
    known = timm.get_pretrained_cfg(name, allow_unregistered=True)
    hub = getattr(known, "hf_hub_id", None)
    return f"huggingface.co/{hub}" if hub else f"timm's {name}"


def _load(network: nn.Module, path: Path, part: str | None) -> None:
    from tumorboard.network.encoders.weight_files import read_weights
    from tumorboard.network.encoders.weights import put_weights

    put_weights(
        network,
        read_weights(path, part),
        path,
        classifier=_classifier(network),
        translate=_translated,
        fix="Name the network that these weights are of, with its options (such as img_size)",
    )


def _classifier(network: nn.Module) -> tuple[str, ...]:
    """Return the names of the layers that the network is without."""
    recorded: Any = getattr(network, "pretrained_cfg", None) or {}
    layers = recorded.get("classifier") or ()
    return (layers,) if isinstance(layers, str) else tuple(layers)


def _translated(network: nn.Module, weights: Weights) -> Weights | None:
    """Return the weights under timm's names, where timm knows how their authors named them."""
    translate = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if translate is None:
        return None
    try:
        translated: Weights = translate(dict(weights), network)
    except Exception:  # made for other checkpoints: the names are then told as they are
        return None
    return translated


def _weights_in(folder: Path) -> Path:
    found = next((folder / name for name in _WEIGHTS_IN_FOLDER if (folder / name).is_file()), None)
    if found is None:
        raise FileFormatError(
            "there are no weights in this folder",
            where=str(folder),
            fix=f"It needs one of {', '.join(_WEIGHTS_IN_FOLDER)}, or give checkpoint=FILE",
        )
    return found


def _recorded_preparation(timm: ModuleType, network: nn.Module, name: str, crop_share: float | None) -> Preparation:
    known = timm.data.resolve_model_data_config(network)
    height, width = known["input_size"][1:]
    if height != width or known["interpolation"] not in {"bicubic", "bilinear"}:
        raise SettingsError(
            f"timm records an input of {width} x {height} px and {known['interpolation']} interpolation",
            where=name,
            fix="Give the preparation yourself",
        )
    mean, sd = (_of_three(known[name]) for name in ("mean", "std"))
    recorded = Preparation(height, mean, sd, known["interpolation"], known["crop_pct"])
    return recorded if crop_share is None else replace(recorded, crop_share=crop_share)


def _of_three(values: Sequence[float]) -> tuple[float, float, float]:
    """Return red, green and blue, which are a list in a config.json."""
    red, green, blue = (float(value) for value in values)
    return red, green, blue
