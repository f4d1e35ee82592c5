"""Annotations as QuPath writes them: GeoJSON, https://qupath.readthedocs.io, "Exporting annotations".

QuPath shows only what was scanned where a format says so (OpenSlide's bounds, as in MRXS): its coordinates are level-0
pixels from the corner of the bounds (https://github.com/qupath/qupath/issues/820, /1278), unless the slide was imported
with ``--no-crop``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tumorboard.errors import FileFormatError
from tumorboard.slides.annotation.drawing import Drawing
from tumorboard.slides.annotation.regions import Polygon, open_ring

_EXPORT = "In QuPath: File, Export objects as GeoJSON"
_LEGACY_IDS = {"PathDetectionObject": "detection", "PathCellObject": "cell", "PathTileObject": "tile"}


def read_qupath(path: Path) -> list[Drawing]:
    """Read the annotation objects of a GeoJSON file; cells, detections, tiles and cores are left out.

    Parameters
    ----------
    path : Path
        Holds a feature collection, a list of features or one feature.

    Returns
    -------
    list of Drawing
        Coordinates as they stand in the file.

    Raises
    ------
    FileFormatError
        Where it is not GeoJSON.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _not_geojson(path, "it is not JSON") from error
    drawings = []
    for number, feature in enumerate(_features(content, path), start=1):
        try:
            drawings += list(_drawings(feature))
        except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            raise _not_geojson(path, f"feature {number} is not one of GeoJSON") from error
    return drawings


def _features(content: object, path: Path) -> list[dict[str, Any]]:
    if isinstance(content, dict):
        content = content.get("features") if content.get("type") == "FeatureCollection" else [content]
    if not isinstance(content, list) or not all(
        isinstance(feature, dict) and feature.get("type") == "Feature" for feature in content
    ):
        raise _not_geojson(path, "it holds no features")
    return content


def _drawings(feature: dict[str, Any]) -> Iterator[Drawing]:
    properties = feature.get("properties") or {}
    if _object_type(feature, properties) == "annotation":
        yield _drawing(feature["geometry"], _names(properties))
    for child in properties.get("childObjects") or ():
        yield from _drawings(child)


def _object_type(feature: dict[str, Any], properties: dict[str, Any]) -> str:
    stated = properties.get("objectType") or properties.get("object_type")
    return str(stated or _LEGACY_IDS.get(str(feature.get("id")), "annotation"))


def _names(properties: dict[str, Any]) -> tuple[str, ...]:
    """Return the class; an object without a class may have its own name in place of one."""
    classification = properties.get("classification") or {}
    if isinstance(classification, str):
        return (classification,)
    names = classification.get("names") or [classification.get("name") or properties.get("name")]
    told = [str(name) for name in names if name]
    return (": ".join(told),) if told else ()


def _drawing(geometry: dict[str, Any] | None, names: tuple[str, ...]) -> Drawing:
    kind = str(geometry["type"]) if geometry else "nothing"
    if geometry is None or kind not in ("Polygon", "MultiPolygon"):
        return Drawing(names, kind)
    parts = geometry["coordinates"] if kind == "MultiPolygon" else [geometry["coordinates"]]
    return Drawing(names, "Polygon", tuple(_polygon(rings) for rings in parts if rings))


def _polygon(rings: list[list[list[float]]]) -> Polygon:
    outer, *holes = (open_ring([_point(point) for point in ring]) for ring in rings)
    return Polygon(outer, tuple(holes))


def _point(point: list[float]) -> tuple[float, float]:
    x, y = point[:2]
    if isinstance(x, str) or not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError("a coordinate that is not a number")
    return float(x), float(y)


def _not_geojson(path: Path, reason: str) -> FileFormatError:
    return FileFormatError(f"no GeoJSON annotation: {reason}", where=path.name, fix=_EXPORT)
