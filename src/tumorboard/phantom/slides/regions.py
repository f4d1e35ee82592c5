"""True regions of a slide as GeoJSON that QuPath reads (https://qupath.readthedocs.io, "Exporting annotations")."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tumorboard.phantom.histology.regions import Region
from tumorboard.phantom.histology.tissue import Tissue
from tumorboard.phantom.slides.artefact import Artefact, ArtefactKind

_TISSUE_CLASSES: dict[Tissue | None, tuple[str, tuple[int, int, int]]] = {
    None: ("Tissue", (90, 190, 90)),
    Tissue.TUMOUR: ("Tumor", (200, 0, 0)),
    Tissue.NECROSIS: ("Necrosis", (50, 50, 50)),
    Tissue.HYALINE: ("Hyaline tissue", (230, 150, 180)),
    Tissue.HAEMORRHAGE: ("Haemorrhage", (140, 20, 60)),
    Tissue.STROMA: ("Stroma", (150, 200, 150)),
    Tissue.NORMAL_KIDNEY: ("Normal kidney", (60, 120, 200)),
    Tissue.FAT: ("Fat", (240, 220, 120)),
    Tissue.LYMPHOCYTES: ("Immune cells", (160, 90, 160)),
    Tissue.VESSEL: ("Vessel", (220, 90, 60)),
}
_ARTEFACT_COLOURS: dict[ArtefactKind, tuple[int, int, int]] = {
    ArtefactKind.PEN: (0, 0, 255),
    ArtefactKind.FOLD: (120, 60, 0),
    ArtefactKind.BLUR: (128, 128, 128),
    ArtefactKind.BUBBLE: (0, 200, 200),
    ArtefactKind.COVERSLIP: (90, 90, 140),
    ArtefactKind.BORDER: (0, 0, 0),
}
_FEATURE_NAMES = uuid.UUID("6f3c2a52-6d1f-5c9e-9d0a-3b1a70f6c0de")


@dataclass(frozen=True, eq=False)
class Annotation:
    """One region of a slide.

    Parameters
    ----------
    name : str
        Its class in QuPath.
    colour : tuple of int
        Red, green, blue.
    polygons_um : sequence of sequence of ndarray, each of shape (points, 2)
        Polygons: the outer ring, then its holes; x and y in µm, not closed.
    """

    name: str
    colour: tuple[int, int, int]
    polygons_um: Sequence[Sequence[np.ndarray]]


def tissue_annotation(region: Region) -> Annotation:
    """Name a tissue's region by its class in QuPath."""
    name, colour = _TISSUE_CLASSES[region.tissue]
    return Annotation(name, colour, [[region.polygon, *region.holes]])


def artefact_annotation(artefact: Artefact, width_um: float, height_um: float) -> Annotation:
    """Name an artefact's region on a slide of a size, such as ``Pen mark (blue)``."""
    colour = f" ({artefact.colour})" if artefact.colour else ""
    name = artefact.kind.value.capitalize() + colour
    polygons = [[outer, *holes] for outer, holes in artefact.polygons(width_um, height_um)]
    return Annotation(name, _ARTEFACT_COLOURS[artefact.kind], polygons)


def write_regions(path: Path, annotations: Sequence[Annotation], *, mpp: float, width_px: int, height_px: int) -> None:
    """Write annotations as a GeoJSON feature collection in level-0 pixels.

    Parameters
    ----------
    path : Path
        Ends in ``.geojson``.
    annotations : sequence of Annotation
    mpp : float
        µm per pixel of level 0.
    width_px, height_px : int
        Size of level 0; what lies beyond is cut to its edge.
    """
    limits = np.array([width_px, height_px], float)
    features = []
    for number, annotation in enumerate(annotations):
        polygons = [_rings(polygon, mpp, limits) for polygon in annotation.polygons_um]
        polygons = [rings for rings in polygons if rings]
        if polygons:
            features.append(_feature(annotation, polygons, f"{path.stem}/{number}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    collection = {"type": "FeatureCollection", "features": features}
    part.write_text(json.dumps(collection, separators=(",", ":")) + "\n", encoding="utf-8")
    part.replace(path)


def _rings(polygon_um: Sequence[np.ndarray], mpp: float, limits: np.ndarray) -> list[list[list[float]]]:
    """Turn rings into closed rings in pixels within the slide; an outer ring without area takes its holes with it."""
    rings = []
    for number, ring_um in enumerate(polygon_um):
        points = np.round(np.clip(np.asarray(ring_um, float) / mpp, 0, limits), 1)
        points = points[np.any(points != np.roll(points, 1, axis=0), axis=1)]
        if len(points) < 3 or not _area(points):
            if number == 0:
                return []
            continue
        rings.append([*points.tolist(), points[0].tolist()])
    return rings


def _area(points: np.ndarray) -> float:
    following = np.roll(points, -1, axis=0)
    return float(abs(np.sum(points[:, 0] * following[:, 1] - following[:, 0] * points[:, 1]))) / 2


def _feature(annotation: Annotation, polygons: list[list[list[list[float]]]], name: str) -> dict[str, object]:
    several = len(polygons) > 1
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(_FEATURE_NAMES, name)),
        "geometry": {
            "type": "MultiPolygon" if several else "Polygon",
            "coordinates": polygons if several else polygons[0],
        },
        "properties": {
            "objectType": "annotation",
            "classification": {"name": annotation.name, "color": list(annotation.colour)},
            "isLocked": True,
        },
    }
