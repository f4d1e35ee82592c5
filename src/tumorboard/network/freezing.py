"""Freezing a part of a network whole: its parameters, its batch-norm statistics and its dropout."""

from __future__ import annotations

from typing import Self

from torch import nn


class Freezable(nn.Module):
    """A module that can be frozen whole.

    While it is frozen no parameter has a gradient, and it stays in evaluation even after ``.train()`` of itself or of
    the network that it is a part of: batch normalisation uses its stored statistics and leaves them as they are.
    """

    def __init__(self) -> None:
        super().__init__()
        self._thawed: dict[str, bool] | None = None

    @property
    def frozen(self) -> bool:
        """Whether it is frozen."""
        return self._thawed is not None

    def freeze(self) -> None:
        """Freeze it; freezing twice is freezing once."""
        if self._thawed is None:
            self._thawed = {name: parameter.requires_grad for name, parameter in self.named_parameters()}
        self.requires_grad_(requires_grad=False)
        self.eval()

    def unfreeze(self) -> None:
        """Thaw it; parameters that had a gradient before have one again.

        It stays in evaluation until the next ``.train()``.
        """
        for name, parameter in self.named_parameters():
            parameter.requires_grad_((self._thawed or {}).get(name, parameter.requires_grad))
        self._thawed = None

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation; a frozen module stays in evaluation."""
        return super().train(mode and not self.frozen)
