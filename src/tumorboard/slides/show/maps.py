"""What of a tissue map is shown, and where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class RegionMaps:
    """Where tissue and artefacts lie: maps of one shape over a part of a slide.

    Parameters
    ----------
    tissue : ndarray of bool, shape (rows, columns)
    artefacts : mapping of str to ndarray of bool, each of shape (rows, columns)
        By name: ``pen``, ``fold``, ``blur``, ``bubble``, ``border``; shown in their order.
    downsample : float
        Level-0 pixels in one cell, along one side.
    left, top : float
        Level-0 pixels of the maps' upper left corner.
    """

    tissue: Mask
    artefacts: Mapping[str, Mask] = field(default_factory=dict)
    downsample: float = 1.0
    left: float = 0.0
    top: float = 0.0
