"""Annotations of DICOM: Microscopy Bulk Simple Annotations (DICOM PS3.3 A.87) and segmentations of slides (A.51)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.slides.annotation.drawing import Drawing
from tumorboard.slides.annotation.filling import Ring
from tumorboard.slides.annotation.outlines import outlines
from tumorboard.slides.annotation.regions import MOST_CELLS, Polygon, open_ring
from tumorboard.slides.slide import Slide

if TYPE_CHECKING:
    import highdicom
    import pydicom

ANNOTATIONS = "1.2.840.10008.5.1.4.1.1.91.1"
SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_OUTLINES = ("POLYGON", "RECTANGLE", "ELLIPSE")
_ELLIPSE_POINTS = 180
STRIP_ROWS = 2048


def read_dicom(path: Path, slide: Slide) -> list[Drawing]:
    """Read the groups of an annotation object or the segments of a segmentation.

    Parameters
    ----------
    path : Path
    slide : Slide
        The slide that it belongs to; where annotations refer to one of its levels, that file lies beside the slide's.

    Returns
    -------
    list of Drawing
        In level-0 pixels.

    Raises
    ------
    FileFormatError
        For other DICOM objects, coordinates in mm, and annotations of another slide.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID"])
    except (InvalidDicomError, OSError) as error:
        raise FileFormatError("it is not DICOM", where=path.name) from error
    kind = str(header.get("SOPClassUID", ""))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names and dates that are no concern here
        if kind == ANNOTATIONS:
            return _annotations(path, slide)
        if kind in SEGMENTATIONS:
            return _segments(path, slide)
    raise FileFormatError(
        f"it holds neither annotations nor a segmentation, but {header.get('SOPClassUID', 'nothing named')}",
        where=path.name,
    )


def _annotations(path: Path, slide: Slide) -> list[Drawing]:
    import highdicom

    try:
        found = highdicom.ann.annread(path)
        groups = [(_group_names(group), group) for group in found.get_annotation_groups()]
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error
    _refuse_other_coordinates(path, found)
    factor = slide.levels[0].width / _columns_of_referenced_image(path, found, slide)
    drawings = []
    for names, group in groups:
        kind = str(group.GraphicType)
        shapes = group.get_graphic_data("2D") if kind in _OUTLINES else []
        drawings += [Drawing(names, "Polygon", (Polygon(_ring(shape * factor, kind)),)) for shape in shapes]
        if not shapes:
            drawings.append(Drawing(names, kind))
    return drawings


def _refuse_other_coordinates(path: Path, found: pydicom.Dataset) -> None:
    if found.AnnotationCoordinateType != "2D":
        raise FileFormatError(
            f"its coordinates are {found.AnnotationCoordinateType}, in mm; only 2D ones are read, in pixels",
            where=path.name,
            fix="Export with 2D coordinates",
        )
    if found.get("PixelOriginInterpretation", "VOLUME") != "VOLUME":
        raise FileFormatError(
            "its coordinates are counted within single frames; only those within the whole slide are read",
            where=path.name,
            fix="Export with the pixel origin interpretation VOLUME",
        )


def _group_names(group: highdicom.ann.AnnotationGroup) -> tuple[str, ...]:
    code = group.AnnotationPropertyTypeCodeSequence[0]
    return tuple(str(name) for name in (group.get("AnnotationGroupLabel"), code.get("CodeMeaning")) if name)


def _ring(points: NDArray[np.floating], kind: str) -> Ring:
    if kind == "ELLIPSE":  # the ends of one axis, then those of the other
        centre = points.mean(axis=0)
        angle = np.linspace(0, 2 * np.pi, _ELLIPSE_POINTS, endpoint=False)[:, None]
        points = centre + np.cos(angle) * (points[1] - points[0]) / 2 + np.sin(angle) * (points[3] - points[2]) / 2
    return open_ring(points.astype(np.float64))


def _columns_of_referenced_image(path: Path, found: pydicom.Dataset, slide: Slide) -> int:
    """Find the slide's level that an annotation's pixels are counted in, and return its width in pixels."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    wanted = {str(item.ReferencedSOPInstanceUID) for item in found.get("ReferencedImageSequence") or ()}
    for series in found.get("ReferencedSeriesSequence") or ():
        wanted |= {str(item.ReferencedSOPInstanceUID) for item in series.get("ReferencedInstanceSequence") or ()}
    folder = slide.path if slide.path.is_dir() else slide.path.parent
    for file in sorted(folder.iterdir()) if slide.format == "dicom" else ():
        try:
            tags = ["SOPInstanceUID", "TotalPixelMatrixColumns"]
            header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=tags)
        except (InvalidDicomError, OSError):
            continue
        if str(header.get("SOPInstanceUID")) in wanted and "TotalPixelMatrixColumns" in header:
            return int(header.TotalPixelMatrixColumns)
    raise FileFormatError(
        "the image that it refers to is not among the slide's files, so that the level of its pixels is not known",
        where=path.name,
        fix="Put the DICOM files of all the slide's levels in one folder, or export the annotation as GeoJSON",
    )


def _segments(path: Path, slide: Slide) -> list[Drawing]:
    import highdicom

    try:
        found = highdicom.seg.segread(path, lazy_frame_retrieval=True)
        size = int(found.TotalPixelMatrixColumns), int(found.TotalPixelMatrixRows)
        numbers = list(found.segment_numbers)
        names = [_segment_names(found, number) for number in numbers]
        factor = _level_factor(path, size, slide)
        masks = _masks(found, numbers, size)
    except (ValueError, AttributeError, KeyError, TypeError, RuntimeError) as error:
        raise _damaged(path, error) from error
    every = _thinning(size)
    return [Drawing(name, "Polygon", _traced(mask, factor * every)) for name, mask in zip(names, masks, strict=True)]


def _segment_names(found: highdicom.seg.Segmentation, number: int) -> tuple[str, ...]:
    description = found.get_segment_description(number)
    return (str(description.segment_label), str(description.segmented_property_type.meaning))


def _level_factor(path: Path, size: tuple[int, int], slide: Slide) -> float:
    """Return level-0 pixels per pixel of a segmentation that covers a whole slide."""
    across, down = slide.levels[0].width / size[0], slide.levels[0].height / size[1]
    # a level's size is rounded, by some formats to whole tiles
    if abs(across - down) > 0.02 * across:
        raise FileFormatError(
            f"it has {size[0]} x {size[1]} pixels, the slide {slide.levels[0].width} x {slide.levels[0].height}: "
            "another shape",
            where=path.name,
            fix="Give this slide's own segmentation",
        )
    return across


def _thinning(size: tuple[int, int]) -> int:
    return max(1, math.ceil(math.sqrt(size[0] * size[1] / MOST_CELLS)))


def _masks(found: highdicom.seg.Segmentation, numbers: Sequence[int], size: tuple[int, int]) -> list[NDArray[np.bool_]]:
    """Read each segment, strip by strip: every n-th pixel of a large one, so that no mask exceeds 16 million cells."""
    every = _thinning(size)
    strip_rows = STRIP_ROWS // every * every or every
    strips = []
    for start in range(0, size[1], strip_rows):
        stop = min(start + strip_rows, size[1])
        strip = found.get_total_pixel_matrix(
            row_start=start, row_end=stop, segment_numbers=list(numbers), as_indices=True, skip_overlap_checks=True
        )
        strips.append(strip[every // 2 :: every, every // 2 :: every] > 0.5)
    whole = np.concatenate(strips)
    return [whole[..., index] for index in range(len(numbers))]


def _traced(mask: NDArray[np.bool_], factor: float) -> tuple[Polygon, ...]:
    return tuple(Polygon(outer * factor, tuple(hole * factor for hole in holes)) for outer, holes in outlines(mask))


def _damaged(path: Path, error: Exception) -> FileFormatError:
    return FileFormatError(f"the DICOM object cannot be read: {' '.join(str(error).split())[:120]}", where=path.name)
