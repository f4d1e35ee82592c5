"""A patient's contact sheet: the planes side by side, with what was found, for a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from tumorboard import RESEARCH_USE_ONLY
from tumorboard.lettering import Picture, draw_text, text_width, wrapped
from tumorboard.scans.diameter import Diameter, TumourSize
from tumorboard.scans.planes import PlaneImage
from tumorboard.scans.show.palette import GROUND, LONG, QUIET, SHORT, TUMOUR, WARNING, WHITE, Colour
from tumorboard.scans.show.view import SHOWN_PX, draw_view
from tumorboard.scans.volume import NORMAL_AXIS, PLANES

_PAD_PX = 12
_TITLE_PX, _TEXT_PX, _SMALL_PX = 18, 15, 12
_LINE_PX = 24
_HEAD_PX, _FOOT_PX = 34, 2 * _LINE_PX
_SWATCH_PX = 26


@dataclass(frozen=True)
class _Line:
    text: str
    colour: Colour
    size_px: int = _TEXT_PX


def draw_sheet(
    planes: Sequence[PlaneImage],
    size: TumourSize | None,
    facts: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> Picture:
    """Draw a contact sheet.

    Each plane is shown with the tumour's outline, its largest diameter and the one at right angles to it, the patient's
    sides (R right, L left, A front, P back, H head, F feet), a scale bar and its place. Below are the facts and the
    warnings, with the pictures' own remarks. Nothing on it names the patient, as long as facts and warnings do not.

    Parameters
    ----------
    planes : sequence of PlaneImage
        Of one patient; neighbours among them are passed over.
    size : TumourSize or None
        None where there is no mask.
    facts, warnings : sequence of str
        Lines such as the chosen series and its phase.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)

    Raises
    ------
    ValueError
        There is no plane to be shown.
    """
    shown = sorted((image for image in planes if image.geometry.offset_mm == 0), key=_hung)
    if not shown:
        raise ValueError("a sheet needs a plane through the largest diameter")
    diameters = {} if size is None else size.diameters
    columns = [_column(image, diameters.get(image.geometry.plane)) for image in shown]
    upper = np.concatenate([part for column in columns for part in (_ground(column.shape[0], _PAD_PX), column)], axis=1)
    upper = np.concatenate([upper, _ground(upper.shape[0], _PAD_PX)], axis=1)
    told = [*warnings, *(remark for image in shown for remark in image.remarks)]
    lines = [_Line(fact, WHITE if number == 0 else QUIET) for number, fact in enumerate(facts)]
    lines += [_Line(f"! {warning[:1].upper()}{warning[1:]}", WARNING) for warning in dict.fromkeys(told)]
    lines.append(_Line(RESEARCH_USE_ONLY, QUIET, _SMALL_PX))
    legend = _legend(upper.shape[1], outlined=any(image.mask.any() for image in shown), measured=bool(diameters))
    return np.concatenate([upper, legend, _written(lines, upper.shape[1])])


def _hung(image: PlaneImage) -> int:
    return PLANES.index(image.geometry.plane)


def _ground(height: int, width: int) -> Picture:
    return np.full((height, width, 3), GROUND, np.uint8)


def _column(image: PlaneImage, diameter: Diameter | None) -> Picture:
    """Draw a plane with its title above and its measures below."""
    head, foot = _ground(_HEAD_PX, SHOWN_PX), _ground(_FOOT_PX, SHOWN_PX)
    draw_text(head, image.geometry.plane.capitalize(), 0, 7, _TITLE_PX, WHITE, bold=True)
    place = _place(image)
    draw_text(head, place, SHOWN_PX - text_width(place, _TEXT_PX), 10, _TEXT_PX, QUIET)
    if diameter is None:
        draw_text(foot, "not measured", 0, 8, _TEXT_PX, QUIET)
    else:
        long = f"{diameter.diameter_mm:.1f} mm"
        draw_text(foot, long, 0, 6, _TITLE_PX, LONG, bold=True)
        short = f"× {diameter.perpendicular_mm:.1f} mm"
        draw_text(foot, short, text_width(long, _TITLE_PX, bold=True) + 8, 6, _TITLE_PX, SHORT)
    window = f"{image.window.low:.4g} to {image.window.high:.4g}".replace("-", "−")
    field_mm = image.geometry.pixel_mm * image.pixels.shape[0]
    draw_text(foot, f"field {field_mm:.0f} mm, window {window}", 0, _LINE_PX + 6, _SMALL_PX, QUIET)
    return np.concatenate([head, draw_view(image, diameter), foot])


def _place(image: PlaneImage) -> str:
    geometry = image.geometry
    if not geometry.in_patient:
        return "made elsewhere"
    axis = 2 - NORMAL_AXIS[geometry.plane]
    middle = (np.array(image.pixels.shape) - 1) / 2
    position = geometry.to_patient(middle[0], middle[1])[0, axis]
    return f"slice {geometry.slice}, {'xyz'[axis]} {position:.1f} mm".replace("-", "−")


def _legend(width: int, *, outlined: bool, measured: bool) -> Picture:
    entries = [("Tumour", TUMOUR)] if outlined else []
    entries += [("Largest diameter", LONG), ("At right angles to it", SHORT)] if measured else []
    drawn = _ground(_LINE_PX + 6 if entries else 0, width)
    left, middle = _PAD_PX, _LINE_PX // 2 + 3
    for text, colour in entries:
        parts = ((0, 10), (16, 26)) if colour == SHORT else ((0, _SWATCH_PX),)
        for start, end in parts:
            cv2.line(drawn, (left + start, middle), (left + end, middle), colour, 3)
        draw_text(drawn, text, left + _SWATCH_PX + 8, middle - _TEXT_PX // 2 - 2, _TEXT_PX, WHITE)
        left += _SWATCH_PX + text_width(text, _TEXT_PX) + 36
    return drawn


def _written(lines: Sequence[_Line], width: int) -> Picture:
    broken = [
        _Line(part, line.colour, line.size_px)
        for line in lines
        for part in wrapped(line.text, line.size_px, width - 2 * _PAD_PX)
    ]
    drawn = _ground(_LINE_PX * len(broken) + _PAD_PX, width)
    for number, line in enumerate(broken):
        draw_text(drawn, line.text, _PAD_PX, 6 + number * _LINE_PX, line.size_px, line.colour)
    return drawn
