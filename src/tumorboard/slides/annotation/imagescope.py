"""Annotations as Aperio ImageScope writes them: XML with layers, their regions and these regions' vertices.

Coordinates are level-0 pixels. A region is drawn freehand (type 0), a rectangle (1) or an ellipse (2); arrows and
rulers outline nothing. ``NegativeROA`` marks a region that is left out of its layer.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.slides.annotation.drawing import Drawing
from tumorboard.slides.annotation.filling import Ring
from tumorboard.slides.annotation.regions import Polygon, has_area, open_ring

_FREEHAND, _RECTANGLE, _ELLIPSE = "0", "1", "2"
_MARKS = {"3": "arrow", "4": "ruler", "5": "counter"}
_ELLIPSE_POINTS = 180


def read_imagescope(path: Path) -> tuple[list[Drawing], float | None]:
    """Read all layers of an ImageScope file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    drawings : list of Drawing
        Coordinates as they stand in the file.
    mpp : float or None
        µm per pixel of the slide that it was drawn on, where the file tells.

    Raises
    ------
    FileFormatError
        Where it is another XML or none.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise _not_imagescope(path, "it is not XML") from error
    if root.tag != "Annotations":
        raise _not_imagescope(path, f"its root is {root.tag}, not Annotations")
    try:
        drawings = [drawing for layer in root.findall("Annotation") for drawing in _layer(layer)]
        mpp = float(root.get("MicronsPerPixel") or 0)
    except (TypeError, ValueError) as error:
        raise _not_imagescope(path, str(error)) from error
    return drawings, mpp if mpp > 0 else None


def _layer(layer: ElementTree.Element) -> list[Drawing]:
    own = _told(layer.get("Name"), layer.find("Attributes/Attribute[@Name='Description']"))
    regions = layer.findall("Regions/Region")
    left_out = tuple(
        ring for region in regions if region.get("NegativeROA") == "1" for ring in _rings(region) if has_area(ring)
    )
    return [_drawing(region, own, left_out) for region in regions if region.get("NegativeROA") != "1"]


def _drawing(region: ElementTree.Element, layer_names: tuple[str, ...], left_out: tuple[Ring, ...]) -> Drawing:
    names = layer_names + _told(region.get("Text"), region.find("Attributes/Attribute[@Name='Description']"))
    kind = region.get("Type") or _FREEHAND
    if kind not in (_FREEHAND, _RECTANGLE, _ELLIPSE):
        return Drawing(names, _MARKS.get(kind, f"region of type {kind}"))
    return Drawing(names, "Polygon", tuple(Polygon(ring, left_out) for ring in _rings(region)))


def _told(name: str | None, description: ElementTree.Element | None) -> tuple[str, ...]:
    texts = (name, description.get("Value") if description is not None else None)
    return tuple(text.strip() for text in texts if text and text.strip())


def _rings(region: ElementTree.Element) -> list[Ring]:
    vertices = [(_number(vertex, "X"), _number(vertex, "Y")) for vertex in region.findall("Vertices/Vertex")]
    points = np.array(vertices, np.float64).reshape(-1, 2)
    if len(points) < 2:
        return []
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    if region.get("Type") == _ELLIPSE:  # its vertices are corners of the rectangle around it
        angle = np.linspace(0, 2 * np.pi, _ELLIPSE_POINTS, endpoint=False)
        points = np.column_stack(
            [
                (left + right) / 2 + (right - left) / 2 * np.cos(angle),
                (top + bottom) / 2 + (bottom - top) / 2 * np.sin(angle),
            ]
        )
    elif region.get("Type") == _RECTANGLE and len(points) == 2:
        points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    return [open_ring(points)]


def _number(vertex: ElementTree.Element, name: str) -> float:
    value = float(vertex.get(name) or "nan")
    if not np.isfinite(value):
        raise ValueError(f"a vertex's {name} is {vertex.get(name)!r}")
    return value


def _not_imagescope(path: Path, reason: str) -> FileFormatError:
    return FileFormatError(
        f"no annotation of Aperio ImageScope: {reason}",
        where=path.name,
        fix="Of other programs' annotations GeoJSON is read; rename the file if it is no annotation",
    )
