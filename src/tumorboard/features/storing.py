"""Writing bags into the study's store, slide by slide.

A slide is one shard, ``store/features/<modality>/<key>.shard``, with two records. The first is the matrix of features,
a row a tile; the second the tiles' coordinates, without a row where they are not known. The store keeps arrays of
pixels, so that a number of two bytes stands there as one pixel of 16 bits and one of eight bytes as four; the column
``values`` says what it is. The index of a modality lies beside, ``store/features/<modality>.index``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tumorboard import __version__
from tumorboard.errors import StudyError, UserError
from tumorboard.features.bag import FeatureBag
from tumorboard.features.kind import BagKind, common_kind, kind_of
from tumorboard.features.reading.files import read_bags
from tumorboard.features.study_table import FEATURE_MODALITIES, FeatureFile, FeatureModality
from tumorboard.store import ColumnType, ShardMetadata, ShardWriter, build_index, is_complete

_COLUMNS: dict[str, ColumnType] = {"part": "text", "values": "text", "extractor": "text", "tile_width": "int64"}
_FEATURES, _COORDINATES = "features", "coordinates"
_STORED_AS = {"float32": np.float32, "float16": np.uint16, "int64": np.uint16}


@dataclass(frozen=True)
class Refused:
    """A file that is not in the store, and why.

    Parameters
    ----------
    patient_id, modality, path, reason : str
    """

    patient_id: str
    modality: str
    path: str
    reason: str


@dataclass(frozen=True)
class StoredModality:
    """What the store has of a modality.

    Parameters
    ----------
    modality : str
    patients, slides, tiles : int
    kind : BagKind
        What its bags have in common.
    notes : mapping of str to int
        What the bags note, and of how many slides.
    """

    modality: str
    patients: int
    slides: int
    tiles: int
    kind: BagKind
    notes: dict[str, int]


@dataclass(frozen=True)
class StoredFeatures:
    """What came of a study's files of features.

    Parameters
    ----------
    modalities : tuple of StoredModality
    refused : tuple of Refused
    """

    modalities: tuple[StoredModality, ...]
    refused: tuple[Refused, ...]


def features_root(store: Path) -> Path:
    """Return the folder of features in a study's store."""
    return store / "features"


def store_features(
    store: Path, files: Sequence[FeatureFile], *, progress: Callable[[int, int, str], None] = lambda *_: None
) -> StoredFeatures:
    """Read the files of ``features.csv``, check them, and write them into the store.

    A file that cannot be read does not stop the others. A slide that the store has already, from the same file and
    statement, is not written again.

    Parameters
    ----------
    store : Path
        ``STUDY/store``.
    files : sequence of FeatureFile
    progress : callable
        Called after each file with how many are done, how many there are, and the patient.

    Returns
    -------
    StoredFeatures

    Raises
    ------
    StudyError
        Bags of one modality differ in length, extractor or scale, a patient has two slides of one name, or the store
        cannot be written. No index is then written: those of an earlier run stay, and refuse slides that have changed.
    """
    root = features_root(store)
    written: dict[FeatureModality, dict[Path, _Told]] = {}
    refused: list[Refused] = []
    for number, file in enumerate(files, start=1):
        shards = written.setdefault(file.modality, {})
        try:
            bags = read_bags(file.path, patient_id=file.patient_id, stated=file.stated)
        except UserError as error:
            refused.append(Refused(file.patient_id, file.modality, str(file.path), error.line()))
            bags = {}
        for name, bag in bags.items():
            path = shard_path(root, file.modality, file.patient_id, name)
            if path in shards:
                raise StudyError(
                    f"the patient {file.patient_id} has two slides of the name {name!r}",
                    where=str(file.path),
                    fix="Give each slide's file, or the column slide, a name of its own",
                )
            _write(path, file, name, bag)
            shards[path] = _Told(file.patient_id, str(file.path), len(bag), kind_of(bag), bag.notes)
        progress(number, len(files), file.patient_id)
    told = {modality: shards for modality, shards in written.items() if shards}
    summaries = tuple(_summary(modality, list(shards.values())) for modality, shards in told.items())
    for modality in FEATURE_MODALITIES:
        if modality in told:
            build_index(root, told[modality], [modality])
        else:  # what an earlier run had of it is in features.csv no more
            (root / f"{modality}.index").unlink(missing_ok=True)
    return StoredFeatures(summaries, tuple(refused))


@dataclass(frozen=True)
class _Told:
    """What is kept of a bag that was written."""

    patient_id: str
    path: str
    tiles: int
    kind: BagKind
    notes: tuple[str, ...]


def _summary(modality: str, told: Sequence[_Told]) -> StoredModality:
    kind = common_kind({bag.path: bag.kind for bag in told}, modality)
    notes: dict[str, int] = {}
    for note in (note for bag in told for note in bag.notes):
        notes[note] = notes.get(note, 0) + 1
    patients = len({bag.patient_id for bag in told})
    return StoredModality(modality, patients, len(told), sum(bag.tiles for bag in told), kind, notes)


def shard_path(root: Path, modality: str, patient_id: str, name: str) -> Path:
    """Return where a slide's features lie."""
    key = hashlib.sha256(f"{patient_id}\0{name}".encode()).hexdigest()[:32]
    return root / modality / f"{key}.shard"


def _write(path: Path, file: FeatureFile, name: str, bag: FeatureBag) -> None:
    stated = file.stated
    key = {
        "source": bag.source.sha256,
        "layout": bag.source.layout,
        "stated": [stated.slide_mpp, stated.tile_mpp, stated.extractor, stated.keep_first],
        "patient_id": file.patient_id,
        "tumorboard": __version__,
    }
    if is_complete(path, key):
        return
    notes = {"path": str(file.path), "notes": list(bag.notes), "columns": list(bag.columns)}
    with ShardWriter(path, _COLUMNS, ShardMetadata(file.patient_id, name, key, notes)) as shard:
        coordinates = np.empty((0, 2), np.int64) if bag.coordinates is None else bag.coordinates
        for part, array in ((_FEATURES, bag.features), (_COORDINATES, coordinates)):
            shard.add_array(
                np.ascontiguousarray(array).view(_STORED_AS[array.dtype.name]),
                modality=file.modality,
                mpp=math.nan if bag.scale.mpp is None else bag.scale.mpp,
                part=part,
                values=array.dtype.name,
                extractor=bag.extractor or "",
                tile_width=bag.scale.tile_width or 0,
            )
