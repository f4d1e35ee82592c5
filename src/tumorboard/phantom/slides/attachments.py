"""The label of a slide and the photograph of the whole glass (the macro picture)."""

from __future__ import annotations

import cv2
import numpy as np

from tumorboard.phantom.patients.patient import generator

_LABEL_WIDTH_PX, _LABEL_HEIGHT_PX = 387, 463
_MACRO_WIDTH_PX, _MACRO_HEIGHT_PX = 1280, 431
_LABEL_END_PX = 290
_PIXELS_PER_MM = 17.0
MACRO_MPP = 1000 / _PIXELS_PER_MM
"""µm per pixel of the macro picture."""
LABEL_MPP = MACRO_MPP * _LABEL_END_PX / _LABEL_HEIGHT_PX
"""µm per pixel of the label, which is shrunk on the macro picture."""
_INK = (25, 25, 30)
_SCAN_FRAME = (0, 255, 0)
_PAPERS = ((250, 249, 245), (248, 226, 160), (205, 225, 243), (243, 208, 216), (214, 236, 207))


def draw_label(title: str, seed: int) -> np.ndarray:
    """Draw the paper label: the simulated patient's id, that it is simulated, and a pattern like a bar code.

    Parameters
    ----------
    title : str
        The slide's name.
    seed : int
        The slide's seed.

    Returns
    -------
    ndarray of uint8, shape (463, 387, 3)
    """
    random = generator(seed, 0, "label")
    label = np.full((_LABEL_HEIGHT_PX, _LABEL_WIDTH_PX, 3), 12, np.uint8)
    paper = _PAPERS[int(random.integers(len(_PAPERS)))]
    cv2.rectangle(label, (14, 14), (_LABEL_WIDTH_PX - 15, _LABEL_HEIGHT_PX - 15), paper, cv2.FILLED)
    _write_centred(label, "SIMULATED", 84, 1.25, 3)
    _write_centred(label, "NOT A PATIENT", 124, 0.95, 2)
    _write_centred(label, title, 196, min(1.1, 15.0 / max(len(title), 1)), 2)
    _write_centred(label, "H&E", 244, 0.9, 2)
    _draw_bars(label, random)
    grain = random.normal(0, 3.0, label.shape[:2])[..., None]
    return np.asarray(np.clip(label + grain, 0, 255), np.uint8)


def draw_macro(label: np.ndarray, tissue: np.ndarray, size_mm: tuple[float, float], seed: int) -> np.ndarray:
    """Draw the photograph of the whole slide: label, glass, the tissue at its scale and the frame of the scanned area.

    Parameters
    ----------
    label : ndarray of uint8, shape (463, 387, 3)
        From `draw_label`.
    tissue : ndarray of uint8, shape (height, width, 3)
        The whole scanned area.
    size_mm : tuple of float
        Width and height of the scanned area in mm.
    seed : int
        The slide's seed.

    Returns
    -------
    ndarray of uint8, shape (431, 1280, 3)
    """
    random = generator(seed, 0, "macro")
    macro = np.full((_MACRO_HEIGHT_PX, _MACRO_WIDTH_PX, 3), 8, np.uint8)
    cv2.rectangle(macro, (0, 22), (1092, _MACRO_HEIGHT_PX - 14), (243, 244, 243), cv2.FILLED)
    cv2.rectangle(macro, (_LABEL_END_PX + 14, 40), (1060, _MACRO_HEIGHT_PX - 30), (236, 238, 238), 1)
    _place_label(macro, label)
    frame = _place_tissue(macro, tissue, size_mm, random)
    grain = cv2.GaussianBlur(random.normal(0, 2.5, macro.shape).astype(np.float32), (0, 0), 0.6)
    macro = np.asarray(np.clip(macro + grain, 0, 255), np.uint8)
    left, top, right, bottom = frame
    cv2.rectangle(macro, (left - 3, top - 3), (right + 2, bottom + 2), _SCAN_FRAME, 2)
    return macro


def _place_label(macro: np.ndarray, label: np.ndarray) -> None:
    """Put the label on the glass; on a slide it reads from the side."""
    turned = cv2.rotate(label, cv2.ROTATE_90_COUNTERCLOCKWISE)
    small = cv2.resize(turned, (_LABEL_END_PX, _MACRO_HEIGHT_PX - 60), interpolation=cv2.INTER_AREA)
    macro[34 : 34 + small.shape[0], :_LABEL_END_PX] = small


def _place_tissue(
    macro: np.ndarray, tissue: np.ndarray, size_mm: tuple[float, float], random: np.random.Generator
) -> tuple[int, int, int, int]:
    """Put the scanned area on the glass and give its edges: left, top, right, bottom."""
    room_across, room_down = 1040 - _LABEL_END_PX - 40, _MACRO_HEIGHT_PX - 90
    scale = min(_PIXELS_PER_MM, room_across / size_mm[0], room_down / size_mm[1])
    width, height = max(8, round(size_mm[0] * scale)), max(8, round(size_mm[1] * scale))
    left = _LABEL_END_PX + 30 + int(random.integers(0, room_across - width + 1))
    top = 50 + int(random.integers(0, room_down - height + 1))
    small = cv2.resize(tissue, (width, height), interpolation=cv2.INTER_AREA)
    # the macro camera's light is dimmer and its colours weaker than the scanner's
    glass = macro[top, left].astype(np.float32)
    white = np.quantile(small.reshape(-1, 3), 0.98, axis=0).clip(1)
    macro[top : top + height, left : left + width] = np.clip(small / white, 0, 1) * glass
    return left, top, left + width, top + height


def _write_centred(label: np.ndarray, text: str, baseline: int, size: float, thickness: int) -> None:
    font = cv2.FONT_HERSHEY_SIMPLEX
    width = cv2.getTextSize(text, font, size, thickness)[0][0]
    place = ((label.shape[1] - width) // 2, baseline)
    cv2.putText(label, text, place, font, size, _INK, thickness, cv2.LINE_AA)


def _draw_bars(label: np.ndarray, random: np.random.Generator) -> None:
    position = 52
    while position < _LABEL_WIDTH_PX - 56:
        width = int(random.integers(1, 4)) * 2
        cv2.rectangle(label, (position, 286), (position + width - 1, 396), _INK, cv2.FILLED)
        position += width + int(random.integers(1, 4)) * 2
