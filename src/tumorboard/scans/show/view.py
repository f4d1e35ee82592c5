"""A plane's picture enlarged, with the tumour's outline, its diameters and where the patient's sides are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.lettering import Picture, draw_text, text_width
from tumorboard.scans.diameter import Diameter, Ends
from tumorboard.scans.planes import PlaneGeometry, PlaneImage
from tumorboard.scans.show.palette import BLACK, LONG, SHORT, TUMOUR, WHITE, Colour
from tumorboard.scans.show.scale_bar import draw_scale_bar

SHOWN_PX = 512
"""Side of a plane on the sheet."""

_LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))
_LETTER_PX, _EDGE_PX = 20, 8
_TICK_PX = 6.0
_HALF = 128
_DASH_PX, _GAP_PX = 9.0, 6.0
_SHIFT = 4  # OpenCV draws at 1/16 of a pixel

Pixels = NDArray[np.float64]
"""Shape (2, 2): column and row of both ends in the enlarged picture."""


def draw_view(image: PlaneImage, diameter: Diameter | None) -> Picture:
    """Draw a plane.

    Parameters
    ----------
    image : PlaneImage
        Is not changed.
    diameter : Diameter or None
        In this plane.

    Returns
    -------
    ndarray of uint8, shape (512, 512, 3)
    """
    view = np.repeat(_enlarged(_of_8_bits(image))[..., None], 3, axis=2)
    _draw_outline(view, _enlarged(image.mask) >= _HALF)
    if diameter is not None:
        _draw_caliper(view, _ends(image, diameter.perpendicular_endpoints_mm), SHORT, dashed=True)
        _draw_caliper(view, _ends(image, diameter.endpoints_mm), LONG)
    _draw_letters(view, image.geometry)
    draw_scale_bar(view, image.geometry.pixel_mm * image.pixels.shape[0] / SHOWN_PX)
    return view


def side_letters(geometry: PlaneGeometry) -> dict[str, str]:
    """Tell which side of the patient is at a picture's ``left``, ``right``, ``top`` and ``bottom``.

    By the largest part of its directions: R right, L left, A front (anterior), P back (posterior), H head, F feet.
    """
    letters = {}
    for step, before, after in ((geometry.column_step_mm, "left", "right"), (geometry.row_step_mm, "top", "bottom")):
        axis = int(np.abs(step).argmax())
        grows = bool(step[axis] > 0)
        letters[before], letters[after] = _LETTERS[axis][not grows], _LETTERS[axis][grows]
    return letters


def _draw_outline(view: Picture, mask: NDArray[np.bool_]) -> None:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(view, contours, -1, BLACK, 4, cv2.LINE_AA)
    cv2.drawContours(view, contours, -1, TUMOUR, 2, cv2.LINE_AA)


def _of_8_bits(image: PlaneImage) -> NDArray[np.uint8]:
    pixels = image.pixels
    return np.asarray(pixels, np.uint8) if pixels.dtype == np.uint8 else (pixels // 257).astype(np.uint8)


def _enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(pixels, (SHOWN_PX, SHOWN_PX), interpolation=cv2.INTER_LINEAR), np.uint8)


def _ends(image: PlaneImage, points_mm: Ends) -> Pixels:
    pixels = image.geometry.to_pixels(np.asarray(points_mm, np.float64))[:, 1::-1]
    return np.asarray((pixels + 0.5) * SHOWN_PX / image.pixels.shape[0] - 0.5)


def _draw_caliper(view: Picture, ends: Pixels, colour: Colour, *, dashed: bool = False) -> None:
    """Draw a line with a tick across each end."""
    start, end = ends
    length = float(np.linalg.norm(end - start))
    along = (end - start) / length if length else np.array([1.0, 0.0])
    across = np.array([-along[1], along[0]]) * _TICK_PX
    strokes = [(point - across, point + across) for point in (start, end)]
    if dashed:
        begins = np.arange(0, length, _DASH_PX + _GAP_PX)
        strokes += [(start + at * along, start + min(at + _DASH_PX, length) * along) for at in begins]
    else:
        strokes.append((start, end))
    lines = np.round(np.array(strokes) * 2**_SHIFT).astype(np.int32)
    for edge, thickness in ((BLACK, 4), (colour, 2)):
        cv2.polylines(view, list(lines), False, edge, thickness, cv2.LINE_AA, _SHIFT)


def _draw_letters(view: Picture, geometry: PlaneGeometry) -> None:
    middle, last = SHOWN_PX // 2, SHOWN_PX - _EDGE_PX
    for side, letter in side_letters(geometry).items():
        width = text_width(letter, _LETTER_PX, bold=True)
        left = {"left": _EDGE_PX, "right": last - width}.get(side, middle - width // 2)
        top = {"top": _EDGE_PX - 3, "bottom": last - _LETTER_PX}.get(side, middle - _LETTER_PX // 2)
        draw_text(view, letter, left, top, _LETTER_PX, WHITE, bold=True, halo=True)
