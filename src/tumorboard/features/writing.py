"""Writing a bag as a file that TRIDENT's users and this program read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tumorboard.errors import SettingsError
from tumorboard.features.bag import Coordinates, Features
from tumorboard.features.checks import check_places, checked_coordinates, checked_features
from tumorboard.study.files import write_whole


def write_bag(
    path: Path,
    features: Features,
    coordinates: Coordinates | None = None,
    *,
    extractor: str,
    mpp: float | None = None,
    tile_width: int | None = None,
) -> None:
    """Write the features of one slide's tiles, whole, in TRIDENT's layout.

    Parameters
    ----------
    path : Path
        Ends in ``.h5``; its name is the slide's.
    features : ndarray of float16 or float32, shape (tiles, features)
    coordinates : ndarray of int64, shape (tiles, 2), optional
        Left and top in level-0 pixels.
    extractor : str
        :attr:`tumorboard.features.Extractor.name`.
    mpp : float, optional
        µm in one pixel of the tiles, before their preparation.
    tile_width : int, optional
        A tile's side in level-0 pixels.

    Raises
    ------
    FileFormatError
        Features or coordinates are not those of a bag.
    SettingsError
        The file's name has another ending, or a scale is given without coordinates, to which it belongs.
    StudyError
        The file cannot be written.
    """
    if path.suffix != ".h5":
        raise SettingsError(f"a file of features ends in .h5, not in {path.suffix or 'nothing'}", where=str(path))
    if coordinates is None and (mpp or tile_width):
        raise SettingsError("a scale is given without coordinates", where=str(path), fix="TRIDENT keeps it with them")
    matrix = checked_features(features, str(path))
    places = None if coordinates is None else checked_coordinates(coordinates, len(matrix), str(path))
    if places is not None:
        check_places(places, str(path))

    def write(temporary: Path) -> None:
        import h5py

        with h5py.File(temporary, "w") as file:
            rows = file.create_dataset("features", data=matrix)
            rows.attrs["name"] = path.stem
            rows.attrs["encoder"] = extractor
            if places is None:
                return
            attributes = file.create_dataset("coords", data=places).attrs
            attributes["name"] = path.stem
            for name, value in (("target_magnification", 10 / mpp if mpp else None), ("patch_size_level0", tile_width)):
                if value:
                    attributes[name] = np.float64(value)

    write_whole(path, write)
