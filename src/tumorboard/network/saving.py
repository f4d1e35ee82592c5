"""A network in a folder: weights as safetensors, everything else as JSON; nothing is unpickled.

Where it is read again the weights are the same to the last bit. ``config.json`` holds the weights' checksum, so that
two files that do not belong together are noticed.
"""

from __future__ import annotations

import hashlib
import json
import platform
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors import __version__ as safetensors_version
from safetensors.torch import load, save

from tumorboard import __version__
from tumorboard.errors import FileFormatError, UserError
from tumorboard.network.model import MultimodalNetwork
from tumorboard.network.settings import NetworkSettings

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
_MADE_BY = "tumorboard train STUDY"
FORMAT = 2
"""Raised whenever networks of before can no longer be read; 2 since picture encoders have ``centre`` and ``scale``."""


@dataclass(frozen=True, eq=False)
class SavedModel:
    """What a model folder holds.

    Parameters
    ----------
    network : MultimodalNetwork
        In evaluation, on the processor.
    further : dict
        What was saved beside the network: preprocessing, gene list, baseline hazard, hashes.
    versions : dict of str to str
        Of the programs that wrote it.
    """

    network: MultimodalNetwork
    further: dict[str, Any]
    versions: dict[str, str]


def save_model(folder: Path, network: MultimodalNetwork, further: Mapping[str, Any] | None = None) -> None:
    """Write a network to a folder; each file is written whole or not at all.

    Parameters
    ----------
    folder : Path
        Made where missing.
    network : MultimodalNetwork
    further : mapping, optional
        Anything that JSON can hold, without NaN.

    Raises
    ------
    UserError
        The folder cannot be written.
    ValueError, TypeError
        `further` is nothing that JSON can hold.
    """
    weights = save({name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()})
    config = {
        "format": FORMAT,
        "network": network.settings.model_dump(mode="json"),
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "versions": {
            "tumorboard": __version__,
            "torch": str(torch.__version__),
            "safetensors": safetensors_version,
            "python": platform.python_version(),
        },
        "further": dict(further or {}),
    }
    text = json.dumps(config, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(folder / WEIGHTS_FILE, lambda path: path.write_bytes(weights))
        _write_whole(folder / CONFIG_FILE, lambda path: path.write_text(text, encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"the model cannot be written: {reason}", where=str(folder)) from error


def _write_whole(path: Path, write: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_model(folder: Path) -> SavedModel:
    """Read a network from a folder.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    FileFormatError
        A file is missing, damaged, of another format, or the two do not belong together.
    MissingExtraError
        An encoder is a network of timm, which is not installed.
    """
    config = _read_config(folder / CONFIG_FILE)
    path = folder / WEIGHTS_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileFormatError("there are no weights", where=str(path), fix="Copy the whole model folder") from error
    if hashlib.sha256(content).hexdigest() != config["weights_sha256"]:
        raise FileFormatError(
            f"the weights are not those that {CONFIG_FILE} names",
            where=str(path),
            fix="The file is damaged, or of another model: copy the whole model folder again",
        )
    try:
        network = MultimodalNetwork(NetworkSettings.model_validate(config["network"]))
        network.load_state_dict(load(content))
    except (ValidationError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise FileFormatError(f"the model cannot be made: {reason}", where=str(folder)) from error
    return SavedModel(network.eval(), config["further"], config["versions"])


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileFormatError("this is no model folder", where=str(path), fix=f"It needs {CONFIG_FILE}") from error
    except ValueError as error:
        raise FileFormatError("the file is damaged, no JSON", where=str(path)) from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        found = config.get("format") if isinstance(config, dict) else None
        is_older = isinstance(found, int) and found < FORMAT
        raise FileFormatError(
            f"the model's format is {found}, and this program reads {FORMAT}",
            where=str(path),
            fix=f"Train it again: {_MADE_BY}" if is_older else "Take the version of tumorboard that wrote it",
        )
    missing = [key for key in ("network", "weights_sha256", "versions", "further") if key not in config]
    if missing:
        raise FileFormatError(f"the key {missing[0]!r} is missing", where=str(path))
    return config
