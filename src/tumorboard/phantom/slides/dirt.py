"""Dirt of a slide: which artefacts it has, and how they change its dyes and its picture.

Which slide has what is drawn from the slide's seed alone, so that it cannot tell the outcome.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from tumorboard.phantom.histology.lattice import SmoothField
from tumorboard.phantom.histology.window import Canvas, Window
from tumorboard.phantom.patients.patient import generator
from tumorboard.phantom.slides import dirt_shapes
from tumorboard.phantom.slides.artefact import Artefact, ArtefactKind, DistanceMap
from tumorboard.phantom.slides.dust import add_dust

SHARE_OF_SLIDES = {
    ArtefactKind.PEN: 0.15,
    ArtefactKind.FOLD: 0.20,
    ArtefactKind.BLUR: 0.30,
    ArtefactKind.BUBBLE: 0.08,
    ArtefactKind.COVERSLIP: 0.05,
    ArtefactKind.BORDER: 0.05,
}
"""How many of the slides have each kind."""

_MOST_OF_A_KIND = {ArtefactKind.PEN: 2, ArtefactKind.FOLD: 2, ArtefactKind.BLUR: 3, ArtefactKind.BUBBLE: 3}
SHAPES: dict[ArtefactKind, Callable[[np.random.Generator, float, float], DistanceMap]] = {
    ArtefactKind.PEN: dirt_shapes.pen_stroke,
    ArtefactKind.FOLD: dirt_shapes.tissue_fold,
    ArtefactKind.BLUR: dirt_shapes.soft_field,
    ArtefactKind.BUBBLE: dirt_shapes.bubble,
    ArtefactKind.COVERSLIP: dirt_shapes.edge_strip,
    ArtefactKind.BORDER: dirt_shapes.edge_strip,
}
_INKS = {
    "blue": (1.25, 0.80, 0.22),
    "black": (1.50, 1.45, 1.35),
    "green": (1.15, 0.32, 0.80),
    "red": (0.14, 1.05, 0.90),
}
"""Optical densities of the pens in red, green and blue."""

_FOLD_SHIFT_UM = (9.0, 5.0)
_FOLD_REACH_UM = 16.0
_EDGE_REACH_UM = 64.0
_INK_REACH_UM = 40.0
"""How far beyond its outline a pen's ink may flow: 13 µm, and four times its unevenness."""
_BLUR_REACHES = 2.45
"""Half the width of a triangle in units of its standard deviation (the square root of 6)."""


class Dirt:
    """The artefacts of one slide.

    Parameters
    ----------
    seed : int
        The slide's seed.
    width_um, height_um : float
        The slide's size.
    artefacts : list of Artefact, optional
        Instead of those drawn from the seed.

    Attributes
    ----------
    artefacts : list of Artefact
    """

    def __init__(self, seed: int, width_um: float, height_um: float, artefacts: list[Artefact] | None = None) -> None:
        self._seed = seed
        self.artefacts = drawn_artefacts(seed, width_um, height_um) if artefacts is None else artefacts

    def margin_um(self, window: Window) -> float:
        """Tell how much more than a window must be painted for what reaches into it."""
        blurs = [piece.blur_um for piece in self._near(window, ArtefactKind.BLUR)]
        folds = self._near(window, ArtefactKind.FOLD)
        return max([_BLUR_REACHES * blur for blur in blurs] + [_FOLD_REACH_UM for _ in folds], default=0.0)

    def fold(self, canvas: Canvas) -> None:
        """Double the tissue in folds."""
        for piece in self._near(canvas.window, ArtefactKind.FOLD):
            _double(canvas, piece.place)

    def spoil(self, picture: np.ndarray, window: Window) -> None:
        """Add what lies on the tissue or is the scanner's fault: ink, bubbles, edges, dust, and loss of focus.

        Parameters
        ----------
        picture : ndarray of uint8, shape (height, width, 3)
            Changed in place.
        window : Window
            What the picture shows.
        """
        for piece in self._near(window, ArtefactKind.PEN):
            _ink(picture, piece, window)
        for kind, profile in _PROFILES.items():
            for piece in self._near(window, kind):
                _shade(picture, piece.place, window, profile)
        add_dust(picture, window, self._seed)
        for piece in self._near(window, ArtefactKind.BLUR):
            _defocus(picture, piece, window)

    def _near(self, window: Window, kind: ArtefactKind) -> list[Artefact]:
        return [piece for piece in self.artefacts if piece.kind is kind and piece.place.reaches(window, _EDGE_REACH_UM)]


def drawn_artefacts(seed: int, width_um: float, height_um: float) -> list[Artefact]:
    """Draw which artefacts a slide has, and where.

    Parameters
    ----------
    seed : int
        The slide's seed.
    width_um, height_um : float
        The slide's size.

    Returns
    -------
    list of Artefact
    """
    artefacts = []
    for kind, share in SHARE_OF_SLIDES.items():
        random = generator(seed, 0, f"dirt {kind.value}")
        if random.random() >= share:
            continue
        colour = str(random.choice(list(_INKS))) if kind is ArtefactKind.PEN else ""
        for _ in range(int(random.integers(1, _MOST_OF_A_KIND.get(kind, 1) + 1))):
            blur_um = float(random.uniform(1.2, 3.5)) if kind is ArtefactKind.BLUR else 0.0
            place = SHAPES[kind](random, width_um, height_um)
            artefacts.append(Artefact(kind, place, int(random.integers(2**31)), colour, blur_um))
    return artefacts


def _double(canvas: Canvas, place: DistanceMap) -> None:
    """Lay a shifted copy of the tissue over itself inside a fold, darkest along its edge as in a real one."""
    part, seen = place.part_near(canvas.window, 1.5)
    if not part.width_px or not part.height_px:
        return
    distance_um = place.over(part)
    edge = np.exp(-((distance_um / 5.0) ** 2), dtype=np.float32)
    weight = _step(distance_um, -1.5, 1.5) * (0.75 + 0.35 * edge)
    across, down = (round(shift_um / part.mpp) for shift_um in _FOLD_SHIFT_UM)
    rows, columns = seen
    for dye in (canvas.haematoxylin, canvas.eosin, canvas.erythrocyte):
        around = dye[max(rows.start - down, 0) : rows.stop, max(columns.start - across, 0) : columns.stop]
        missing = max(down - rows.start, 0), max(across - columns.start, 0)
        shifted = cv2.copyMakeBorder(around, missing[0], 0, missing[1], 0, cv2.BORDER_REPLICATE)
        copy = shifted[: part.height_px, : part.width_px]
        dye[seen] = cv2.add(dye[seen], cv2.multiply(copy, weight, dtype=cv2.CV_8U))


def _ink(picture: np.ndarray, piece: Artefact, window: Window) -> None:
    """Lay a pen's ink over the picture: uneven, denser at the rim where it dried last, its edge out of focus."""
    part, seen = piece.place.part_near(window, _INK_REACH_UM)
    if not part.width_px or not part.height_px:
        return
    distance_um = piece.edge_um(part)
    streaks = SmoothField(piece.seed, 60.0).over(part)
    rim = np.exp(-(((distance_um + 22.0) / 18.0) ** 2), dtype=np.float32)
    amount = _step(distance_um, -13.0, 13.0) * (0.68 + 0.10 * streaks + 0.25 * rim)
    level = cv2.convertScaleAbs(np.maximum(amount, 0), alpha=200.0)
    density = np.array(_INKS[piece.colour])[:, None] * np.arange(256) / 200
    tables = np.round(255 * 10.0**-density).astype(np.uint8)
    light = cv2.merge([cv2.LUT(level, table) for table in tables])
    picture[seen] = cv2.multiply(np.ascontiguousarray(picture[seen]), light, scale=1 / 255)


def _shade(picture: np.ndarray, place: DistanceMap, window: Window, profile: np.ndarray) -> None:
    """Dim the picture by a profile over the distance from -64 to 64 µm, in 256 steps."""
    part, seen = place.part_near(window, _EDGE_REACH_UM)
    if not part.width_px or not part.height_px:
        return
    distance_um = place.over(part)
    level = cv2.convertScaleAbs(
        np.maximum(distance_um, -_EDGE_REACH_UM) + _EDGE_REACH_UM, alpha=255 / (2 * _EDGE_REACH_UM)
    )
    light = cv2.LUT(level, profile)
    picture[seen] = cv2.multiply(np.ascontiguousarray(picture[seen]), cv2.merge([light] * 3), scale=1 / 255)


def _defocus(picture: np.ndarray, piece: Artefact, window: Window) -> None:
    half = int(_BLUR_REACHES * piece.blur_um / window.mpp)
    part, (rows, columns) = piece.place.part_near(window, 0.0)
    if half < 2 or not part.width_px or not part.height_px:
        return
    weight = _step(piece.place.over(part), -60.0, 0.0)
    # two box filters: exact in whole numbers, where OpenCV's stackBlur rounds by how its threads share the rows
    side = 2 * (half // 2) + 1
    top, left = min(rows.start, side), min(columns.start, side)
    around = picture[rows.start - top : rows.stop + side, columns.start - left : columns.stop + side]
    blurred = cv2.blur(cv2.blur(around, (side, side)), (side, side))
    blurred = np.ascontiguousarray(blurred[top : top + part.height_px, left : left + part.width_px])
    sharp = np.ascontiguousarray(picture[rows, columns])
    picture[rows, columns] = cv2.blendLinear(blurred, sharp, weight, 1 - weight)


def _step(distance_um: np.ndarray, full_um: float, none_um: float) -> np.ndarray:
    """Go smoothly from 1 at a distance to 0 at another (a cubic)."""
    part = np.clip((none_um - distance_um) / (none_um - full_um), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def _profile(points: list[tuple[float, float]]) -> np.ndarray:
    """Give the share of light (0 to 255) at 256 distances between given ones."""
    distance, light = zip(*points, strict=True)
    at = np.linspace(-_EDGE_REACH_UM, _EDGE_REACH_UM, 256)
    return np.asarray(np.round(255 * np.interp(at, distance, light)), np.uint8)


_PROFILES = {
    ArtefactKind.BUBBLE: _profile([(-46, 0.96), (-26, 0.80), (-15, 0.58), (-7, 0.40), (0, 0.66), (5, 0.93), (14, 1.0)]),
    ArtefactKind.COVERSLIP: _profile([(-20, 0.94), (-12, 0.90), (-4, 0.97), (0, 0.42), (4, 0.97), (9, 0.9), (16, 1.0)]),
    ArtefactKind.BORDER: _profile([(-34, 0.03), (-16, 0.08), (0, 0.45), (18, 0.92), (30, 1.0)]),
}
