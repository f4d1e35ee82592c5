"""All that a study's patients offer to the network, modality by modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from tumorboard.cohort.files import read_cohort, read_genes
from tumorboard.errors import StudyError
from tumorboard.features import FeatureStore
from tumorboard.genomics import GeneTable
from tumorboard.inputs.bags import BagInputs
from tumorboard.inputs.codings import ClinicalCoding, GeneCoding, clinical_numbers
from tumorboard.inputs.pictures import PictureInputs
from tumorboard.store import Store
from tumorboard.study.files import StudyFolder
from tumorboard.study.log import fingerprint
from tumorboard.study.settings import StudySettings
from tumorboard.survival import Survival

if TYPE_CHECKING:
    import pandas as pd

IMAGE_MODALITIES = ("tiles_10x", "tiles_5x", "scan")
ImageInputs = PictureInputs | BagInputs


@dataclass(frozen=True, eq=False)
class StudyInputs:
    """What a study's patients offer to the network.

    Parameters
    ----------
    folder : StudyFolder
    patients : DataFrame
        The cohort, by ``patient_id``.
    genes : GeneTable
    images : dict of str to PictureInputs or BagInputs
        By modality; of those that the network looks at.
    modalities : tuple of str
        What the network looks at, in its order.
    known : dict of str to frozenset of str
        Of genes and clinical values: who has one at least under a fold's coding; see `known_under`.
    """

    folder: StudyFolder
    patients: pd.DataFrame
    genes: GeneTable
    images: dict[str, ImageInputs]
    modalities: tuple[str, ...]
    known: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: StudyFolder, settings: StudySettings) -> Self:
        """Open a study's prepared images, genes and clinical values.

        Parameters
        ----------
        folder : StudyFolder
            With a cohort.
        settings : StudySettings
            Its section ``network`` says which modalities; by default all images and genes that the study has.

        Raises
        ------
        StudyError
            There is no cohort, a wanted modality is not there, or nothing is.
        FileFormatError
            The store is damaged.
        """
        patients = read_cohort(folder).set_index("patient_id", drop=False)
        genes = read_genes(folder)
        wanted = settings.network.modalities
        images = {name: found for name in IMAGE_MODALITIES if (found := _images(folder, name, settings)) is not None}
        there = [*images, *(["genes"] if genes.profiled else []), "clinical"]
        missing = [name for name in wanted if name not in there]
        if missing:
            raise StudyError(
                f"the study has no {missing[0]}",
                where=str(folder.root),
                fix="Run 'tumorboard prepare', or leave it out of network.modalities",
            )
        modalities = tuple(name for name in there if (name in wanted if wanted else name != "clinical"))
        if not modalities:
            raise StudyError(
                "the study has neither images nor genes",
                where=str(folder.root),
                fix="Run 'tumorboard prepare', or name clinical in network.modalities",
            )
        own = {name: found for name, found in images.items() if name in modalities}
        return cls(folder, patients, genes, own, modalities)

    def only(self, modalities: Sequence[str]) -> StudyInputs:
        """Return the same study, with some of its modalities."""
        kept = tuple(name for name in self.modalities if name in modalities)
        return replace(self, modalities=kept, images={name: self.images[name] for name in kept if name in self.images})

    def with_images(self, images: dict[str, ImageInputs]) -> StudyInputs:
        """Return the same study with some images replaced, such as by normalised ones."""
        return replace(self, images={**self.images, **images})

    def known_under(self, genes: GeneCoding | None, clinical: ClinicalCoding | None) -> StudyInputs:
        """Return the same study, in which a patient without any known value under a fold's coding lacks the modality.

        Such is a patient whose copy numbers alone were profiled, where the fold's panel has mutations alone.
        """
        patients = self.patients["patient_id"].astype(str).tolist()
        known = {}
        for name, coding in (("genes", genes), ("clinical", clinical)):
            if coding is not None and name in self.modalities:
                rows = np.flatnonzero(~np.isnan(self.table(coding, patients)).all(axis=1))
                known[name] = frozenset(patients[row] for row in rows)
        return replace(self, known=known)

    def pictures(self, modality: str) -> PictureInputs | None:
        """Return a modality's pictures; None where it has none."""
        found = self.images.get(modality)
        return found if isinstance(found, PictureInputs) else None

    def bags(self, modality: str) -> BagInputs | None:
        """Return a modality's feature bags; None where it has none."""
        found = self.images.get(modality)
        return found if isinstance(found, BagInputs) else None

    @cached_property
    def _who_has(self) -> dict[str, frozenset[str]]:
        have = {name: frozenset(images.patients) for name, images in self.images.items()}
        if "genes" in self.modalities:
            have["genes"] = frozenset().union(*self.genes.profiled.values())
        if "clinical" in self.modalities:
            unknown = np.isnan(np.stack(list(clinical_numbers(self.patients).values()))).all(axis=0)
            have["clinical"] = frozenset(self.patients["patient_id"].to_numpy()[np.flatnonzero(~unknown)].tolist())
        return {name: who & self.known.get(name, who) for name, who in have.items()}

    def present(self, patients: Sequence[str]) -> NDArray[np.bool_]:
        """Return who has what, shape (patients, modalities)."""
        return np.array(
            [[patient in self._who_has[name] for name in self.modalities] for patient in patients], np.bool_
        ).reshape(len(patients), len(self.modalities))

    def outcome(self, patients: Sequence[str]) -> Survival:
        """Return patients' outcomes.

        Raises
        ------
        KeyError
            One is not in the cohort.
        """
        rows = self.patients.loc[list(patients)]
        return Survival(rows["time_months"].to_numpy(float), rows["event"].to_numpy(float) == 1)

    def five_year_status(self, patients: Sequence[str]) -> NDArray[np.int64]:
        """Return 1 for dead, 0 for alive at the landmark, -1 for censored before it."""
        codes = {"dead": 1, "alive": 0}
        status = self.patients.loc[list(patients), "landmark_status"]
        return np.array([codes.get(str(one), -1) for one in status], np.int64)

    def table(self, coding: GeneCoding | ClinicalCoding, patients: Sequence[str]) -> NDArray[np.float32]:
        """Return patients' genes or clinical values under a coding, shape (patients, names); NaN where unknown."""
        if isinstance(coding, GeneCoding):
            return coding.vectors(self.genes, patients)
        return coding.vectors(self.patients.loc[list(patients)])

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of what the network reads: cohort, genes, folds, and each modality's index."""
        paths = [self.folder.cohort, self.folder.genes, self.folder.folds]
        found = fingerprint(path for path in paths if path.is_file())
        for name, images in self.images.items():
            inside = self.folder.store / "features" if isinstance(images, BagInputs) else self.folder.store
            found |= fingerprint([inside / f"{name}.index"])
        return found


def _images(folder: StudyFolder, modality: str, settings: StudySettings) -> ImageInputs | None:
    features = folder.store / "features" / f"{modality}.index"
    if settings.network.features and features.is_file():
        bags = FeatureStore.open(folder.store, modality)
        if bags.patients:
            return BagInputs(bags, modality)
    if not (folder.store / f"{modality}.index").is_file():
        return None
    size = settings.network.scan_px if modality == "scan" else settings.network.tile_px
    pictures = PictureInputs(Store.open(folder.store, modality), size)
    return pictures if pictures.patients else None
