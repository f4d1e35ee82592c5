"""Feature files of STAMP: datasets ``feats`` and ``coords``, attributes of the file.

``feats`` is (tiles, features), float16; ``coords`` is (tiles, 2), float32. (KatherLab/STAMP; commits in brackets.)

- 2.1 and later: attributes ``stamp_version``, ``extractor``, ``unit`` (um), ``tile_size_um``, ``tile_size_px``,
  ``code_hash``, later also ``feat_type`` (tile). Coordinates are µm from the slide's upper left corner, x and y.
  (src/stamp/preprocessing/__init__.py, 01b5ac6c; read back by get_coords in src/stamp/modeling/data.py, 0016467024)
- 2.0: attributes ``extractor``, ``unit`` (um), ``tile_size`` in µm; coordinates as above.
  (src/stamp/preprocessing/extract.py, 0e710a4d)
- 1 (2023): attribute ``extractor`` and a dataset ``augmented``. Coordinates are pixels of 256/224 µm, x and y, but y
  and x for slides that came from the cache. (preprocessing/helpers/feature_extractors.py, 2c612aea;
  end2end-WSI-preprocessing/helpers/loading_slides.py, 0d4cef0a)

Coordinates in µm become level-0 pixels with the slide's µm per pixel, which the file does not hold and must be stated;
without it, and for version 1, where the order cannot be told, they are left out and the bag says so. Files of slides or
patients (``feat_type`` slide or patient, or an attribute ``encoder``) are one vector each and are refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.features.bag import Scale
from tumorboard.features.checks import Array
from tumorboard.features.reading.hdf5 import array_of, contents, dataset, number_attribute, text_attribute
from tumorboard.features.reading.statement import Content

if TYPE_CHECKING:
    import h5py

_MARKS = ("stamp_version", "tile_size_um")
_HISTORIC_MPP = 256 / 224


def is_stamp(file: h5py.File) -> bool:
    """Tell whether STAMP wrote a file."""
    return "feats" in file or any(mark in file.attrs for mark in _MARKS)


def read_stamp(file: h5py.File, path: Path, slide_mpp: float | None) -> Content:
    """Read a file of STAMP.

    Parameters
    ----------
    file : h5py.File
        Open for reading.
    path : Path
        Its path, for messages.
    slide_mpp : float or None
        µm in one pixel of the slide's level 0.

    Raises
    ------
    FileFormatError
        There are no features of tiles, or the unit of the coordinates is unknown.
    """
    _refuse_slides(file, path)
    data = dataset(file, ("feats", "features"), path)
    if data is None:
        raise FileFormatError("there is no dataset 'feats'", where=str(path), fix=contents(file))
    features = array_of(data, path)
    places = dataset(file, ("coords",), path)
    coords = None if places is None else array_of(places, path)
    tile_um = _tile_um(file, path)
    notes: tuple[str, ...] = ()
    if coords is None:
        notes = ("the file has no coordinates",)
    elif tile_um is None:
        coords, notes = None, ("coordinates of STAMP 1 are left out: their order is not certain",)
    elif slide_mpp is None:
        coords, notes = None, ("coordinates in µm are left out: the slide's µm per pixel are not stated",)
    else:
        coords = _pixels(coords, slide_mpp, path)
    features, coords, more = _without_augmented(file, features, coords, path)
    return Content(
        layout="STAMP",
        features=features,
        coordinates=coords,
        extractor=text_attribute(file, "extractor"),
        scale=_scale(tile_um, number_attribute(file, "tile_size_px", path), slide_mpp),
        notes=notes + more,
    )


def _refuse_slides(file: h5py.File, path: Path) -> None:
    kind = text_attribute(file, "feat_type") or ("slide" if text_attribute(file, "encoder") else "tile")
    if kind != "tile":
        raise FileFormatError(
            f"the features are of a whole {kind}, not of its tiles",
            where=str(path),
            fix="Give the files that 'stamp preprocess' wrote",
        )


def _tile_um(file: h5py.File, path: Path) -> float | None:
    """Return a tile's side in µm; None for version 1."""
    unit = text_attribute(file, "unit")
    if unit not in {None, "um"}:
        raise FileFormatError(f"the coordinates have the unknown unit {unit!r}", where=str(path), fix="Known: um")
    stated = number_attribute(file, "tile_size_um", path)
    return stated or (number_attribute(file, "tile_size", path) if unit else None)


def _pixels(coords: Array, slide_mpp: float, path: Path) -> Array:
    if coords.dtype.kind not in "iuf" or not np.isfinite(coords).all():
        raise FileFormatError("coordinates are NaN, infinite or no numbers", where=str(path))
    return np.asarray(np.rint(coords.astype(np.float64) / slide_mpp))


def _scale(tile_um: float | None, tile_px: float | None, slide_mpp: float | None) -> Scale:
    if tile_um is None:
        return Scale(_HISTORIC_MPP, None)
    return Scale(tile_um / tile_px if tile_px else None, round(tile_um / slide_mpp) if slide_mpp else None)


def _without_augmented(
    file: h5py.File, features: Array, coords: Array | None, path: Path
) -> tuple[Array, Array | None, tuple[str, ...]]:
    """Leave out what version 1 computed on changed copies of the tiles."""
    marks = dataset(file, ("augmented",), path)
    if marks is None:
        return features, coords, ()
    augmented = array_of(marks, path).astype(bool)
    if augmented.shape != features.shape[:1]:
        raise FileFormatError(
            f"'augmented' has the shape {augmented.shape}, but there are features of {len(features)} tiles",
            where=str(path),
        )
    if not augmented.any():
        return features, coords, ()
    note = f"{int(augmented.sum())} rows of augmented copies are left out"
    kept = None if coords is None else coords[~augmented[: len(coords)]]
    return features[~augmented], kept, (note,)
