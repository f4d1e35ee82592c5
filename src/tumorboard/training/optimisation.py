"""The optimiser and its learning rate."""

from __future__ import annotations

import math
from typing import cast

import torch

from tumorboard.network.model import MultimodalNetwork
from tumorboard.study.training_settings import Recipe

LARGEST_GRADIENT = 10.0
"""Norm to which larger gradients are brought with AdamW; the study's SGD is left as it is."""


def make_optimiser(network: MultimodalNetwork, recipe: Recipe, momentum: float) -> torch.optim.Optimizer:
    """Make an optimiser of two groups: picture encoders, and the rest.

    Parameters
    ----------
    network : MultimodalNetwork
    recipe : Recipe
    momentum : float
        Of SGD.
    """
    encoders = [p for name in network.pictured for p in network.encoder(name).parameters()]
    inside = {id(parameter) for parameter in encoders}
    rest = [parameter for parameter in network.parameters() if id(parameter) not in inside]
    groups = [{"params": rest, "times": 1.0}]
    if encoders:
        groups.append({"params": encoders, "times": recipe.encoder_rate})
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=momentum, weight_decay=recipe.weight_decay)
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)


def rate_at(recipe: Recipe, epochs: int, epoch: float) -> float:
    """Return the learning rate at a point of a stage.

    Parameters
    ----------
    recipe : Recipe
    epochs : int
        Of the stage.
    epoch : float
        Epochs done, with fractions.

    Examples
    --------
    >>> from tumorboard.study.training_settings import PRESETS
    >>> rate_at(PRESETS["paper"], 300, 299.5)
    0.004
    """
    warm_up = min(recipe.warm_up, epochs - 1)
    if epoch < warm_up:
        return recipe.learning_rate * (epoch + 0.5) / (warm_up + 0.5)
    if recipe.schedule == "constant":
        return recipe.learning_rate
    return recipe.learning_rate * (1 + math.cos(math.pi * (epoch - warm_up) / (epochs - warm_up))) / 2


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of all groups."""
    for group in optimiser.param_groups:
        group["lr"] = rate * cast("float", group["times"])
