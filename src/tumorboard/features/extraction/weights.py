"""Weights from a file into a network: safetensors, or PyTorch's files read without unpickling anything but tensors.

A file may hold the weights alone, or a dictionary with them under a name such as ``state_dict``; names may have a
prefix that a wrapper put there, such as ``module.`` or ``teacher.backbone.``. Nothing is loaded in part: a parameter
that is missing, left over or of another shape is an error. Left out without a word are only the classifier on top,
which gives no features, and the counters of batch normalisation, which are not used.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import FileFormatError, MissingExtraError

if TYPE_CHECKING:
    import torch

Weights = dict[str, "torch.Tensor"]

_COUNTER = "num_batches_tracked"


def read_weights(path: Path, part: str | None = None) -> Weights:
    """Read the weights that a file holds.

    Parameters
    ----------
    path : Path
        ``.safetensors``, or a file of ``torch.save``.
    part : str, optional
        The name under which the weights stand, where a file holds several networks.

    Raises
    ------
    FileFormatError
        The file is missing, damaged, needs unsafe unpickling, or holds none or several networks.
    MissingExtraError
        safetensors is not installed.
    """
    if not path.is_file():
        raise FileFormatError("there is no such file", where=str(path), fix="Check the path")
    content = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_torch(path)
    weights = _part_of(content, part, path)
    _check_finite(weights, path)
    return weights


def _read_safetensors(path: Path) -> object:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError:
        raise MissingExtraError("safetensors", "encoders", f"Reading {path.name}") from None
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise FileFormatError(f"the file is damaged: {_one_line(error)}", where=str(path)) from error


def _read_torch(path: Path) -> object:
    import torch

    try:
        content: object = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise FileFormatError(
            "the file holds more than weights, which is not unpickled, for it could run any code",
            where=str(path),
            fix="Where you made it, save the weights alone: torch.save(model.state_dict(), FILE), or as safetensors",
        ) from error
    except Exception as error:  # PyTorch raises many kinds for a damaged file
        raise FileFormatError(f"the file is damaged: {_one_line(error)}", where=str(path)) from error
    return content


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or "it ends too early"


def _part_of(content: object, part: str | None, path: Path) -> Weights:
    import torch

    if not isinstance(content, Mapping):
        raise FileFormatError(f"the file holds a {type(content).__name__}, no weights by name", where=str(path))
    if content and part is None and all(isinstance(value, torch.Tensor) for value in content.values()):
        return dict(content)
    parts = {
        str(name): {key: value for key, value in inner.items() if isinstance(value, torch.Tensor)}
        for name, inner in content.items()
        if isinstance(inner, Mapping) and any(isinstance(value, torch.Tensor) for value in inner.values())
    }
    if part is not None and part in parts:
        return parts[part]
    if part is None and len(parts) == 1:
        return next(iter(parts.values()))
    held = ", ".join(parts) or "none"
    what = f"no network under the name {part!r}" if part else f"{len(parts) or 'no'} networks"
    raise FileFormatError(f"the file holds {what}", where=str(path), fix=f"Name one with part=; it has: {held}")


def _check_finite(weights: Weights, path: Path) -> None:
    import torch

    bad = [name for name, tensor in weights.items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()]
    if bad:
        raise FileFormatError(f"{len(bad)} parameters are NaN or infinite, {bad[0]} first", where=str(path))


def load_weights(network: torch.nn.Module, weights: Weights, classifier: tuple[str, ...], path: Path) -> None:
    """Put weights into a network, all of them or none.

    Parameters
    ----------
    network : torch.nn.Module
    weights : dict of str to Tensor
    classifier : tuple of str
        The names of the classifier's layers, which the network is without.
    path : Path
        Where the weights come from, for messages.

    Raises
    ------
    FileFormatError
        Parameters are missing, left over, of another shape, or stand there twice under different prefixes.
    """
    wanted = {name for name in network.state_dict() if not name.endswith(_COUNTER)}
    fitting = _without_prefix(weights, wanted, path)
    if fitting is None:
        fitting = _translated(network, weights)
        if fitting is None or not wanted <= set(fitting):
            fitting = weights
    kept = {
        name: tensor
        for name, tensor in fitting.items()
        if not name.endswith(_COUNTER) and not name.startswith(tuple(f"{layer}." for layer in classifier))
    }
    _check_names(wanted, set(kept), path)
    _check_shapes(network, kept, path)
    network.load_state_dict(kept, strict=False)  # only the counters are not there


def _without_prefix(weights: Weights, wanted: set[str], path: Path) -> Weights | None:
    """Return the weights under the prefix that holds all wanted names; None where there is no such prefix."""
    if wanted <= set(weights):
        return weights
    one = min(wanted)
    prefixes = [name.removesuffix(one) for name in weights if name.endswith(f".{one}")]
    whole = [prefix for prefix in prefixes if all(f"{prefix}{name}" in weights for name in wanted)]
    if len(whole) > 1:
        raise FileFormatError(
            f"the file holds {len(whole)} such networks, under {' and '.join(sorted(whole))}",
            where=str(path),
            fix="Save the one that is meant in a file of its own",
        )
    if not whole:
        return None
    return {name.removeprefix(whole[0]): tensor for name, tensor in weights.items() if name.startswith(whole[0])}


def _translated(network: torch.nn.Module, weights: Weights) -> Weights | None:
    """Return the weights under timm's names, where timm knows how their authors named them."""
    translate = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if translate is None:
        return None
    try:
        translated: Weights = translate(dict(weights), network)
    except Exception:  # made for other checkpoints: the names are then told as they are
        return None
    return translated


def _check_names(wanted: set[str], found: set[str], path: Path) -> None:
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    if not missing and not extra:
        return
    told = [
        f"{len(names)} of the network's parameters are missing ({_first(names)})"
        if kind == "missing"
        else f"{len(names)} are not of this network ({_first(names)})"
        for kind, names in (("missing", missing), ("extra", extra))
        if names
    ]
    raise FileFormatError(
        "; ".join(told),
        where=str(path),
        fix="Name the network that these weights are of, with its options",
    )


def _check_shapes(network: torch.nn.Module, weights: Weights, path: Path) -> None:
    own = network.state_dict()
    other = [name for name, tensor in weights.items() if tensor.shape != own[name].shape]
    if other:
        name = other[0]
        raise FileFormatError(
            f"{len(other)} parameters have another shape: {name} is {tuple(weights[name].shape)} in the file and "
            f"{tuple(own[name].shape)} in the network",
            where=str(path),
            fix="Name the network that these weights are of, with its options (such as img_size)",
        )


def _first(names: list[str]) -> str:
    return f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''}"
