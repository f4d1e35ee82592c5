"""Which processor trains, and in which precision.

Plain PyTorch and no Lightning: of what Lightning Fabric gives (device, precision, processes), a fold needs two lines
here, and its launch and seeding would stand between a resumed epoch and the same numbers. Several GPUs take whole folds
each (`own_share`): risk sets and batch statistics then stay those of one process, and a fold's numbers do not depend on
how many there are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch

from tumorboard.errors import SettingsError
from tumorboard.network.encoders import Bag
from tumorboard.network.encoders.encoder import Inputs
from tumorboard.study.training_settings import TrainingSettings

Item = TypeVar("Item")


@dataclass(frozen=True)
class Machine:
    """A processor and how it multiplies.

    Parameters
    ----------
    device : device
    half : bool
        Layers' products in bfloat16; sums, losses and weights stay in float32.
    """

    device: torch.device
    half: bool

    @classmethod
    def of(cls, settings: TrainingSettings) -> Machine:
        """Choose the processor that settings ask for.

        Raises
        ------
        SettingsError
            There is no such processor.
        """
        name = settings.device
        if name == "auto":
            name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else "cpu"
        device = torch.device(name)
        if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
            raise SettingsError(
                f"PyTorch finds no GPU {name!r}",
                where="training.device",
                fix="Set it to auto, or run 'tumorboard doctor'",
            )
        if device.type == "cuda":
            torch.backends.cudnn.deterministic = True  # the same seed gives the same numbers
            torch.backends.cudnn.benchmark = False
        wanted = settings.precision
        return cls(device, _multiplies_in_half(device) if wanted == "auto" else wanted == "bfloat16")

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which a network runs."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.half)

    def put(self, inputs: Inputs) -> Inputs:
        """Return inputs on the device; pictures with their channels last in memory."""
        if isinstance(inputs, Bag):
            return Bag(self._moved(inputs.features), self._moved(inputs.mask))
        return self._moved(inputs)

    def _moved(self, values: torch.Tensor) -> torch.Tensor:
        if self.device.type == "cuda":
            values = values.pin_memory()
        moved = values.to(self.device, non_blocking=True)
        return moved.contiguous(memory_format=torch.channels_last) if moved.ndim == 4 else moved


def _multiplies_in_half(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    asked = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, lambda: False)()) for name in asked)


def own_share(items: Sequence[Item]) -> list[Item]:
    """Return what this process has to do of work that ``torchrun`` started several processes for; else all.

    Parameters
    ----------
    items : sequence
        The same in every process.
    """
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    return list(items[rank::world])
