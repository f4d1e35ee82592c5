"""One new patient, from raw files to what the folds of a run say."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorboard.cohort import build_cohort, write_cohort
from tumorboard.errors import StudyError
from tumorboard.features import FeatureStore
from tumorboard.inputs import StudyInputs, evenly_spaced
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.pipeline.features import prepare_features
from tumorboard.pipeline.scans import prepare_scans
from tumorboard.pipeline.slides import prepare_slides
from tumorboard.prediction.distribution import distribution_warnings
from tumorboard.prediction.ensemble import Ensemble
from tumorboard.prediction.page import PAGE_FILE, write_page
from tumorboard.prediction.patient_folder import PatientFiles, gather_patient
from tumorboard.prediction.result import result_of
from tumorboard.store import Store
from tumorboard.study.files import StudyFolder, write_json
from tumorboard.study.settings import StudySettings, load_settings, parse_settings

RESULT_FILE = "prediction.json"
SHOWN_IMAGES = 6
_IMAGES = ("tiles_10x", "tiles_5x", "scan")
_SLIDE_MODALITIES = ("tiles_10x", "tiles_5x")

Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class NewPatient:
    """What is said of a new patient.

    Parameters
    ----------
    result : dict
        What ``tumorboard predict --json`` prints.
    pictures : dict of str to list of ndarray of uint8, shape (channels, size, size)
        By modality, some of the images that it rests on, as the network saw them but for the stain.
    """

    result: dict[str, Any]
    pictures: dict[str, list[NDArray[np.uint8]]]

    def write(self, out: Path) -> tuple[Path, Path]:
        """Write ``prediction.json`` and ``prediction.html``; return where.

        Raises
        ------
        StudyError
            The folder cannot be written.
        """
        write_json(out / RESULT_FILE, self.result)
        write_page(out / PAGE_FILE, self.result, self.pictures)
        return out / RESULT_FILE, out / PAGE_FILE


def predict_patient_folder(model: Path, folder: Path, *, tell: Tell = lambda _: None) -> NewPatient:
    """Predict a new patient from raw files.

    Slides are cut, scans measured and genes read as those of the model's study were, in a temporary folder that is
    removed at the end.

    Parameters
    ----------
    model : Path
        ``runs/<name>/model``.
    folder : Path
        The patient's; see ``prediction.patient_folder``. Nothing is written into it.
    tell : callable
        Told what is being done.

    Returns
    -------
    NewPatient

    Raises
    ------
    UserError
        There is no model, nothing of a patient is found, a table has bad cells, or nothing that the model looks at can
        be read.
    """
    tell("reading the model")
    ensemble = Ensemble.read(model)
    settings = parse_settings(ensemble.facts["settings"], str(model))
    with tempfile.TemporaryDirectory(prefix="tumorboard-") as temporary:
        study = StudyFolder(Path(temporary))
        files = gather_patient(folder, study.root, settings)
        warnings = [*_known_patient(ensemble, files.patient_id), *files.remarks]
        warnings += _prepared(study, files, ensemble.modalities, tell)
        inputs = _open(study, load_settings(study), ensemble.modalities, warnings)
        warnings += distribution_warnings(
            inputs,
            files.patient_id,
            [member.further for member in ensemble.members],
            ensemble.modalities,
        )
        tell("encoding and combining images")
        found = ensemble.predict(lambda member: FoldInputs.from_config(inputs, member.further), files.patient_id)
        if found is None:
            raise _nothing(ensemble.modalities, warnings)
        pictures = {name: _some_pictures(inputs, name, files.patient_id) for name in found.images if name in _IMAGES}
        return NewPatient(result_of(ensemble, found, files.patient_id, list(dict.fromkeys(warnings))), pictures)


def _known_patient(ensemble: Ensemble, patient: str) -> list[str]:
    times = ensemble.times_seen(patient)
    if not times:
        return []
    return [
        f"{times} of {len(ensemble.members)} folds were fitted or selected on a patient of this identifier: if it is "
        "the same person, this prediction is too good; take the study's own out-of-fold prediction"
    ]


def _prepared(study: StudyFolder, files: PatientFiles, modalities: Sequence[str], tell: Tell) -> list[str]:
    """Prepare what the model looks at; return what went wrong."""
    tell("reading tables")
    cohort = build_cohort(study, load_settings(study))
    write_cohort(study, cohort)
    warnings = [finding.text for finding in cohort.findings if finding.kind not in {"incomplete", "left out"}]
    if files.slides and set(modalities) & set(_SLIDE_MODALITIES):
        tell("cutting slides into tiles")
        slides = prepare_slides(study, progress=lambda *_: None, workers=1)
        for record in slides.records:
            warnings += [f"slide {Path(record.path).name}: {warning}" for warning in record.warnings]
        warnings += [f"slide {Path(each.path).name} was not read: {each.reason}" for each in slides.failed]
        if slides.patients_without_tiles and not slides.failed:
            warnings.append("no tile of the slides shows enough tissue")
    if files.scans and "scan" in modalities:
        tell("measuring the scan and cutting its planes")
        for scan in prepare_scans(study, progress=lambda *_: None, workers=1).records:
            warnings += [f"scan: {warning}" for warning in scan.warnings]
            warnings += [] if scan.status == "prepared" else [f"the scan was not used: {scan.reason}"]
    if files.features:
        tell("taking over features")
        stored = prepare_features(study, progress=lambda *_: None)
        warnings += [f"{Path(each.path).name} was not read: {each.reason}" for each in stored.refused] if stored else []
    return warnings


def _open(
    study: StudyFolder, settings: StudySettings, modalities: Sequence[str], warnings: Sequence[str]
) -> StudyInputs:
    """Open what there is of the patient and the model looks at."""
    there = [name for name in modalities if name in _IMAGES and _has_images(study, name, settings.network.features)]
    genes = "genes" in modalities and _has_genes(study)
    wanted = [*there, *(["genes"] if genes else []), *(["clinical"] if "clinical" in modalities else [])]
    if not wanted:
        raise _nothing(modalities, warnings)
    network = settings.network.model_copy(update={"modalities": tuple(wanted)})
    return StudyInputs.open(study, settings.model_copy(update={"network": network}))


def _has_images(study: StudyFolder, modality: str, features: bool) -> bool:
    if features and (study.store / "features" / f"{modality}.index").is_file():
        return bool(FeatureStore.open(study.store, modality).patients)
    return (study.store / f"{modality}.index").is_file() and len(Store.open(study.store, modality)) > 0


def _has_genes(study: StudyFolder) -> bool:
    from tumorboard.cohort import read_genes

    return any(read_genes(study).profiled.values())


def _nothing(modalities: Sequence[str], warnings: Sequence[str]) -> StudyError:
    told = f" ({'; '.join(warnings[:2])})" if warnings else ""
    return StudyError(
        f"nothing was found that the model looks at{told}",
        fix=f"It looks at {', '.join(modalities)}; one of them is enough",
    )


def _some_pictures(inputs: StudyInputs, modality: str, patient: str) -> list[NDArray[np.uint8]]:
    pictures = inputs.pictures(modality)
    if pictures is None:
        return []
    return [pictures.read(patient, number) for number in evenly_spaced(pictures.count(patient), SHOWN_IMAGES)]
