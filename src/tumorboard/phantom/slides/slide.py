"""One simulated patient's slide file, with its true regions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tumorboard.phantom.histology.section import Section
from tumorboard.phantom.histology.tissue import Tissue
from tumorboard.phantom.histology.window import Window
from tumorboard.phantom.patients.patient import SimulatedPatient, generator
from tumorboard.phantom.slides.dirt import Dirt
from tumorboard.phantom.slides.photograph import Photograph
from tumorboard.phantom.slides.regions import artefact_annotation, tissue_annotation, write_regions
from tumorboard.phantom.slides.scanner import slide_scanner, stain_of
from tumorboard.phantom.slides.svs import write_svs

NOMINAL_MPP = 0.25
"""µm per pixel in which the side of a slide is asked for, whatever its scanner's scale."""

_SIDE_VARIATION = 0.15
_TISSUE_MAP_CELLS = 400


@dataclass(frozen=True)
class SlideRecord:
    """What was written of one slide.

    Parameters
    ----------
    patient_id : str
    path : Path
        The slide file.
    regions_path : Path
        Its true regions as GeoJSON.
    width_px, height_px : int
        Size of level 0.
    mpp : float
        µm per pixel of level 0.
    objective : int
        20 or 40.
    level_factors : tuple of int
        How much smaller each level is; level 0's 1 first.
    tissue_share : float
        Part of the slide that is not glass, 0 to 1.
    tumour_share : float
        Part of the tissue that is viable tumour, 0 to 1.
    artefacts : tuple of str
        The kinds of dirt, each once.
    bytes : int
        Size of the slide file.
    """

    patient_id: str
    path: Path
    regions_path: Path
    width_px: int
    height_px: int
    mpp: float
    objective: int
    level_factors: tuple[int, ...]
    tissue_share: float
    tumour_share: float
    artefacts: tuple[str, ...]
    bytes: int


def write_slide(patient: SimulatedPatient, folder: Path, *, side_px: int, number: int = 1) -> SlideRecord:
    """Write a patient's slide and its true regions.

    The files are ``slides/<patient_id>-DX<number>.svs`` and ``truth/regions/<patient_id>-DX<number>.geojson``.

    Parameters
    ----------
    patient : SimulatedPatient
    folder : Path
        The study folder.
    side_px : int
        About the side of the slide in pixels of 0.25 µm; width and height vary by up to 15 % around it.
    number : int
        Which of the patient's slides.

    Returns
    -------
    SlideRecord
    """
    seed = slide_seed(patient, number)
    scanner = slide_scanner(patient.site, patient.seed)
    width_px, height_px = (round(side_um / scanner.mpp) for side_um in section_size_um(seed, side_px))
    width_um, height_um = width_px * scanner.mpp, height_px * scanner.mpp
    section = Section(patient.histology, seed, width_um, height_um)
    dirt = Dirt(seed, width_um, height_um)
    photograph = Photograph(section, scanner, stain_of(scanner, seed), dirt)

    name = f"{patient.patient_id}-DX{number}"
    path = folder / "slides" / f"{name}.svs"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_svs(path, photograph.of_pixels, width_px, height_px, scanner, title=name, seed=seed)

    regions_path = folder / "truth" / "regions" / f"{name}.geojson"
    annotations = [tissue_annotation(region) for region in section.regions()]
    annotations += [artefact_annotation(piece, width_um, height_um) for piece in dirt.artefacts]
    write_regions(regions_path, annotations, mpp=scanner.mpp, width_px=width_px, height_px=height_px)
    tissue_share, tumour_share = _shares(section, width_um, height_um)
    return SlideRecord(
        patient_id=patient.patient_id,
        path=path,
        regions_path=regions_path,
        width_px=width_px,
        height_px=height_px,
        mpp=scanner.mpp,
        objective=scanner.objective,
        level_factors=scanner.level_factors,
        tissue_share=tissue_share,
        tumour_share=tumour_share,
        artefacts=tuple(dict.fromkeys(piece.kind.value for piece in dirt.artefacts)),
        bytes=path.stat().st_size,
    )


def slide_seed(patient: SimulatedPatient, number: int) -> int:
    """Give the seed of one of a patient's slides.

    Parameters
    ----------
    patient : SimulatedPatient
    number : int
        Which slide, from 1.

    Returns
    -------
    int
    """
    return int(generator(patient.seed, patient.number, f"slide {number}").integers(2**62))


def section_size_um(seed: int, side_px: int) -> tuple[float, float]:
    """Give width and height of a section in µm: the asked side, each varied on its own, whatever the patient's outcome.

    Parameters
    ----------
    seed : int
        The slide's seed.
    side_px : int
        The side in pixels of 0.25 µm.

    Returns
    -------
    tuple of float
    """
    factors = generator(seed, 0, "size of the section").uniform(1 - _SIDE_VARIATION, 1 + _SIDE_VARIATION, 2)
    width_um, height_um = (float(factor) * side_px * NOMINAL_MPP for factor in factors)
    return width_um, height_um


def _shares(section: Section, width_um: float, height_um: float) -> tuple[float, float]:
    """Give tissue's share of the slide and the viable tumour's share of the tissue, from a coarse map."""
    mpp = max(width_um, height_um) / _TISSUE_MAP_CELLS
    codes = section.tissue_map(Window(0, 0, int(width_um / mpp), int(height_um / mpp), mpp))
    tissue = int(np.count_nonzero(codes != Tissue.GLASS))
    tumour = int(np.count_nonzero(codes == Tissue.TUMOUR))
    return round(tissue / codes.size, 4), round(tumour / max(tissue, 1), 4)
