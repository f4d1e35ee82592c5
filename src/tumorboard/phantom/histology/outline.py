"""The outline of a slide's tissue: a turned oval, bean, triangle or loaf, whole or in two or three pieces."""

from __future__ import annotations

import numpy as np

from tumorboard.phantom.histology.lattice import SmoothField
from tumorboard.phantom.histology.window import Window
from tumorboard.phantom.patients.patient import generator

_SMALL_UM = 2000.0
_PIECES, _SHARE_OF_SLIDES = (1, 2, 3), (0.60, 0.28, 0.12)
_WAVES = ((0.45, 0.060), (0.20, 0.030), (0.08, 0.012), (0.03, 0.004))
"""Scale and height of the outline's waves, in parts of the slide's shorter side."""
_LEAST_SHARE, _MOST_SHARE = 0.53, 0.75


class Outline:
    """Where tissue ends and glass begins.

    Parameters
    ----------
    seed : int
        The slide's seed: shape, direction, pieces and share come from it alone.
    width_um, height_um : float
        The slide's size.

    Attributes
    ----------
    everywhere : Window
        The whole slide, coarse.
    """

    def __init__(self, seed: int, width_um: float, height_um: float) -> None:
        draws = generator(seed, 0, "outline")
        self._seed = int(draws.integers(2**62))
        self._width_um, self._height_um = width_um, height_um
        self._size_um = min(width_um, height_um)
        small = self._size_um < _SMALL_UM
        self._turn = float(draws.uniform(0, np.pi))
        self._elongation = float(1 + (0.35 if small else 0.8) * draws.random() ** 1.5)
        self._power = float(draws.uniform(2.0, 3.2))
        self._bend = float(draws.choice([0.0, draws.uniform(0.25, 0.6)], p=[0.55, 0.45])) * (0.6 if small else 1.0)
        self._corners = float(draws.choice([0.0, draws.uniform(0.07, 0.15)], p=[0.6, 0.4]))
        self._phase = float(draws.uniform(0, 2 * np.pi))
        pieces = int(draws.choice(_PIECES, p=_SHARE_OF_SLIDES))
        self._cuts = self._drawn_cuts(draws, pieces, small)
        gaps = sum(2 * gap_um for _, _, gap_um in self._cuts) / self._size_um
        share = float(draws.uniform(_LEAST_SHARE + (0.05 if small else 0.0), self._roomy_share()))
        self._edge_um = 0.0
        mpp = max(width_um, height_um) / 256
        self.everywhere = Window(0, 0, round(width_um / mpp), round(height_um / mpp), mpp)
        # the gaps between pieces are cut out of a larger outline
        whole = min(share * (1 + gaps), _MOST_SHARE + 0.02)
        self._edge_um = float(np.quantile(self._depth(self.everywhere), 1 - whole))

    def over(self, grid: Window) -> np.ndarray:
        """Give how far inside the outline each place lies.

        Parameters
        ----------
        grid : Window

        Returns
        -------
        ndarray of float32, shape (height, width)
            In about µm; negative on glass.
        """
        depth = self._depth(grid) - self._edge_um
        x, y = grid.centres()
        for number, (angle, offset_um, gap_um) in enumerate(self._cuts):
            line = (x - self._width_um / 2) * np.cos(angle) + (y - self._height_um / 2) * np.sin(angle) - offset_um
            line = line + 0.06 * self._size_um * SmoothField(self._seed + 20 + number, 0.25 * self._size_um).over(grid)
            depth = np.minimum(depth, np.abs(line) - gap_um)
        # crumbs beside the tissue
        crumbs = 22 * (SmoothField(self._seed + 11, 28.0).over(grid) - 2.1)
        near = depth + min(0.06 * self._size_um, 150)
        return np.asarray(np.maximum(depth, np.minimum(crumbs, near)), np.float32)

    def _drawn_cuts(self, draws: np.random.Generator, pieces: int, small: bool) -> list[tuple[float, float, float]]:
        """Draw the cuts between pieces: direction across, distance from the middle and half the gap's width."""
        first_side = float(draws.choice([-1.0, 1.0]))
        cuts = []
        for number in range(pieces - 1):
            side = first_side if number == 0 else -first_side
            # a small slide keeps one piece that is large enough for tiles
            part = draws.uniform(0.30, 0.38) if small else draws.uniform(0.0 if pieces == 2 else 0.10, 0.30)
            angle = self._turn + draws.normal(0, 0.15 if small else 0.3)
            half_gap_um = draws.uniform(0.008, 0.016 if small else 0.03) * self._size_um
            cuts.append((float(angle), float(side * part * self._size_um), float(half_gap_um)))
        return cuts

    def _roomy_share(self) -> float:
        """Give the largest share of the slide that the shape fills before glass cuts its ends straight."""
        long, short = np.sqrt(self._elongation), 1 / np.sqrt(self._elongation)
        reach_x = np.hypot(long * np.cos(self._turn), short * np.sin(self._turn))
        reach_y = np.hypot(long * np.sin(self._turn), short * np.cos(self._turn))
        radius_um = 0.48 * min(self._width_um / reach_x, self._height_um / reach_y)
        share = np.pi * radius_um**2 / (self._width_um * self._height_um)
        return float(np.clip(share + 0.06, _LEAST_SHARE + 0.07, _MOST_SHARE))

    def _depth(self, grid: Window) -> np.ndarray:
        x, y = grid.centres()
        size = self._size_um
        along, across = self._normalised(x, y)
        across = across + self._bend * (along**2 - 0.3)
        radius = (np.abs(along) ** self._power + np.abs(across) ** self._power) ** (1 / self._power)
        if self._corners:
            radius = radius * (1 - self._corners * np.cos(3 * np.arctan2(across, along) + self._phase))
        depth = (1 - radius) * 0.5 * size
        for number, (scale, height) in enumerate(_WAVES):
            depth = depth + height * size * SmoothField(self._seed + number, scale * size).over(grid)
        depth += 6 * SmoothField(self._seed + 10, 35.0).over(grid)
        return np.asarray(depth - self._glass_around(grid))

    def _normalised(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give places along the shape's axes, 1 at its ends were it as large as the slide."""
        right, down = x - self._width_um / 2, y - self._height_um / 2
        cosine, sine = np.cos(self._turn), np.sin(self._turn)
        stretch = np.sqrt(self._elongation) * 0.5 * self._size_um
        return (right * cosine + down * sine) / stretch, (down * cosine - right * sine) / (stretch / self._elongation)

    def _glass_around(self, grid: Window) -> np.ndarray:
        size = self._size_um
        x, y = grid.centres()
        border = np.minimum(np.minimum(x, self._width_um - x), np.minimum(y, self._height_um - y))
        # wavy, so that no end is cut straight along the slide's edge
        depth = border / (0.05 * size) - np.maximum(0.7 * (1 + SmoothField(self._seed + 12, 0.22 * size).over(grid)), 0)
        return np.asarray(0.25 * size * np.clip(1 - depth, 0, 5) ** 2)
