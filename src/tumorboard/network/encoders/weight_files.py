"""Reading weights from a file: safetensors, or PyTorch's files without unpickling anything but tensors."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from tumorboard.errors import FileFormatError

Weights = dict[str, torch.Tensor]


def read_weights(path: Path, part: str | None = None) -> Weights:
    """Read the weights that a file holds.

    They may stand alone or under one name such as ``state_dict``.

    Parameters
    ----------
    path : Path
        ``.safetensors``, or a file of ``torch.save``.
    part : str, optional
        The name under which the weights stand, where a file holds several networks.

    Returns
    -------
    dict of str to Tensor
        On the processor, in the file's precision.

    Raises
    ------
    FileFormatError
        The file is missing, damaged, needs unsafe unpickling, holds no weights or those of several networks, or some
        are not finite.
    """
    if not path.is_file():
        raise FileFormatError("there is no such file", where=str(path), fix="Check the path")
    content = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_torch(path)
    weights = _part_of(content, part, path)
    bad = [name for name, tensor in weights.items() if tensor.is_floating_point() and not torch.isfinite(tensor).all()]
    if bad:
        raise FileFormatError(f"{len(bad)} parameters are NaN or infinite, {bad[0]} first", where=str(path))
    return weights


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise FileFormatError(f"the file is damaged: {_one_line(error)}", where=str(path)) from error


def _read_torch(path: Path) -> object:
    try:
        content: object = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise FileFormatError(
            "the file is damaged, or holds more than weights, which is not unpickled, for it could run any code",
            where=str(path),
            fix="Where you made it, save the weights alone: torch.save(model.state_dict(), FILE), or as safetensors",
        ) from error
    except Exception as error:  # PyTorch raises many kinds for a damaged file
        raise FileFormatError(f"the file is damaged: {_one_line(error)}", where=str(path)) from error
    return content


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or "it ends too early"


def _part_of(content: object, part: str | None, path: Path) -> Weights:
    if not isinstance(content, Mapping):
        raise FileFormatError(f"the file holds a {type(content).__name__}, no weights by name", where=str(path))
    if content and part is None and all(isinstance(value, torch.Tensor) for value in content.values()):
        return {str(name): value for name, value in content.items()}
    networks = {
        str(name): {str(key): value for key, value in inner.items() if isinstance(value, torch.Tensor)}
        for name, inner in content.items()
        if isinstance(inner, Mapping) and any(isinstance(value, torch.Tensor) for value in inner.values())
    }
    if part is not None and part in networks:
        return networks[part]
    if part is None and len(networks) == 1:
        return next(iter(networks.values()))
    what = f"no network under the name {part!r}" if part is not None else f"{len(networks) or 'no'} networks"
    held = ", ".join(networks) or "none"
    raise FileFormatError(
        f"the file holds {what}",
        where=str(path),
        fix=f"Name one with part=; it has: {held} (or save the one that is meant in a file of its own)",
    )
