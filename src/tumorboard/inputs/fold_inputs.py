"""A fold's view of its study: codings and stain that its fit patients gave, and inputs as tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from tumorboard.errors import StudyError, UndefinedEstimateError
from tumorboard.inputs.codings import ClinicalCoding, GeneCoding
from tumorboard.inputs.pictures import PictureInputs, evenly_spaced
from tumorboard.inputs.stain import (
    TILES_LOOKED_AT,
    PatientStain,
    Tile,
    normaliser_from_json,
    normaliser_to_json,
)
from tumorboard.inputs.study_inputs import ImageInputs, StudyInputs
from tumorboard.network.encoders import Bag
from tumorboard.network.encoders.encoder import Inputs
from tumorboard.slides.stain import MacenkoNormaliser, Normaliser, ReinhardNormaliser
from tumorboard.study.settings import StudySettings
from tumorboard.study.training_settings import NetworkChoices


@dataclass(frozen=True, eq=False)
class FoldInputs:
    """What a fold's network reads of any patient of a study.

    Parameters
    ----------
    study : StudyInputs
        With the fold's modalities, with those who have a value under its codings and, where tiles are normalised, with
        the fold's stain.
    genes : GeneCoding or None
    clinical : ClinicalCoding or None
    readings : ClinicalCoding or None
        Of the clinical values that images learn to tell, whether or not the network looks at clinical values.
    """

    study: StudyInputs
    genes: GeneCoding | None
    clinical: ClinicalCoding | None
    readings: ClinicalCoding | None = None

    @classmethod
    def fit(cls, study: StudyInputs, settings: StudySettings, fit_patients: Sequence[str]) -> Self:
        """Learn what is to be learned, on fit patients only.

        Modalities that no fit patient has, or of which nothing is to be learned, are left out.

        Raises
        ------
        StudyError
            The fit patients have nothing at all.
        """
        genes = clinical = None
        there = study.present(fit_patients)
        kept = [name for number, name in enumerate(study.modalities) if there[:, number].any()]
        if "genes" in kept:
            numbers = settings.genes
            genes = GeneCoding.fit(
                study.genes, fit_patients, mutations=numbers.mutations, copy_number=numbers.copy_number
            )
            genes = genes if genes.names else None
        if "clinical" in kept:
            clinical = ClinicalCoding.fit(study.patients.loc[list(fit_patients)])
            clinical = clinical if clinical.names else None
        empty = {name for name, coding in (("genes", genes), ("clinical", clinical)) if coding is None}
        kept = [name for name in kept if name not in empty]
        if not kept:
            raise StudyError(
                "the fit patients have neither images nor genes to learn from", where=str(study.folder.root)
            )
        study = study.only(kept)
        if settings.training.stain != "none":
            study = _normalised(study, {
                name: _fitted(pictures, settings.training.stain, fit_patients)
                for name in kept if (pictures := study.pictures(name)) is not None and pictures.channels == 3
            })  # fmt: skip
        readings = _readings(study, settings.network, fit_patients)
        return cls(study.known_under(genes, clinical), genes, clinical, readings)

    @classmethod
    def from_config(cls, study: StudyInputs, further: Mapping[str, Any]) -> Self:
        """Take up what a fold saved with its model, for any study.

        Parameters
        ----------
        study : StudyInputs
            Opened with the model's picture sizes.
        further : mapping
            As ``load_model(folder).further`` has it.

        Raises
        ------
        FileFormatError
            It is something else.
        """
        codings = further["codings"]
        stain = further.get("stain") or {}
        study = study.only(further["modalities"])
        study = _normalised(
            study, {name: normaliser_from_json(own) for name, own in stain.items() if study.pictures(name) is not None}
        )
        genes = GeneCoding.from_json(codings["genes"]) if codings.get("genes") else None
        clinical = ClinicalCoding.from_json(codings["clinical"]) if codings.get("clinical") else None
        return cls(study.known_under(genes, clinical), genes, clinical)

    @property
    def modalities(self) -> tuple[str, ...]:
        """What the fold's network looks at, in its order."""
        return self.study.modalities

    def codings_to_json(self) -> dict[str, Any]:
        """Return the codings for ``config.json``."""
        return {
            "genes": None if self.genes is None else self.genes.to_json(),
            "clinical": None if self.clinical is None else self.clinical.to_json(),
            "readings": None if self.readings is None else self.readings.to_json(),
        }

    def stain_to_json(self) -> dict[str, Any] | None:
        """Return each modality's stain reference for ``config.json``; None where nothing is normalised."""
        found = {
            name: normaliser_to_json(images.stain.normaliser)
            for name, images in self.study.images.items()
            if isinstance(images, PictureInputs) and images.stain is not None
        }
        return found or None

    def present(self, patients: Sequence[str]) -> NDArray[np.bool_]:
        """Return who has what, shape (patients, modalities); see `StudyInputs.present`."""
        return self.study.present(patients)

    def count(self, modality: str, patient: str) -> int:
        """Return how many images a patient has; a bag or a table's row is one, and 0 says that there is none."""
        if modality not in self.modalities:
            return 0
        if modality in self.study.images:
            return self.study.images[modality].count(patient)
        return int(self.present([patient])[0, self.modalities.index(modality)])

    def read(self, modality: str, patient: str, numbers: Sequence[int]) -> Inputs:
        """Return some of them: pictures as bytes, shape (n, channels, size, size), rows of a table, or a bag.

        Parameters
        ----------
        modality : str
        patient : str
            Who has it.
        numbers : sequence of int
            From 0 to below ``count``.
        """
        if pictures := self.study.pictures(modality):
            return torch.from_numpy(np.stack([pictures.read(patient, number) for number in numbers]))
        if bags := self.study.bags(modality):
            features = torch.from_numpy(np.array(bags.read(patient)))[None]
            return Bag(features, torch.ones(features.shape[:2], dtype=torch.bool))
        return self.rows(modality, [patient])

    def rows(self, modality: str, patients: Sequence[str]) -> torch.Tensor:
        """Return genes or clinical values of patients of the study, shape (patients, names); NaN where unknown."""
        known = self._coded[modality]
        return known.values[[known.places[patient] for patient in patients]]

    def readings_of(self, names: Sequence[str], patients: Sequence[str]) -> torch.Tensor:
        """Return clinical values that images learn to tell, shape (patients, names); NaN where unknown."""
        assert self.readings is not None
        columns = [self.readings.names.index(name) for name in names]
        return torch.from_numpy(self.study.table(self.readings, patients)[:, columns])

    @cached_property
    def _coded(self) -> dict[str, _Coded]:
        """Tables of all patients of the study, coded once: training asks for them in every step."""
        everyone = [str(patient) for patient in self.study.patients.index]
        places = {patient: place for place, patient in enumerate(everyone)}
        return {
            name: _Coded(places, torch.from_numpy(self.study.table(coding, everyone)))
            for name, coding in (("genes", self.genes), ("clinical", self.clinical))
            if coding is not None
        }


@dataclass(frozen=True, eq=False)
class _Coded:
    places: Mapping[str, int]
    values: torch.Tensor


def _readings(study: StudyInputs, choices: NetworkChoices, fit_patients: Sequence[str]) -> ClinicalCoding | None:
    if not choices.readings:
        return None
    coding = ClinicalCoding.fit(study.patients.loc[list(fit_patients)])
    for reading in choices.readings:
        modality, _, name = reading.partition(" ")
        if modality in study.modalities and name not in coding.names:
            raise StudyError(
                f"images cannot learn to tell {name}: it is unknown of the fit patients, or the same in all",
                where="network.readings",
                fix=f"Take {reading!r} out",
            )
    return coding


def _tiles(pictures: PictureInputs, patient: str) -> list[Tile]:
    numbers = evenly_spaced(pictures.count(patient), TILES_LOOKED_AT)
    return [np.ascontiguousarray(pictures.read(patient, number).transpose(1, 2, 0)) for number in numbers]


def _fitted(pictures: PictureInputs, method: str, fit_patients: Sequence[str]) -> Normaliser:
    kind = MacenkoNormaliser if method == MacenkoNormaliser.method else ReinhardNormaliser
    tiles = (_tiles(pictures, patient) for patient in fit_patients if pictures.count(patient))
    try:
        return kind.fit(tiles)
    except UndefinedEstimateError as error:
        raise StudyError(error.reason, where="training.stain", fix="Set it to none") from error


def _normalised(study: StudyInputs, normalisers: Mapping[str, Normaliser]) -> StudyInputs:
    images: dict[str, ImageInputs] = {}
    for name, normaliser in normalisers.items():
        pictures = study.pictures(name)
        assert pictures is not None
        plain = pictures.with_stain(None)
        images[name] = plain.with_stain(PatientStain(normaliser, partial(_tiles, plain)))
    return study.with_images(images)
