"""Exact Shapley values over modalities: how much each moved one patient's risk.

The value of a set of modalities is the patient's mean risk over the combinations of these modalities' images alone,
as the network gives it where the others are absent; the value of none is the mean risk of the fold's fit patients.
All sets are computed, from embeddings that were made once, so that the values add up to the risk less that mean.

References
----------
Shapley LS. A value for n-person games. 1953. Lundberg SM, Lee SI. NeurIPS 2017.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import torch

from tumorboard.network.combinations import risk_over_combinations
from tumorboard.network.model import MultimodalNetwork

MOST_MODALITIES = 12
"""With more, the 2^n sets would take too long."""


def shapley_values(modalities: Sequence[str], value: Callable[[frozenset[str]], float]) -> dict[str, float]:
    """Return the Shapley value of each of some players.

    Parameters
    ----------
    modalities : sequence of str
        The players.
    value : callable
        Worth of a set of them, the empty one included. Each set is asked for once.

    Returns
    -------
    dict of str to float
        They add up to the worth of all less that of none.

    Raises
    ------
    ValueError
        For more than `MOST_MODALITIES`.
    """
    number = len(modalities)
    if number > MOST_MODALITIES:
        raise ValueError(f"exact Shapley values are for up to {MOST_MODALITIES} modalities, not {number}")
    worth = {
        frozenset(chosen): value(frozenset(chosen))
        for size in range(number + 1)
        for chosen in combinations(modalities, size)
    }
    values = {}
    for player in modalities:
        others = [name for name in modalities if name != player]
        values[player] = sum(
            (worth[frozenset(chosen) | {player}] - worth[frozenset(chosen)]) / (number * math.comb(number - 1, size))
            for size in range(number)
            for chosen in combinations(others, size)
        )
    return values


def shapley_of_patient(
    network: MultimodalNetwork, embeddings: Mapping[str, torch.Tensor], mean_risk: float
) -> dict[str, float]:
    """Return how much each of a patient's modalities moved its risk.

    Parameters
    ----------
    network : MultimodalNetwork
    embeddings : mapping of str to Tensor, shape (images, width of the modality)
        Of the modalities that the patient has.
    mean_risk : float
        Mean risk of the fold's fit patients: what is said of a patient of whom nothing is known.

    Returns
    -------
    dict of str to float
        By modality that the patient has; above 0 where it raised the risk. They add up to the risk less `mean_risk`.
    """

    def value(chosen: frozenset[str]) -> float:
        if not chosen:
            return mean_risk
        return risk_over_combinations(network, {name: embeddings[name] for name in embeddings if name in chosen}).mean

    return shapley_values(tuple(embeddings), value)
