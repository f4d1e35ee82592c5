"""Where a fold's training stands, on the disk: from it a stopped run goes on to the same result."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from tumorboard.study.files import write_whole

FILE = "checkpoint.pt"
FORMAT = 1
_SHARE_OF_TIME = 0.1
_LONGEST_WAIT_SECONDS = 60.0


@dataclass
class State:
    """Where training stands.

    Parameters
    ----------
    key : str
        Of settings and inputs: a checkpoint of others is not taken up.
    stage : int
        Stages done.
    epoch : int
        Epochs of the next stage done; 0 with no weights beyond those that are carried.
    carried : dict of str to Tensor
        What finished stages leave to the last one.
    network, optimiser, memory : dict
        States, of a stage that has begun.
    best : dict of str to Tensor
        The weights with the best select loss so far.
    best_loss, best_epoch : float, int
    history : list of dict
        One row an epoch.
    """

    key: str
    stage: int = 0
    epoch: int = 0
    carried: dict[str, torch.Tensor] = field(default_factory=dict)
    network: dict[str, torch.Tensor] = field(default_factory=dict)
    optimiser: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, torch.Tensor] = field(default_factory=dict)
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    best_epoch: int = -1
    history: list[dict[str, Any]] = field(default_factory=list)

    def end_stage(self, carried: dict[str, torch.Tensor]) -> None:
        """Go to the beginning of the next stage, to which this one leaves some weights."""
        self.carried |= carried
        self.stage, self.epoch, self.best_loss, self.best_epoch = self.stage + 1, 0, float("inf"), -1
        self.network, self.optimiser, self.memory, self.best = {}, {}, {}, {}


class Checkpoint:
    """A fold's checkpoint file.

    Written after an epoch, but for no more than a tenth of the time: where epochs are short, some are passed over, and
    a stopped run does them again with the same result.

    Parameters
    ----------
    folder : Path
        The fold's.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._took = 0.0
        self._written = -float("inf")

    def read(self, key: str) -> State:
        """Return where training stands; at the beginning, without a checkpoint of this key."""
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
            if content.pop("format") == FORMAT and content["key"] == key:
                return State(**content)
        except Exception:  # PyTorch raises many kinds for a damaged file: from the beginning
            return State(key)
        return State(key)

    def write(self, state: State, *, always: bool = False) -> bool:
        """Write where training stands, if it is time to; return whether it was."""
        waited = time.monotonic() - self._written
        if not always and waited < min(self._took / _SHARE_OF_TIME, _LONGEST_WAIT_SECONDS):
            return False
        begun = time.monotonic()
        content = {name: getattr(state, name) for name in State.__dataclass_fields__} | {"format": FORMAT}
        write_whole(self.path, lambda temporary: torch.save(content, temporary))
        self._written = time.monotonic()
        self._took = self._written - begun
        return True

    def remove(self) -> None:
        """Remove the file of a fold that is finished, and what writes that were killed have left."""
        self.path.unlink(missing_ok=True)
        for left in self.path.parent.glob(".*"):
            left.unlink(missing_ok=True)
