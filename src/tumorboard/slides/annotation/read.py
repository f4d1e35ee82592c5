"""Reading a slide's annotation: the classes wanted, the frame of its coordinates, whether it can be this slide's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.slides.annotation.drawing import MARKS, UNCLASSIFIED, Drawing, Frame, plain_names
from tumorboard.slides.annotation.imagescope import read_imagescope
from tumorboard.slides.annotation.qupath import read_qupath
from tumorboard.slides.annotation.regions import Polygon, Regions, doubtful_share, has_area
from tumorboard.slides.slide import Box, Slide
from tumorboard.study.slide_settings import TUMOUR_CLASSES

_SUFFIXES = (".geojson", ".json", ".xml")
_BEYOND_EDGE = 0.02
_DOUBTFUL_SHARE = 0.02
_OTHER_SCALE = 0.1


def find_annotation(slide: Path) -> Path | None:
    """Find the annotation beside a slide by its name.

    Parameters
    ----------
    slide : Path
        Such as ``A-1.svs``: its annotation is called ``A-1.geojson``, ``A-1.json``, ``A-1.xml``, or the same behind the
        slide's full name, as ``A-1.svs.geojson``.

    Returns
    -------
    Path or None

    Raises
    ------
    FileFormatError
        Where there are several.
    """
    names = dict.fromkeys(stem + suffix for stem in (slide.stem, slide.name) for suffix in _SUFFIXES)
    found = [path for name in names if (path := slide.with_name(name)).is_file() and path != slide]
    if len(found) > 1:
        raise FileFormatError(
            f"several annotations of one slide: {', '.join(path.name for path in found)}",
            where=str(slide.parent),
            fix="Keep one, or name the one to take in slides.csv",
        )
    return found[0] if found else None


def read_annotation(
    path: Path, slide: Slide, *, classes: Sequence[str] = TUMOUR_CLASSES, qupath_frame: Frame = "bounds"
) -> Regions:
    """Read the regions of some classes that were outlined on a slide.

    Read are GeoJSON of QuPath, XML of Aperio ImageScope, annotations of DICOM (2D) and DICOM segmentations.

    Parameters
    ----------
    path : Path
    slide : Slide
    classes : sequence of str
        Names of classes, layers or segments, in any case; ``unclassified`` stands for what has no name. None: all.
    qupath_frame : str
        What GeoJSON's coordinates are counted from: the corner of what was scanned (``bounds``), as QuPath does, or
        that of level 0, as QuPath does for slides imported with ``--no-crop``.

    Returns
    -------
    Regions
        In level-0 pixels.

    Raises
    ------
    FileFormatError
        Where the file cannot be read, holds none of the classes, a line in place of an outline, an outline that crosses
        itself, or was drawn on another slide.
    """
    drawings, box = _drawings(path, slide, qupath_frame)
    polygons = _outlined(path, _wanted(path, drawings, classes))
    _refuse_outside(path, polygons, box, slide)
    return Regions(tuple(_moved(polygon, box) for polygon in polygons))


def _drawings(path: Path, slide: Slide, qupath_frame: Frame) -> tuple[list[Drawing], Box]:
    """Read a file of any kind; with it, the rectangle of level 0 from whose corner its coordinates are counted."""
    whole = Box(0, 0, slide.levels[0].width, slide.levels[0].height)
    start = _start(path)
    if start[128:] == b"DICM":
        return _dicom_drawings(path, slide), whole
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        drawings, mpp = read_imagescope(path)
        _refuse_other_scale(path, mpp, slide)
        return drawings, whole
    return read_qupath(path), slide.bounds if qupath_frame == "bounds" else whole


def _start(path: Path) -> bytes:
    if not path.is_file():
        raise FileFormatError("there is no such annotation", where=str(path))
    try:
        with path.open("rb") as stream:
            start = stream.read(132)
    except OSError as error:
        raise FileFormatError(f"the annotation cannot be read: {error.strerror}", where=str(path)) from error
    if not start.strip():
        raise FileFormatError("the annotation is empty", where=path.name)
    return start


def _dicom_drawings(path: Path, slide: Slide) -> list[Drawing]:
    """Read a DICOM object; its package is imported here."""
    from tumorboard.slides.annotation.dicom import read_dicom

    return read_dicom(path, slide)


def _wanted(path: Path, drawings: Sequence[Drawing], classes: Sequence[str]) -> list[Drawing]:
    named = plain_names(classes)
    wanted = [drawing for drawing in drawings if not classes or drawing.is_called(named)]
    if wanted:
        return wanted
    if not drawings:
        raise FileFormatError("the annotation is empty: nothing is outlined in it", where=path.name)
    counts = Counter(" / ".join(drawing.names) or UNCLASSIFIED for drawing in drawings)
    there = ", ".join(f"{name} ({count})" for name, count in counts.most_common(6))
    raise FileFormatError(
        f"nothing is of the class {', '.join(classes)}; the file has: {there}",
        where=path.name,
        fix="Name the classes to take in the settings",
    )


def _outlined(path: Path, drawings: Sequence[Drawing]) -> list[Polygon]:
    """Keep the outlines: marks may stand beside them, clicks have no area, anything else is refused."""
    kinds = Counter(drawing.kind for drawing in drawings if drawing.kind != "Polygon")
    polygons = [polygon for drawing in drawings for polygon in drawing.polygons if has_area(polygon.outer)]
    refused = [kind for kind in kinds if kind not in MARKS or not polygons]
    if refused:
        told = ", ".join(f"{kind} ({kinds[kind]})" for kind in refused)
        raise FileFormatError(
            f"a region is outlined by a polygon, not by: {told}", where=path.name, fix="Draw it as a closed outline"
        )
    if not polygons:
        raise FileFormatError("no outline has an area", where=path.name, fix="Draw the tumour's outline again")
    _refuse_crossing(path, polygons)
    return polygons


def _refuse_crossing(path: Path, polygons: Sequence[Polygon]) -> None:
    rings = {id(ring): ring for polygon in polygons for ring in (polygon.outer, *polygon.holes)}
    for number, ring in enumerate(rings.values(), start=1):
        share = doubtful_share(ring)
        if share > _DOUBTFUL_SHARE:
            x, y = ring.mean(axis=0)
            raise FileFormatError(
                f"outline {number}, around x {x:.0f}, y {y:.0f}, crosses itself: {share:.0%} of its area is in doubt",
                where=path.name,
                fix="Draw it again without crossing",
            )


def _refuse_other_scale(path: Path, mpp: float | None, slide: Slide) -> None:
    scale = slide.scale
    if mpp is None or scale.source == "stated by the user" or abs(mpp / scale.mpp - 1) <= _OTHER_SCALE:
        return
    raise FileFormatError(
        f"it was drawn at {mpp:.4g} µm per pixel, the slide has {scale.mpp:.4g}",
        where=path.name,
        fix="Give this slide's own annotation",
    )


def _refuse_outside(path: Path, polygons: Sequence[Polygon], box: Box, slide: Slide) -> None:
    points = np.concatenate([polygon.outer for polygon in polygons])
    size = np.array([box.width, box.height])
    low, high = points.min(axis=0), points.max(axis=0)
    if (low >= -_BEYOND_EDGE * size).all() and (high <= (1 + _BEYOND_EDGE) * size).all():
        return
    fix = "Give this slide's own annotation, drawn on its finest level"
    if box == slide.bounds and (box.left or box.top):
        fix += "; if QuPath's --no-crop was used, state the frame of coordinates: level 0"
    raise FileFormatError(
        f"it reaches from x {low[0]:.0f}, y {low[1]:.0f} to x {high[0]:.0f}, y {high[1]:.0f}, "
        f"beyond the slide's {box.width} x {box.height} pixels",
        where=path.name,
        fix=fix,
    )


def _moved(polygon: Polygon, box: Box) -> Polygon:
    """Count a polygon from level 0's corner and drop holes without area."""
    corner = np.array([box.left, box.top], np.float64)
    return Polygon(polygon.outer + corner, tuple(hole + corner for hole in polygon.holes if has_area(hole)))
