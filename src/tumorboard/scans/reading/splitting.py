"""Dividing one series into stacks: several orientations, phases, echoes and times may share a series."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.scans.reading.found import Frame, KeyValue
from tumorboard.scans.reading.steps import equal_steps, normal_of

if TYPE_CHECKING:
    from tumorboard.scans.reading.lookup import Lookup

KEYS: dict[str, str] = {
    "TemporalPositionIdentifier": "temporal position",
    "DiffusionBValue": "b-value",
    "EchoNumbers": "echo",
    "EchoTime": "echo time",
    "InversionTime": "inversion time",
    "TriggerTime": "trigger time",
    "AcquisitionNumber": "acquisition",
    "ImageType": "image type",
    "ConvolutionKernel": "kernel",
    "SliceThickness": "slice thickness",
    "ContrastBolusAgent": "contrast agent",
    "AcquisitionTime": "acquisition time",
}
"""What may tell apart images of one place, the most telling first, with its name in words."""

_TEXTS = {"ImageType", "ConvolutionKernel", "ContrastBolusAgent", "AcquisitionTime"}
_SAME_DIRECTION = 1e-3
_SAME_SPACING = 1e-3
_FEW = 0.1
"""Share of doubled slices up to which a stack stays one; reading it then looks at them."""


@dataclass(frozen=True)
class Stack:
    """Images that may be one volume.

    Parameters
    ----------
    frames : tuple of Frame
    remark : str
        Why they were parted from others of their series; empty where they were not.
    """

    frames: tuple[Frame, ...]
    remark: str = ""


def key_value(lookup: Lookup, keyword: str) -> KeyValue:
    """Return an image's value of one of `KEYS`; texts and numbers compare exactly."""
    return (lookup.text(keyword).upper() or None) if keyword in _TEXTS else lookup.number(keyword)


def split(frames: Sequence[Frame]) -> list[Stack]:
    """Divide the images of one series into stacks.

    First by what cannot be one volume: rows, columns, colour, orientation, pixel spacing. A stack stays whole as long
    as its slices lie at different places in equal steps, whatever their headers say of acquisitions and times. Where
    places repeat, the first of `KEYS` that removes all repetitions divides it, or else the one that removes most; where
    none helps, images of one place are dealt out in the order of their numbers, if every place has as many.

    Parameters
    ----------
    frames : sequence of Frame

    Returns
    -------
    list of Stack
        In the order of their first image's number.
    """
    shapes = _by_shape(frames)
    remark = "the series holds images of different size or orientation" if len(shapes) > 1 else ""
    stacks = [stack for group in shapes for stack in _by_keys(group, remark, tuple(range(len(KEYS))))]
    return sorted(stacks, key=lambda stack: min(frame_order(frame) for frame in stack.frames))


def frame_order(frame: Frame) -> tuple[float, tuple[float, ...], str, int]:
    """Return what images are put in order by where no place counts: number, then position and identifier."""
    number = float("inf") if frame.number is None else float(frame.number)
    return number, frame.position or (), frame.sop_uid, frame.index


def _by_shape(frames: Sequence[Frame]) -> list[list[Frame]]:
    groups: list[list[Frame]] = []
    for frame in sorted(frames, key=frame_order):
        for group in groups:
            if _same_shape(group[0], frame):
                group.append(frame)
                break
        else:
            groups.append([frame])
    return groups


def _same_shape(one: Frame, other: Frame) -> bool:
    a, b = one.file, other.file
    if (a.rows, a.columns, a.samples) != (b.rows, b.columns, b.samples):
        return False
    return _close(one.orientation, other.orientation, _SAME_DIRECTION) and _close(
        one.spacing, other.spacing, _SAME_SPACING * min(one.spacing or (1.0,))
    )


def _close(one: Sequence[float] | None, other: Sequence[float] | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return one == other or all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def _along(frames: Sequence[Frame]) -> np.ndarray | None:
    orientation = frames[0].orientation
    if orientation is None or any(frame.position is None for frame in frames):
        return None
    along = np.array([frame.position for frame in frames], np.float64) @ normal_of(orientation)
    return along if bool(np.isfinite(along).all()) else None


def _trouble(frames: Sequence[Frame]) -> int:
    """Count what keeps images from being one stack: repeated places, and all of them where steps are uneven."""
    along = _along(frames)
    if len(frames) < 2 or along is None:
        return 0
    steps = equal_steps(along)
    if steps is None:
        return len(frames) - 1
    return steps.doubled if steps.is_even else len(frames)


def _by_keys(frames: list[Frame], remark: str, keys: tuple[int, ...]) -> list[Stack]:
    trouble = _trouble(frames)
    if trouble <= _FEW * len(frames):
        return [Stack(tuple(frames), remark)]
    repeats = _most_at_one_place(frames)
    best: tuple[int, int, list[list[Frame]]] | None = None
    for key in keys:
        parts = _parts(frames, lambda frame, key=key: frame.keys[key])  # type: ignore[misc]
        if not 1 < len(parts) <= max(2, 2 * repeats) or max(len(part) for part in parts) < 2:
            continue
        left = sum(_trouble(part) for part in parts)
        if left < (best[0] if best else trouble):
            best = left, key, parts
    if best is None:
        return _dealt_out(frames, remark, repeats)
    _, key, parts = best
    words = f"places repeat or are uneven in the series, which was divided by {list(KEYS.values())[key]}"
    rest = tuple(other for other in keys if other != key)
    return [stack for part in parts for stack in _by_keys(part, words, rest)]


def _parts(frames: list[Frame], value: Callable[[Frame], Hashable]) -> list[list[Frame]]:
    found: dict[Hashable, list[Frame]] = {}
    for frame in frames:
        found.setdefault(value(frame), []).append(frame)
    return list(found.values())


def _places(frames: list[Frame]) -> list[list[Frame]]:
    along = _along(frames)
    steps = None if along is None else equal_steps(along)
    if steps is None:
        return [frames]
    found: dict[int, list[Frame]] = {}
    for frame, place in zip(frames, steps.place.tolist(), strict=True):
        found.setdefault(place, []).append(frame)
    return list(found.values())


def _most_at_one_place(frames: list[Frame]) -> int:
    return max(len(group) for group in _places(frames))


def _dealt_out(frames: list[Frame], remark: str, repeats: int) -> list[Stack]:
    """Divide images by how often their place came before, in the order of their numbers."""
    places = _places(frames)
    is_full = len(places) > 1 and repeats > 1 and all(len(group) == repeats for group in places)
    if not is_full or any(frame.number is None for frame in frames):
        return [Stack(tuple(frames), remark)]
    words = "places repeat in the series, which was divided by the order of image numbers"
    ordered = [sorted(group, key=frame_order) for group in places]
    return [Stack(tuple(group[turn] for group in ordered), words) for turn in range(repeats)]
