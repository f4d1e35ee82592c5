"""An extractor that is a network of PyTorch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import SettingsError
from tumorboard.features.extraction.extractor import Extractor, Preparation, Tiles

if TYPE_CHECKING:
    import torch

Device = Literal["auto", "cpu", "cuda"]
Pooling = Literal["own", "class token and mean"]
"""``own``: what the network returns. The other, for vision transformers: their class token, then the mean of the tokens
of the picture's patches."""


class TorchExtractor(Extractor):
    """A network of PyTorch, frozen whole: no dropout, no statistic of a batch.

    Parameters
    ----------
    name : str
        What it is called; eight digits of a hash of all that the features depend on are added.
    network : torch.nn.Module
        Takes (tiles, 3, input_px, input_px) in float32 and returns (tiles, features).
    preparation : Preparation
    pooling : str
        See `Pooling`.
    device : str
        ``auto`` takes an NVIDIA GPU where there is one.
    bfloat16 : bool
        Compute in bfloat16 where PyTorch holds it for safe. Faster on most GPUs, and the features change by about 1 %.

    Raises
    ------
    SettingsError
        There is no such device, or the network does not return one vector a tile.
    """

    def __init__(
        self,
        name: str,
        network: torch.nn.Module,
        preparation: Preparation,
        *,
        pooling: Pooling = "own",
        device: Device = "auto",
        bfloat16: bool = False,
    ) -> None:
        self.preparation = preparation
        self._device = find_device(device)
        self._bfloat16 = bfloat16
        self._pooling = pooling
        self._network = network.eval().requires_grad_(False).to(self._device)
        self.dimension = self._probed_dimension(name)
        self.name = f"{name}@{self._fingerprint()[:8]}"

    def encode(self, tiles: Tiles) -> NDArray[np.float32]:
        """Return the features of tiles of one size; the same tiles give the same features on the same machine."""
        import torch

        with torch.inference_mode(), _repeatable(), torch.autocast(self._device, torch.bfloat16, self._bfloat16):
            answer = self._forward(prepare(tiles, self.preparation).to(self._device))
        features: NDArray[np.float32] = answer.float().cpu().numpy()
        return features

    def _forward(self, pictures: torch.Tensor) -> torch.Tensor:
        import torch

        if self._pooling == "own":
            answer: torch.Tensor = self._network(pictures)
            return answer
        tokens: torch.Tensor = self._network.forward_features(pictures)  # type: ignore[operator]
        before = int(self._network.num_prefix_tokens)  # type: ignore[arg-type]
        return torch.cat([tokens[:, 0], tokens[:, before:].mean(dim=1)], dim=-1)

    def _probed_dimension(self, name: str) -> int:
        """Return the length of the vector that the network gives for a white tile."""
        import torch

        side = self.preparation.input_px
        if self._pooling != "own" and not getattr(self._network, "num_prefix_tokens", 0):
            raise SettingsError(f"{name} has no class token", where="pooling", fix="Take the pooling 'own'")
        try:
            with torch.inference_mode():
                answer = self._forward(torch.ones(1, 3, side, side, device=self._device))
        except (RuntimeError, AssertionError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise SettingsError(f"{name} does not take tiles of {side} px: {reason}", where="input_px") from error
        if not isinstance(answer, torch.Tensor) or answer.ndim != 2:
            shape = tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__
            raise SettingsError(
                f"{name} returns {shape} for a tile, not one vector",
                where="the network",
                fix="Leave its own pooling on, or take the pooling 'class token and mean'",
            )
        return int(answer.shape[1])

    def _fingerprint(self) -> str:
        """Return a hash of weights, preparation, pooling and precision."""
        digest = hashlib.sha256(f"{self.preparation} {self._pooling} {self._bfloat16}".encode())
        for key, tensor in sorted(self._network.state_dict().items()):
            if not key.endswith("num_batches_tracked"):
                digest.update(key.encode())
                digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def find_device(device: Device) -> str:
    """Return the device to compute on.

    Raises
    ------
    SettingsError
        There is no such device here.
    """
    import torch

    if device not in {"auto", "cpu", "cuda"}:
        raise SettingsError(f"there is no device {device!r}; possible: auto, cpu, cuda", where="device")
    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("PyTorch finds no NVIDIA GPU here", where="device", fix="Take the device auto or cpu")
    return "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"


def prepare(tiles: Tiles, preparation: Preparation) -> torch.Tensor:
    """Return tiles as a network's input, shape (tiles, 3, input_px, input_px), float32, on the processor.

    Parameters
    ----------
    tiles : ndarray of uint8, shape (tiles, height, width, 3)
    preparation : Preparation
    """
    import torch
    from torch.nn import functional

    height, width = tiles.shape[1:3]
    side = max(1, round(min(height, width) * preparation.crop_share))
    top, left = (height - side) // 2, (width - side) // 2
    square = torch.from_numpy(np.ascontiguousarray(tiles[:, top : top + side, left : left + side]))
    pictures = square.permute(0, 3, 1, 2)
    if side != preparation.input_px:
        size = (preparation.input_px, preparation.input_px)
        # in whole numbers, as Pillow does it, and so as the published transforms of these networks
        pictures = functional.interpolate(
            pictures, size, mode=preparation.interpolation, antialias=True, align_corners=False
        )
    mean, sd = (torch.tensor(values).view(1, 3, 1, 1) for values in (preparation.mean, preparation.sd))
    return (pictures.float() / 255 - mean) / sd


@contextmanager
def _repeatable() -> Iterator[None]:
    """Have the same tiles give the same features on a GPU too."""
    import torch

    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield
