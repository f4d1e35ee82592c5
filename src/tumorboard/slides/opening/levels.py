"""The levels of a pyramid and what of it was scanned, from the numbers that a file gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tumorboard.slides.slide import Box, Level


def pyramid(sizes: Sequence[tuple[int, int]]) -> tuple[Level, ...]:
    """Give the levels of a pyramid.

    A scanner averages blocks of 2 x 2, 4 x 4 or 16 x 16 pixels and drops what is left at the edge: 2220 x 2967 becomes
    555 x 741. The quotient of the sizes, 4.0020, would place the last pixel wrong by more than a pixel of level 0; so
    where one whole factor explains both sides, that is the downsample.

    Parameters
    ----------
    sizes : sequence of (int, int)
        Width and height of each level, from the finest.

    Returns
    -------
    tuple of Level

    Examples
    --------
    >>> [level.downsample for level in pyramid([(2220, 2967), (555, 741), (138, 185)])]
    [1.0, 4.0, 16.0]
    >>> round(pyramid([(1000, 1000), (300, 300)])[1].downsample, 3)
    3.333
    """
    width, height = sizes[0]
    return tuple(Level(w, h, _downsample((width, height), (w, h))) for w, h in sizes)


def _downsample(finest: tuple[int, int], size: tuple[int, int]) -> float:
    quotients = [whole / part for whole, part in zip(finest, size, strict=True)]
    mean = sum(quotients) / 2
    for factor in sorted({round(mean), *(round(quotient) for quotient in quotients)}, key=lambda f: abs(f - mean)):
        if all(abs(whole / factor - part) < 1 for whole, part in zip(finest, size, strict=True)):
            return float(factor)
    return mean


def bounds_of(properties: Mapping[str, str], width: int, height: int) -> Box:
    """Give what was scanned, from OpenSlide's properties ``openslide.bounds-x``, ``-y``, ``-width`` and ``-height``.

    Parameters
    ----------
    properties : mapping
        The properties of a slide.
    width, height : int
        Pixels of level 0.

    Returns
    -------
    Box
        Within level 0; all of level 0 where the properties are missing or do not describe a part of it.

    Examples
    --------
    >>> bounds_of({"openslide.bounds-x": "100", "openslide.bounds-y": "50",
    ...            "openslide.bounds-width": "800", "openslide.bounds-height": "400"}, 1000, 500)
    Box(left=100, top=50, width=800, height=400)
    >>> bounds_of({}, 1000, 500)
    Box(left=0, top=0, width=1000, height=500)
    """
    everything = Box(0, 0, width, height)
    try:
        x, y, across, down = (int(properties[f"openslide.bounds-{name}"]) for name in ("x", "y", "width", "height"))
    except (KeyError, ValueError):
        return everything
    return overlap(Box(x, y, across, down), width, height) or everything


def overlap(box: Box, width: int, height: int) -> Box | None:
    """Give the part of a box that lies in a picture of ``width`` x ``height`` pixels, or None where none does."""
    left, top = max(box.left, 0), max(box.top, 0)
    right, bottom = min(box.left + box.width, width), min(box.top + box.height, height)
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None
