"""Three patients of a run with their images: lowest, middle and highest risk, under letters and without identifiers."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import UserError
from tumorboard.evaluation.figures.wording import signless_zero
from tumorboard.prediction.page import MODALITIES
from tumorboard.report.run_material import RunMaterial
from tumorboard.study.files import StudyFolder, read_stage_table
from tumorboard.study.log import fingerprint

if TYPE_CHECKING:
    import pandas as pd

    from tumorboard.inputs import PictureInputs

IMAGES = ("tiles_10x", "tiles_5x", "scan")
_PLACES = ("lowest risk", "median risk", "highest risk")
_MOST_IMAGES = 4
_SHOWN_PX = 160
_JPEG_QUALITY = 88


@dataclass(frozen=True)
class ShownImages:
    """Some of a patient's images of one modality.

    Parameters
    ----------
    modality : str
        In words.
    count : int
        How many the patient has.
    pictures : tuple of (str, str)
        Data URI, and the plane; empty for tiles.
    reason : str
        Why there are none; else empty.
    """

    modality: str
    count: int
    pictures: tuple[tuple[str, str], ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class ShownPatient:
    """A patient under a letter.

    Parameters
    ----------
    letter : str
        A, B, C.
    place : str
        Where the risk lies.
    facts : tuple of (str, str)
        What is known and predicted, in words.
    images : tuple of ShownImages
        By modality.
    """

    letter: str
    place: str
    facts: tuple[tuple[str, str], ...]
    images: tuple[ShownImages, ...]


@dataclass(frozen=True)
class ShownPatients:
    """The patients shown, and among whom they were chosen.

    Parameters
    ----------
    patients : tuple of ShownPatient
        From the lowest risk to the highest.
    among : str
        Those who could have been chosen, in words.
    reason : str
        Why nobody is shown; else empty.
    """

    patients: tuple[ShownPatient, ...] = ()
    among: str = ""
    reason: str = ""


def shown_patients(folder: StudyFolder, run: RunMaterial) -> ShownPatients:
    """Choose three patients by their out-of-fold risk among those with most kinds of images.

    The risk is standardised within the fold, since log-risks of different folds share no origin.

    Parameters
    ----------
    folder : StudyFolder
        The study, whose store holds the images.
    run : RunMaterial
        The run.
    """
    modalities = [name for name in IMAGES if name in run.summary["modalities"]]
    if not modalities:
        return ShownPatients(reason="the run looks at no images")
    told = _standardised(read_stage_table(run.root / "predictions.parquet", "tumorboard train STUDY"))
    kinds = (told[[f"images_{name}" for name in modalities]] > 0).sum(axis=1)
    own = told[kinds == kinds.max()].sort_values(["standardised", "patient_id"], ignore_index=True)
    if not kinds.max() or len(own) < len(_PLACES):
        return ShownPatients(reason=f"fewer than {len(_PLACES)} patients have images")
    stores = {name: _open(folder, name, run) for name in modalities}
    rows = [0, len(own) // 2, len(own) - 1]
    horizon = _latest_told(own.iloc[rows])
    shown = []
    for letter, place, row in zip("ABC", _PLACES, rows, strict=True):
        patient = own.iloc[row]
        facts = (
            ("risk", f"{row + 1} of {len(own)}, {_signed(patient['standardised'])} SD from the fold's mean"),
            *_facts(patient, horizon, run),
        )
        shown.append(ShownPatient(letter, place, facts, _images(patient, modalities, stores)))
    kind = "kind" if kinds.max() == 1 else "kinds"
    return ShownPatients(tuple(shown), f"the {len(own)} patients who have {int(kinds.max())} {kind} of images")


def _standardised(table: pd.DataFrame) -> pd.DataFrame:
    """Return the first repeat with each risk standardised within its fold."""
    told = table[table["repeat"] == table["repeat"].min()]
    by_fold = told.groupby("fold")["log_risk"]
    spread = by_fold.transform("std").fillna(0.0)
    centred = told["log_risk"] - by_fold.transform("mean")
    standardised: pd.DataFrame = told.assign(standardised=centred / spread.where(spread > 0, np.inf))
    return standardised


def _latest_told(rows: pd.DataFrame) -> str | None:
    """Return the column of the latest time at which all of them have a predicted survival."""
    known = [str(name) for name in rows if str(name).startswith("survival_") and rows[name].notna().all()]
    return max(known, key=lambda name: float(name.removeprefix("survival_")), default=None)


def _facts(row: pd.Series, horizon: str | None, run: RunMaterial) -> list[tuple[str, str]]:
    facts = [
        ("rests on", _rests_on(row)),
        ("combinations of images", f"{int(row['combinations']):,}, SD of the log-risk over them {row['spread']:.2f}"),
    ]
    if horizon is None:
        facts.append(("free of the event", "none: the network gives no probability"))
    else:
        name = f"free of the event at {horizon.removeprefix('survival_')} months, predicted"
        facts.append((name, f"{100 * row[horizon]:.0f} % (one network's number, without interval)"))
    modalities = str(row["modalities"]).split("+")
    weights = [(name, row.get(f"weight_{name}")) for name in modalities]
    known = [f"{_word(name)} {weight:.2f}" for name, weight in weights if weight is not None and weight == weight]
    facts.append(("weights in the fusion", ", ".join(known) or "none: the fusion gives no weights"))
    moved = [(name, row.get(f"shapley_{name}")) for name in modalities]
    shares = [f"{_word(name)} {_signed(value)}" for name, value in moved if value is not None and value == value]
    facts.append(("moved the log-risk by (Shapley)", ", ".join(shares) or "none: not computed"))
    facts.append(("what happened", _outcome(row, run.evaluation["endpoint"])))
    return facts


def _rests_on(row: pd.Series) -> str:
    parts = []
    for name in str(row["modalities"]).split("+"):
        count = int(row[f"images_{name}"])
        parts.append(f"{_word(name)} ({count} image{'s' if count > 1 else ''})" if name in IMAGES else _word(name))
    return ", ".join(parts)


def _outcome(row: pd.Series, endpoint: str) -> str:
    """Return the outcome to the year: the exact time might tell who it is."""
    year = int(row["time_months"] // 12) + 1
    if row["event"] == 1:
        return f"the event ({endpoint}) in year {year}"
    if row["competing"] == 1:
        return f"died of something else in year {year}"
    return f"no event ({endpoint}); last seen in year {year}"


def _word(name: str) -> str:
    return MODALITIES.get(name, name)


def _signed(value: float) -> str:
    text = signless_zero(float(value), 2)
    return text if text.startswith("−") or float(text) == 0 else f"+{text}"


def _open(folder: StudyFolder, modality: str, run: RunMaterial) -> PictureInputs | str:
    """Open a modality's pictures as the network saw them, or say why not."""
    from tumorboard.inputs import PictureInputs
    from tumorboard.store import Store

    index = folder.store / f"{modality}.index"
    if run.summary["network"]["features"] and (folder.store / "features" / f"{modality}.index").is_file():
        return "the run looks at features, not at pictures"
    if not index.is_file():
        return "the pictures are not here any more"
    if run.summary["inputs"].get(index.name) != fingerprint([index])[index.name]:
        return "the pictures were prepared anew after the run was trained"
    size = run.summary["network"]["scan_px" if modality == "scan" else "tile_px"]
    try:
        return PictureInputs(Store.open(folder.store, modality), int(size))
    except UserError as error:
        return f"the pictures cannot be read: {error.what}"


def _images(row: pd.Series, modalities: list[str], stores: dict[str, PictureInputs | str]) -> tuple[ShownImages, ...]:
    found = []
    for name in modalities:
        count, store = int(row[f"images_{name}"]), stores[name]
        if not count:
            found.append(ShownImages(_word(name), 0, reason="this patient has none"))
        elif isinstance(store, str):
            found.append(ShownImages(_word(name), count, reason=store))
        else:
            found.append(_some(store, str(row["patient_id"]), name))
    return tuple(found)


def _some(store: PictureInputs, patient: str, modality: str) -> ShownImages:
    from tumorboard.inputs import evenly_spaced

    count = store.count(patient)
    planes = store.values("plane", [patient])
    pictures = []
    try:
        for number in evenly_spaced(count, _MOST_IMAGES):
            what = str(planes[number]) if len(planes) else ""
            pictures.append((_data_uri(store.read_with_channels_last(patient, number)), what))
    except UserError as error:
        return ShownImages(_word(modality), count, reason=f"the pictures cannot be read: {error.what}")
    return ShownImages(_word(modality), count, tuple(pictures))


def _data_uri(picture: NDArray[np.uint8]) -> str:
    image = picture[..., 0] if picture.shape[-1] == 1 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    side = max(image.shape[:2])
    if side > _SHOWN_PX:
        image = cv2.resize(image, None, fx=_SHOWN_PX / side, fy=_SHOWN_PX / side, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode('ascii')}"
