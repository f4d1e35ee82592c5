"""Weights for an encoder of pictures: from a file, ImageNet's by name, or none.

Nothing is loaded in part: a parameter that is missing, left over or of another shape is an error. Left out without a
word are only the classifier on top and the counters of batch normalisation, which are not used.
"""

from __future__ import annotations

import hashlib
import secrets
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from tumorboard.errors import FileFormatError, UserError
from tumorboard.network.encoders.resnet18 import ResNet18
from tumorboard.network.encoders.weight_files import Weights, read_weights

IMAGENET = "imagenet"
NONE = "none"

_COUNTER = "num_batches_tracked"
_CLASSIFIERS = ("fc.", "head.fc.", "head.weight", "head.bias", "classifier.")
_WAIT_SECONDS = 30


@dataclass(frozen=True)
class PublishedWeights:
    """Weights that are to be had over the network.

    Parameters
    ----------
    file_name : str
        In the cache.
    address : str
        Where they are.
    sha256 : str
        Of the file, 64 digits.
    """

    file_name: str
    address: str
    sha256: str


RESNET18_IMAGENET = PublishedWeights(
    file_name="resnet18-f37072fd.pth",
    address="https://download.pytorch.org/models/resnet18-f37072fd.pth",
    sha256="f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
)
"""torchvision's ``ResNet18_Weights.IMAGENET1K_V1``, BSD-3-Clause, 47 MB, 69.8 % top-1."""


def load_encoder_weights(network: nn.Module, source: str | Path, *, cache: Path) -> str:
    """Put weights into a network that encodes pictures.

    Parameters
    ----------
    network : Module
        A ``ResNet18``, or the body of a network of timm.
    source : str or Path
        ``imagenet`` (for ResNet18 only), ``none`` (the network is left as it is), or a file: ``.safetensors`` or a
        ``.pth`` with a state_dict, torchvision's names, any float precision.
    cache : Path
        Folder in which downloaded weights are kept.

    Returns
    -------
    str
        Where the weights come from, to be recorded: ``none``, or the file's name and its SHA-256.

    Raises
    ------
    FileFormatError
        The file cannot be read, or is of another network.
    UserError
        ``imagenet`` cannot be fetched, or is not to be had for this network.
    """
    if source == NONE:
        return NONE
    path = _imagenet_file(network, cache) if source == IMAGENET else Path(source)
    left_out = ("fc", "layer4") if isinstance(network, ResNet18) and network.groups == 3 else None
    put_weights(network, read_weights(path), path, classifier=left_out)
    return f"{path.name}, SHA-256 {sha256_of(path)}"


def _imagenet_file(network: nn.Module, cache: Path) -> Path:
    if not isinstance(network, ResNet18):
        raise UserError(
            "ImageNet weights are known by name for resnet18 only",
            where="weights",
            fix="Name a file with this network's weights, or 'none'",
        )
    return fetch_weights(RESNET18_IMAGENET, cache)


def fetch_weights(published: PublishedWeights, cache: Path) -> Path:
    """Return the file of published weights, downloaded where the cache lacks it.

    Parameters
    ----------
    published : PublishedWeights
    cache : Path
        Made where missing. A file in it whose checksum is wrong is fetched again.

    Raises
    ------
    UserError
        They cannot be fetched, or what came has another checksum; the message names the other ways.
    """
    path = cache / published.file_name
    if path.is_file() and sha256_of(path) == published.sha256:
        return path
    try:
        cache.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
        try:
            _download(published.address, temporary)
            found = sha256_of(temporary)
            if found != published.sha256:
                raise OSError(f"its SHA-256 is {found[:16]}…, not {published.sha256[:16]}…")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = " ".join(str(getattr(error, "reason", None) or error).split()) or type(error).__name__
        raise UserError(
            f"{published.file_name} cannot be fetched: {reason}",
            where=published.address,
            fix=f"Name a file with weights, or copy this one to {cache}, or start from random weights with 'none'",
        ) from error
    return path


def _download(address: str, path: Path) -> None:
    with urllib.request.urlopen(address, timeout=_WAIT_SECONDS) as answer, path.open("wb") as file:
        while block := answer.read(1 << 20):
            file.write(block)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, 64 digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_weights(
    network: nn.Module,
    weights: Weights,
    path: Path,
    *,
    classifier: Sequence[str] | None = None,
    translate: Callable[[nn.Module, Weights], Weights | None] = lambda *_: None,
    fix: str = "Name a file with the weights of this network",
) -> None:
    """Put weights into a network, all of them or none.

    Parameters
    ----------
    network : Module
    weights : dict of str to Tensor
        Any float precision. The names may have a prefix that a wrapper put there, such as ``module.`` or
        ``teacher.backbone.``.
    path : Path
        Where the weights come from, for messages.
    classifier : sequence of str, optional
        The names of the classifier's layers, which the network is without; by default the usual ones, where the
        network has none of that name.
    translate : callable, optional
        Gives the weights under the network's own names, or None; asked where no prefix brings them about.
    fix : str
        What to do about weights of another network, for the message.

    Raises
    ------
    FileFormatError
        Parameters are missing, left over, of another shape, or stand there twice under different prefixes.
    """
    own = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith(_COUNTER)}
    given = _under_prefix(weights, list(own), path)
    if not own.keys() <= given.keys():
        translated = translate(network, weights) or {}
        given = translated if own.keys() <= translated.keys() else given
    kept = {name: tensor for name, tensor in given.items() if not _is_left_out(name, own, classifier)}
    faults = _faults(own, kept)
    if faults:
        raise FileFormatError(f"the weights are not of this network: {'; '.join(faults)}", where=str(path), fix=fix)
    network.load_state_dict(kept, strict=False)  # only the counters are not there


def _under_prefix(weights: Weights, wanted: Sequence[str], path: Path) -> Weights:
    """Return the weights under the prefix that holds all wanted names, or else under the shortest that may be it."""
    first = wanted[0]
    prefixes = sorted(
        (name.removesuffix(first) for name in weights if name == first or name.endswith(f".{first}")), key=len
    )
    whole = [prefix for prefix in prefixes if all(f"{prefix}{name}" in weights for name in wanted)]
    if len(whole) > 1:
        raise FileFormatError(
            f"the file holds {len(whole)} such networks, under {' and '.join(map(repr, whole))}",
            where=str(path),
            fix="Save the one that is meant in a file of its own",
        )
    prefix = next(iter(whole or prefixes), "")
    return {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}


def _is_left_out(name: str, own: Weights, classifier: Sequence[str] | None) -> bool:
    if classifier is None:
        return name.endswith(_COUNTER) or (name not in own and name.startswith(_CLASSIFIERS))
    return name.endswith(_COUNTER) or name.startswith(tuple(f"{layer}." for layer in classifier))


def _faults(own: Weights, given: Weights) -> list[str]:
    """Return what is missing, left over and of another shape, each counted and named."""
    told = []
    if missing := sorted(own.keys() - given.keys()):
        many = f"{len(missing)} of the network's parameters are missing ({_first(missing)})"
        told.append(many if len(missing) > 1 else f"{missing[0]} is missing")
    if extra := sorted(given.keys() - own.keys()):
        many = f"{len(extra)} are not of this network ({_first(extra)})"
        told.append(many if len(extra) > 1 else f"{extra[0]} is not a parameter of the network")
    if other := [name for name, tensor in own.items() if name in given and given[name].shape != tensor.shape]:
        name = other[0]
        shapes = f"{name} is {tuple(given[name].shape)} in the file and {tuple(own[name].shape)} in the network"
        told.append(f"{len(other)} parameters have another shape: {shapes}" if len(other) > 1 else shapes)
    return told


def _first(names: Sequence[str]) -> str:
    return f"{', '.join(names[:3])}{', …' if len(names) > 3 else ''}"
