"""Putting the images of a series in their order in space."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.found import Frame
from tumorboard.scans.reading.splitting import frame_order
from tumorboard.scans.reading.steps import UNEVEN_SHARE, Steps, equal_steps, normal_of
from tumorboard.scans.volume import Grid

MOST_MISSING_SHARE = 0.1
MOST_MISSING_TOGETHER = 3
_AT_RIGHT_ANGLES = 1e-3
_SAME_DIRECTION = 1e-3
_SIDEWAYS_MM = 0.05
"""How far slices may lie beside a straight line; what headers lose by rounding is less."""
_TILT_DEGREES = 0.05


@dataclass(frozen=True, eq=False)
class Stacked:
    """The images of a series, place by place.

    Parameters
    ----------
    places : tuple of tuple of Frame
        From the first place along the normal to the last; usually one image each, none where one is missing.
    grid : Grid
        Its slice step is sheared where the gantry was tilted.
    tilt_degrees : float
        Between the slice step and the normal; 0 where it is less than can be told.
    remarks : tuple of str
    """

    places: tuple[tuple[Frame, ...], ...]
    grid: Grid
    tilt_degrees: float
    remarks: tuple[str, ...]


def stack(frames: Sequence[Frame]) -> Stacked:
    """Put images in the order of their positions along the normal.

    Parameters
    ----------
    frames : sequence of Frame
        Of equal rows and columns.

    Returns
    -------
    Stacked

    Raises
    ------
    FileFormatError
        If there is one slice only, positions are missing, orientations differ, steps are not equal (each slice has to
        lie within a tenth of a step of its place), slices are shifted sideways, or too many are missing (more than one
        in ten, or more than three in a row).
    """
    if len(frames) == 1:
        raise FileFormatError("it has one slice only, which is no volume")
    axes, spacing = _plane(frames)
    positions = _positions(frames)
    steps = equal_steps(positions @ axes[0])
    if steps is None:
        raise FileFormatError(f"its {len(frames)} images all lie at one place, which is no volume")
    if not steps.is_even:
        raise FileFormatError(
            f"its slices are not equally far apart: with steps of {steps.step_mm:.3g} mm one lies {steps.worst:.2f} of "
            f"a step from its place (at most {UNEVEN_SHARE:g})"
        )
    origin, step = _line(positions, steps, axes[0])
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(step - step @ axes[0] * axes[0]), step @ axes[0])))
    tilt = tilt if tilt > _TILT_DEGREES else 0.0
    if tilt == 0:
        step = step @ axes[0] * axes[0]
    places = _by_place(frames, steps)
    first = frames[0].file
    grid = Grid(
        (len(places), first.rows, first.columns), origin, np.stack([step, axes[1] * spacing[0], axes[2] * spacing[1]])
    )
    remarks = [*_missing(places, grid), *_tilt_remark(frames, tilt)]
    return Stacked(places, grid, tilt, tuple(remarks))


def _plane(frames: Sequence[Frame]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return the unit vectors along slices, down a column and along a row, and the spacing of rows and columns."""
    if any(frame.orientation is None or frame.spacing is None for frame in frames):
        raise FileFormatError("its headers do not say orientation and pixel spacing, so that it is no volume")
    orientations = np.array([frame.orientation for frame in frames], np.float64)
    if np.abs(orientations - orientations[0]).max() > _SAME_DIRECTION:
        raise FileFormatError("its images differ in orientation")
    spacing = frames[0].spacing or (0.0, 0.0)
    if min(spacing) <= 0:
        raise FileFormatError(f"its pixel spacing is {spacing[0]:g} x {spacing[1]:g} mm")
    across, down = orientations[0][:3], orientations[0][3:]
    lengths = np.linalg.norm(across), np.linalg.norm(down)
    if abs(lengths[0] - 1) > _AT_RIGHT_ANGLES or abs(lengths[1] - 1) > _AT_RIGHT_ANGLES:
        raise FileFormatError("its image orientation is not made of unit vectors")
    if abs(across @ down) > _AT_RIGHT_ANGLES:
        raise FileFormatError("its rows and columns are not at right angles")
    return np.stack([normal_of(tuple(orientations[0])), down / lengths[1], across / lengths[0]]), spacing


def _positions(frames: Sequence[Frame]) -> NDArray[np.float64]:
    without = sum(frame.position is None for frame in frames)
    if without:
        raise FileFormatError(f"{without} of its {len(frames)} images do not say where they lie")
    return np.array([frame.position for frame in frames], np.float64)


def _line(
    positions: NDArray[np.float64], steps: Steps, normal: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit the straight line on which the slices' first pixels lie; return its start and its step."""
    step, origin = np.polyfit(steps.place.astype(np.float64), positions, 1)
    beside = positions - origin - steps.place[:, None] * step
    beside -= (beside @ normal)[:, None] * normal
    if np.linalg.norm(beside, axis=1).max() > _SIDEWAYS_MM:
        raise FileFormatError(
            f"its slices are shifted sideways against each other by {np.linalg.norm(beside, axis=1).max():.2f} mm"
        )
    exact = positions[steps.place == 0]
    return np.asarray(exact[0] if len(exact) and np.abs(exact[0] - origin).max() < _SIDEWAYS_MM else origin), step


def _by_place(frames: Sequence[Frame], steps: Steps) -> tuple[tuple[Frame, ...], ...]:
    found: list[list[Frame]] = [[] for _ in range(steps.places)] if steps.places <= 10 * len(frames) else []
    if not found:
        raise FileFormatError("its slices lie too far apart to be one volume")
    for frame, place in zip(frames, steps.place.tolist(), strict=True):
        found[place].append(frame)
    return tuple(tuple(sorted(group, key=frame_order)) for group in found)


def _missing(places: tuple[tuple[Frame, ...], ...], grid: Grid) -> list[str]:
    missing = [place for place, group in enumerate(places) if not group]
    if not missing:
        return []
    longest = _longest_run(missing)
    if longest > MOST_MISSING_TOGETHER or len(missing) > MOST_MISSING_SHARE * len(places):
        raise FileFormatError(
            f"{len(missing)} of {len(places)} slices are missing, up to {longest} in a row; at most one in ten and "
            f"{MOST_MISSING_TOGETHER} in a row can be filled",
            fix="Fetch the series again",
        )
    axis = int(np.argmax(np.abs(grid.steps_mm[0])))
    at = grid.to_patient(np.array([[place, 0, 0] for place in missing], np.float64))[:, axis]
    where = ", ".join(f"{value:.1f}" for value in at)
    return [
        f"{len(missing)} of {len(places)} slices missing, filled between their neighbours ({'xyz'[axis]} = {where} mm)"
    ]


def _longest_run(places: list[int]) -> int:
    return max(Counter(place - order for order, place in enumerate(places)).values())


def _tilt_remark(frames: Sequence[Frame], tilt: float) -> list[str]:
    if tilt:
        return [f"slices are tilted by {tilt:.1f} degrees against their step (gantry tilt) and were set straight"]
    stated = max(abs(frame.tilt_degrees) for frame in frames)
    if stated > 1:
        return [f"the header states a gantry tilt of {stated:g} degrees, of which the slices' positions show nothing"]
    return []
