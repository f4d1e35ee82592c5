"""Tile features by a network of the user's choice, from the tiles in the store, a file a slide."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import UserError
from tumorboard.features import Extractor, extract, read_bag, write_bag
from tumorboard.store import Store
from tumorboard.study.files import StudyFolder, write_text
from tumorboard.study.log import append_log

TileModality = Literal["tiles_10x", "tiles_5x"]
_SCALES = {"tiles_10x": 1.0, "tiles_5x": 2.0}


@dataclass(frozen=True)
class ExtractedFeatures:
    """What was extracted.

    Parameters
    ----------
    table : Path
        Names every file; what ``features.csv`` of the study would have to hold.
    slides, kept, tiles : int
        Slides in all, those of them that an earlier run had done, and their tiles.
    dimension : int
        Features of a tile.
    """

    table: Path
    slides: int
    kept: int
    tiles: int
    dimension: int


def extract_features(
    folder: StudyFolder,
    extractor: Extractor,
    modalities: Sequence[TileModality],
    *,
    batch: int = 32,
    progress: Callable[[int, int, str], None],
) -> ExtractedFeatures:
    """Extract the features of a study's tiles, or go on where an earlier run stopped.

    Written are ``STUDY/features/<extractor>/<modality>/<slide>.h5`` and a table that names them.

    Parameters
    ----------
    folder : StudyFolder
        With tiles in its store.
    extractor : Extractor
    modalities : sequence of str
        ``tiles_10x``, ``tiles_5x``.
    batch : int
        Tiles at once.
    progress : callable
        Is told the slides done, out of how many, and what is being done.

    Returns
    -------
    ExtractedFeatures

    Raises
    ------
    UserError
        There are no tiles, or the network fails on them.
    """
    root = folder.root / "features" / re.sub(r"[^A-Za-z0-9._-]+", "_", extractor.name)
    stores = {modality: Store.open(folder.store, modality) for modality in modalities}
    slides = [
        (modality, str(patient), str(name), rows.index.to_numpy())
        for modality, store in stores.items()
        for (patient, name), rows in store.table.groupby(["patient_id", "name"], observed=True, sort=True)
    ]
    lines, kept, tiles = ["patient_id,path,modality"], 0, 0
    for done, (modality, patient, name, rows) in enumerate(slides, start=1):
        path = root / modality / f"{name}.h5"
        places = _places(stores[modality], rows)
        if _is_done(path, extractor, places):
            kept += 1
        else:
            found = extract((stores[modality].image(row) for row in rows), extractor, batch=batch)
            write_bag(path, found, places, extractor=extractor.name, mpp=_SCALES[modality])
        lines.append(f'"{patient}",{path.relative_to(folder.root).as_posix()},{modality}')
        tiles += len(rows)
        progress(done, len(slides), "features")
    table = root / "features.csv"
    write_text(table, "\n".join(lines) + "\n")
    append_log(folder, "extract", inputs={}, counts={"slides": len(slides), "tiles": tiles})
    return ExtractedFeatures(table, len(slides), kept, tiles, extractor.dimension)


def _places(store: Store, rows: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return left and top of tiles; None where some of them are not known."""
    places = np.stack([store.column("left")[rows], store.column("top")[rows]], axis=1)
    return None if (places < 0).any() else places


def _is_done(path: Path, extractor: Extractor, places: NDArray[np.int64] | None) -> bool:
    """Tell whether an earlier run extracted the features of just these tiles with this network."""
    if places is None or not path.is_file():
        return False
    try:
        bag = read_bag(path)
    except UserError:
        return False
    same_places = bag.coordinates is not None and np.array_equal(bag.coordinates, places)
    return bag.extractor == extractor.name and same_places
