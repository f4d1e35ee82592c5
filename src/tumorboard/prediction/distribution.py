"""Whether a new patient is like those that the model was fitted on.

A model says something of any picture. These warnings tell where its fit patients were not like this one: the colours of
the tiles (stain and scanner), the grey levels and the pixels of the scan, a modality or a profile that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tumorboard.inputs import StudyInputs, picture_statistics

FARTHEST = 3.0
"""Standard deviations between fit patients; a mean beyond is told."""
SMALLEST_SD = 2.0
"""Grey levels of 255: patients of one laboratory may be so alike that any other looks strange."""
FEWEST = 3
"""Fit patients with pictures, without whom nothing is said."""
HARDLY_TRAINED = 20
"""Fit patients with pictures, below whom a reader is told how few they were: a network fits any handful by heart."""
LARGEST_CONTRAST = 2.0
PIXEL_TOLERANCE = 1.05
IMAGES_LOOKED_AT = 64

_TOLD = {"tiles_10x": "the tiles at 10x", "tiles_5x": "the tiles at 5x", "scan": "the scan"}
_PROFILES = {"mutations": "mutations", "copy_number": "copy number"}


def distribution_warnings(
    inputs: StudyInputs, patient: str, folds: Sequence[Mapping[str, Any]], modalities: Sequence[str]
) -> list[str]:
    """Return in what a patient is unlike those that the folds were fitted on.

    Parameters
    ----------
    inputs : StudyInputs
        Of the patient, before any stain is normalised.
    patient : str
    folds : sequence of mapping
        What was saved beside each fold's network: ``seen``, by modality what ``picture_statistics`` found in its fit
        patients, and ``codings``.
    modalities : sequence of str
        What the model looks at.

    Returns
    -------
    list of str
        In words fit for a report; empty where nothing is strange.
    """
    warnings = []
    for name in modalities:
        pictures = inputs.pictures(name)
        if pictures is None or not pictures.count(patient):
            continue
        found = picture_statistics(pictures, [patient], IMAGES_LOOKED_AT)
        known = [seen[name] for fold in folds if name in (seen := fold.get("seen") or {})]
        warnings += picture_warnings(_TOLD.get(name, name), found, known)
    if "genes" in modalities and "genes" in inputs.modalities:
        looked_at = {name for fold in folds for name, own in (fold["codings"].get("genes") or {}).items() if own}
        unknown = [name for name in _PROFILES if name in looked_at and patient not in _profiled(inputs, name)]
        warnings += [f"genes: {_PROFILES[name]} was not profiled, and is taken as unknown" for name in unknown]
    return warnings


def _profiled(inputs: StudyInputs, profile: str) -> frozenset[str]:
    return {str(name): patients for name, patients in inputs.genes.profiled.items()}.get(profile, frozenset())


def picture_warnings(what: str, found: Mapping[str, Any], seen: Sequence[Mapping[str, Any]]) -> list[str]:
    """Hold one patient's pictures against those of the fit patients of each fold.

    Parameters
    ----------
    what : str
        What the pictures are called.
    found : mapping
        What ``picture_statistics`` says of the patient.
    seen : sequence of mapping
        What it said of each fold's fit patients.

    Returns
    -------
    list of str
        What a majority of folds finds strange; and how few patients the network learned such pictures from.
    """
    told = [fold for fold in seen if fold["patients"] >= FEWEST]
    if not seen or all(fold["patients"] == 0 for fold in seen):
        return [f"{what}: no patient that the model was fitted on had any, so that it was never trained on them"]
    few = _few_warnings(what, [fold["patients"] for fold in seen])
    if not told:
        return few
    mean = np.asarray(found["mean"], dtype=np.float64)
    distances = np.median([np.abs(mean - fold["mean"]) / np.maximum(fold["sd"], SMALLEST_SD) for fold in told], axis=0)
    warnings = few
    if distances.max() > FARTHEST:
        usual = np.mean([fold["mean"] for fold in told], axis=0)
        warnings.append(
            f"{what}: {_colours(mean)} in the mean, {distances.max():.1f} standard deviations from the "
            f"{_colours(usual)} of the patients that the model was fitted on"
        )
    contrast = float(np.mean(found["within_sd"])) / max(float(np.mean([fold["within_sd"] for fold in told])), 1e-9)
    if not 1 / LARGEST_CONTRAST <= contrast <= LARGEST_CONTRAST:
        warnings.append(f"{what}: {contrast:.2g} times the contrast of the patients that the model was fitted on")
    return warnings + _pixel_warnings(what, found.get("pixel_mm"), [fold.get("pixel_mm") for fold in told])


def _few_warnings(what: str, patients: Sequence[int]) -> list[str]:
    low, high = min(patients), max(patients)
    if high >= HARDLY_TRAINED:
        return []
    count = f"{high}" if low == high else f"{low} to {high}"
    return [f"{what}: only {count} of a fold's fit patients had any, so that hardly anything was learned of them"]


def _colours(mean: Any) -> str:  # noqa: ANN401 (an array of one or three numbers)
    if len(mean) == 1:
        return f"grey level {mean[0]:.0f}"
    return "red, green, blue " + ", ".join(f"{value:.0f}" for value in mean)


def _pixel_warnings(what: str, own: Sequence[float] | None, seen: Sequence[Sequence[float] | None]) -> list[str]:
    known = [each for each in seen if each]
    if not own or not known:
        return []
    low, high = min(each[0] for each in known), max(each[1] for each in known)
    if own[0] * PIXEL_TOLERANCE >= low and own[1] <= high * PIXEL_TOLERANCE:
        return []
    stated = f"{own[0]:.3g}" if own[0] == own[1] else f"{own[0]:.3g} to {own[1]:.3g}"
    fitted = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
    return [f"{what}: pixels of {stated} mm, while the model was fitted on {fitted} mm"]
