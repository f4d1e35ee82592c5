"""Regions and tiles as GeoJSON that QuPath opens (https://qupath.readthedocs.io, "Importing objects"; version 0.4 on).

QuPath shows what was scanned, so coordinates are level-0 pixels from the corner of the slide's bounds; a slide that was
imported with ``--no-crop`` needs those of the whole of level 0.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorboard.slides.annotation.filling import Ring
from tumorboard.slides.annotation.outlines import outlines
from tumorboard.slides.show import palette
from tumorboard.slides.show.maps import Mask, RegionMaps
from tumorboard.slides.show.palette import Colour
from tumorboard.slides.slide import Box
from tumorboard.study.files import write_text

_OBJECTS = uuid.UUID("4b3f6b0e-7f0d-5c0f-8d0a-0c1d2e3f4a5b")
_DECIMALS = 1
_WITHIN = 0.001


@dataclass(frozen=True, eq=False)
class TileObjects:
    """Tiles of one class.

    Parameters
    ----------
    name : str
        Their class in QuPath, such as ``Tile 10x``.
    boxes : ndarray of int64, shape (tiles, 4)
        Left, top, width, height in level-0 pixels.
    measurements : mapping of str to sequence of float
        What QuPath shows of each tile, such as ``Tissue share``; a value that is not finite is left out.
    colour : tuple of int
    """

    name: str
    boxes: NDArray[np.int64]
    measurements: Mapping[str, Sequence[float] | NDArray[np.floating]] = field(default_factory=dict)
    colour: Colour = palette.TILE_10X


def write_objects(path: Path, name: str, bounds: Box, maps: RegionMaps, tiles: Sequence[TileObjects] = ()) -> None:
    """Write tissue and artefacts as annotations and tiles as tile objects.

    Outlines are those of the maps, moved by less than half a cell. The same input gives the same bytes.

    Parameters
    ----------
    path : Path
        Ends in ``.geojson``.
    name : str
        Tells one slide's objects from another's; only a hash of it is written.
    bounds : Box
        The slide's.
    maps : RegionMaps
    tiles : sequence of TileObjects

    Raises
    ------
    StudyError
        Where the folder cannot be written.
    """
    features = [*_annotations(name, bounds, maps), *_tiles(name, bounds, tiles)]
    collection = {"type": "FeatureCollection", "features": features}
    text = json.dumps(collection, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def _annotations(name: str, bounds: Box, maps: RegionMaps) -> Iterator[dict[str, Any]]:
    shown = {"Tissue": (maps.tissue, palette.TISSUE)}
    shown |= {palette.word(key): (mask, palette.reason_colour(key)) for key, mask in maps.artefacts.items()}
    for title, (mask, colour) in shown.items():
        for number, (outer, holes) in enumerate(_outlines(mask, maps, bounds)):
            rings = [_closed(ring) for ring in (outer, *holes)]
            properties = {"isLocked": True}
            yield _feature(f"{name}/{title}/{number}", "annotation", title, colour, rings, properties)


def _outlines(mask: Mask, maps: RegionMaps, bounds: Box) -> Iterator[tuple[Ring, list[Ring]]]:
    """Trace the cells of a mask that lie wholly within the bounds, in level-0 pixels from the bounds' corner."""
    step = maps.downsample
    columns = _cells(bounds.left - maps.left, bounds.width, step, mask.shape[1])
    rows = _cells(bounds.top - maps.top, bounds.height, step, mask.shape[0])
    corner = np.array([maps.left + columns.start * step - bounds.left, maps.top + rows.start * step - bounds.top])
    for outer, holes in outlines(mask[rows, columns], simplify=True):
        yield _placed(outer, step, corner), [_placed(hole, step, corner) for hole in holes]


def _placed(ring: Ring, step: float, corner: NDArray[np.float64]) -> Ring:
    return np.asarray(np.round(ring * step + corner, _DECIMALS), np.float64)


def _cells(start: float, length: int, step: float, count: int) -> slice:
    first = min(max(math.ceil(start / step - _WITHIN), 0), count)
    return slice(first, min(max(math.floor((start + length) / step + _WITHIN), first), count))


def _tiles(name: str, bounds: Box, tiles: Sequence[TileObjects]) -> Iterator[dict[str, Any]]:
    for group in tiles:
        for number, (left, top, width, height) in enumerate(group.boxes.tolist()):
            first_x, first_y = left - bounds.left, top - bounds.top
            last_x, last_y = first_x + width, first_y + height
            ring = [[first_x, first_y], [last_x, first_y], [last_x, last_y], [first_x, last_y], [first_x, first_y]]
            told = {key: _number(values[number]) for key, values in group.measurements.items()}
            properties = {"measurements": {key: value for key, value in told.items() if math.isfinite(value)}}
            place = f"{name}/{group.name}/{left},{top}"
            yield _feature(place, "tile", group.name, group.colour, [ring], properties)


def _number(value: float | np.floating) -> float:
    return float(f"{float(value):.6g}")


def _closed(ring: Ring) -> list[list[float]]:
    points: list[list[float]] = ring.tolist()
    return [*points, points[0]]


def _feature(
    place: str,
    kind: str,
    title: str,
    colour: Colour,
    rings: Sequence[Sequence[Sequence[float]]],
    properties: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(_OBJECTS, place)),
        "geometry": {"type": "Polygon", "coordinates": rings},
        "properties": {
            "objectType": kind,
            "classification": {"name": title, "color": list(colour)},
            **properties,
        },
    }
