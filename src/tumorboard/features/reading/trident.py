"""Feature files of TRIDENT and CLAM: datasets ``features`` and ``coords``.

TRIDENT's ``extract_patch_features`` writes ``features`` (tiles, features), float32 or float16, and ``coords``
(tiles, 2), int64, left and top in level-0 pixels. ``coords`` has the attributes ``patch_size``, ``patch_size_level0``,
``level0_magnification``, ``target_magnification``, ``overlap``, ``name``, ``savetodir`` and in later versions
``level0_width`` and ``level0_height``; ``features`` has ``name``, ``savetodir`` and in later versions ``encoder``.
Before, the encoder stood in the folder's name alone, ``features_<encoder>``. Magnifications are nominal: 10x is 1.0 µm
per pixel, 20x 0.5. (mahmoodlab/TRIDENT, trident/IO.py 04086670, trident/wsi_objects/WSI.py 0b2f600a and f371fe6b)

CLAM's ``extract_features_fp.py`` writes ``features`` (tiles, features), float32, and ``coords`` (tiles, 2), int32 or
int64, without an attribute: neither scale nor encoder is known from the file. The coordinates are those of
``create_patches_fp.py``, level-0 pixels, whose files have the attributes ``patch_size``, ``patch_level`` and
``downsample`` on ``coords``; where a tool copied them to the features they are read. The older ``create_patches.py``,
which stores pixels, counts in pixels of the level that it cut; features made of such files look the same and must not
be given with their coordinates. (mahmoodlab/CLAM, extract_features_fp.py 0534d4e9, wsi_core/WholeSlideImage.py
02660413)

Some published features have the shape (1, tiles, features), which is read too.
"""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from tumorboard.errors import FileFormatError
from tumorboard.features.bag import Scale
from tumorboard.features.reading.hdf5 import array_of, contents, dataset, number_attribute, text_attribute
from tumorboard.features.reading.statement import Content

if TYPE_CHECKING:
    import h5py

_MPP_OF_1X = 10.0
_FOLDER_PREFIX = "features_"


def read_trident_or_clam(file: h5py.File, path: Path) -> Content:
    """Read a file that has ``features``, and ``coords`` or not.

    Parameters
    ----------
    file : h5py.File
        Open for reading.
    path : Path
        Its path, for messages.

    Raises
    ------
    FileFormatError
        There are no features.
    """
    features = dataset(file, ("features",), path)
    coords = dataset(file, ("coords",), path)
    if features is None:
        only_coords = ". These are places of tiles without features: run the extraction on them" if coords else ""
        raise FileFormatError("there is no dataset 'features'", where=str(path), fix=contents(file) + only_coords)
    target = number_attribute(coords, "target_magnification", path)
    notes: tuple[str, ...] = ()
    if coords is None:
        notes = ("the file has no coordinates",)
    elif target is None:
        notes = ("the file does not state the tiles' scale",)
    return Content(
        layout="TRIDENT" if target else "CLAM",
        features=array_of(features, path),
        coordinates=None if coords is None else array_of(coords, path),
        extractor=_encoder(features),
        scale=Scale(_MPP_OF_1X / target if target else None, _tile_width(coords, target, path)),
        notes=notes,
    )


def _encoder(features: h5py.Dataset) -> str | None:
    stated = text_attribute(features, "encoder")
    if stated:
        return stated
    folder = PurePath(text_attribute(features, "savetodir") or "").name
    return folder.removeprefix(_FOLDER_PREFIX) if folder.startswith(_FOLDER_PREFIX) else None


def _tile_width(coords: h5py.Dataset | None, target: float | None, path: Path) -> int | None:
    """Return a tile's side in level-0 pixels."""
    stated = number_attribute(coords, "patch_size_level0", path)
    patch = number_attribute(coords, "patch_size", path)
    source = number_attribute(coords, "level0_magnification", path)
    if stated:
        return round(stated)
    if patch and source and target:
        return round(patch * source / target)
    downsample = None if coords is None else coords.attrs.get("downsample")
    if patch and downsample is not None:
        further = number_attribute(coords, "custom_downsample", path) or 1
        return round(patch * further * float(np.ravel(downsample)[0]))
    return None
