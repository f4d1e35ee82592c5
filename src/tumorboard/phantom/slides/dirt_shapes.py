"""The shapes of dirt: strokes of a pen, folds, fields out of focus, bubbles, the edge of the coverslip."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.slides.artefact import DistanceMap

_CELLS_ACROSS = 1500
_FINEST_STEP_UM = 4.0
_MARGIN_CELLS = 24
_FRACTION_BITS = 4


def pen_stroke(random: np.random.Generator, width_um: float, height_um: float) -> DistanceMap:
    """Draw a pen's stroke: an arc around the tissue, a line along it, or some dots."""
    side_um = min(width_um, height_um)
    thickness_um = float(min(random.uniform(180, 420), 0.07 * side_um))
    way = str(random.choice(["arc", "line", "dots"], p=[0.5, 0.3, 0.2]))
    if way == "arc":
        start, span = random.uniform(0, 2 * np.pi), random.uniform(0.6, 2.2)
        angle = np.linspace(start, start + span, 40)
        radius = random.uniform(0.36, 0.46) * (1 + 0.05 * np.sin(random.uniform(1, 3) * angle + start))
        points = np.stack([width_um * (0.5 + radius * np.cos(angle)), height_um * (0.5 + radius * np.sin(angle))], 1)
    elif way == "line":
        points = _wavy_line(random, width_um, height_um, random.uniform(0.15, 0.4) * side_um, edge=True)
    else:
        centre = _near_edge(random, width_um, height_um)
        points = centre + random.normal(0, 0.05 * side_um, (int(random.integers(1, 5)), 2))
        thickness_um *= 1.4
    radii_um = thickness_um / 2 * (1 + 0.12 * np.cumsum(random.normal(0, 0.25, len(points))).clip(-2, 2))
    return _tube(points, radii_um, width_um, height_um, joined=way != "dots")


def tissue_fold(random: np.random.Generator, width_um: float, height_um: float) -> DistanceMap:
    """Draw a fold: a long, slightly curved band that ends in points."""
    side_um = min(width_um, height_um)
    points = _wavy_line(random, width_um, height_um, random.uniform(0.12, 0.35) * side_um, edge=False)
    widest_um = min(random.uniform(14, 34), 0.02 * side_um + 6)
    along = np.linspace(0, 1, len(points))
    radii_um = widest_um * np.sqrt(np.sin(np.pi * along).clip(0.02)) * (1 + 0.25 * np.sin(9 * along + points[0, 0]))
    return _tube(points, radii_um, width_um, height_um, joined=True)


def soft_field(random: np.random.Generator, width_um: float, height_um: float) -> DistanceMap:
    """Draw a field out of focus: a bent ellipse."""
    side_um = min(width_um, height_um)
    centre = random.uniform(0.15, 0.85, 2) * (width_um, height_um)
    return _blob(random, centre, random.uniform(0.07, 0.18, 2) * side_um, 0.12, (width_um, height_um))


def bubble(random: np.random.Generator, width_um: float, height_um: float) -> DistanceMap:
    """Draw an air bubble: nearly a circle."""
    radius_um = random.uniform(0.025, 0.08) * min(width_um, height_um)
    centre = random.uniform(0.05, 0.95, 2) * (width_um, height_um)
    return _blob(random, centre, radius_um * random.uniform(0.85, 1.15, 2), 0.04, (width_um, height_um))


def edge_strip(random: np.random.Generator, width_um: float, height_um: float) -> DistanceMap:
    """Draw what lies beyond a nearly straight line along one side of the slide."""
    side = int(random.integers(4))
    depth_um = random.uniform(0.012, 0.045) * min(width_um, height_um)
    tilt_um = random.uniform(-0.4, 0.4) * depth_um
    near, far = depth_um - tilt_um, depth_um + tilt_um
    w, h = width_um, height_um
    start, end = [
        ((0, near), (w, far)),
        ((w - near, 0), (w - far, h)),
        ((w, h - near), (0, h - far)),
        ((far, h), (near, 0)),
    ][side]
    grid = _Grid(np.array([(0.0, 0.0), (w, h)]), 0.0, (width_um, height_um))
    rows, columns = np.indices(grid.mask.shape)
    x = grid.corner[0] + (columns + 0.5) * grid.step_um - start[0]
    y = grid.corner[1] + (rows + 0.5) * grid.step_um - start[1]
    along = np.subtract(end, start) / np.hypot(*np.subtract(end, start))
    # exact on the whole grid: a mask's steps would show along so long a line
    distance_um = (y * along[0] - x * along[1]).astype(np.float32)
    return DistanceMap(float(grid.corner[0]), float(grid.corner[1]), grid.step_um, distance_um)


class _Grid:
    """A mask on a coarse grid around some points, within the slide and a little beyond."""

    def __init__(self, points_um: np.ndarray, reach_um: float, size_um: tuple[float, float]) -> None:
        self.step_um = max(_FINEST_STEP_UM, max(size_um) / _CELLS_ACROSS)
        margin_um = reach_um + _MARGIN_CELLS * self.step_um
        beyond_um = _MARGIN_CELLS * self.step_um
        low = np.maximum(points_um.min(axis=0) - margin_um, -beyond_um)
        high = np.minimum(points_um.max(axis=0) + margin_um, np.array(size_um) + beyond_um)
        self.corner = np.floor(low / self.step_um) * self.step_um
        columns, rows = (int(cells) for cells in np.ceil((high - self.corner) / self.step_um).clip(2))
        self.mask = np.zeros((rows, columns), np.uint8)

    def fixed(self, points_um: np.ndarray) -> np.ndarray:
        """Give points in OpenCV's fixed-point pixels of the mask."""
        return np.asarray(np.round(((points_um - self.corner) / self.step_um - 0.5) * 2**_FRACTION_BITS), np.int32)

    def distance_map(self) -> DistanceMap:
        return DistanceMap.of_mask(self.mask, float(self.corner[0]), float(self.corner[1]), self.step_um)


def _tube(
    points_um: np.ndarray, radii_um: np.ndarray, width_um: float, height_um: float, *, joined: bool
) -> DistanceMap:
    """Fill circles along a line of points, and between them where they are joined."""
    if joined:
        place = np.linspace(0, len(points_um) - 1, 12 * len(points_um))
        known = np.arange(len(points_um))
        points_um = np.stack([np.interp(place, known, points_um[:, axis]) for axis in range(2)], 1)
        radii_um = np.interp(place, known, radii_um)
    grid = _Grid(points_um, float(radii_um.max()), (width_um, height_um))
    scale = 2**_FRACTION_BITS / grid.step_um
    for (x, y), radius_um in zip(grid.fixed(points_um), radii_um, strict=True):
        radius = max(1, round(radius_um * scale))
        cv2.circle(grid.mask, (int(x), int(y)), radius, 255, cv2.FILLED, cv2.LINE_8, _FRACTION_BITS)
    return grid.distance_map()


def _blob(
    random: np.random.Generator,
    centre_um: np.ndarray,
    radii_um: np.ndarray,
    unevenness: float,
    size_um: tuple[float, float],
) -> DistanceMap:
    """Fill an ellipse whose outline waves."""
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    wave = np.ones_like(angle)
    for order in (2, 3, 5):
        wave += unevenness * random.normal() / np.sqrt(order) * np.sin(order * angle + random.uniform(0, 2 * np.pi))
    turn = random.uniform(0, np.pi)
    x, y = radii_um[0] * wave * np.cos(angle), radii_um[1] * wave * np.sin(angle)
    outline = centre_um + np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], 1)
    grid = _Grid(outline, 0.0, size_um)
    cv2.fillPoly(grid.mask, [grid.fixed(outline)], 255, cv2.LINE_8, _FRACTION_BITS)
    return grid.distance_map()


def _wavy_line(
    random: np.random.Generator, width_um: float, height_um: float, length_um: float, *, edge: bool
) -> np.ndarray:
    """Draw a line that turns slowly, from a point near the slide's edge or from its middle."""
    middle = random.uniform(0.18, 0.82, 2) * (width_um, height_um)
    start = _near_edge(random, width_um, height_um) if edge else middle
    turns = np.cumsum(random.normal(0, 0.09, 40))
    heading = random.uniform(0, 2 * np.pi) + turns - turns.mean()
    steps = length_um / 40 * np.stack([np.cos(heading), np.sin(heading)], 1)
    points = np.cumsum(steps, axis=0)
    return np.asarray(start + points - points.mean(axis=0))


def _near_edge(random: np.random.Generator, width_um: float, height_um: float) -> np.ndarray:
    along, depth = random.uniform(0.15, 0.85), random.uniform(0.05, 0.16)
    x, y = [(along, depth), (1 - depth, along), (along, 1 - depth), (depth, along)][int(random.integers(4))]
    return np.array([x * width_um, y * height_um])
