"""Ready-made tiles of a simulated slide, for large cohorts without slide files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import imagecodecs

from tumorboard.phantom.histology.section import Section
from tumorboard.phantom.histology.window import Window
from tumorboard.phantom.patients.patient import SimulatedPatient
from tumorboard.phantom.slides.photograph import Photograph
from tumorboard.phantom.slides.pyramid import averaged_down
from tumorboard.phantom.slides.scanner import slide_scanner, stain_of
from tumorboard.phantom.slides.slide import section_size_um, slide_seed

TILE_PX = 256
_QUALITY = 90
_TILE_MPP = {"10x": 1.0, "5x": 2.0}
# finer painting looks the same; coarser, thin lines and small nuclei get other colours
_PAINTED_MPP = 0.5


@dataclass(frozen=True)
class TileRecord:
    """One ready-made tile.

    Parameters
    ----------
    patient_id : str
    path : Path
        The JPEG file, relative to the study folder.
    magnification : str
        ``10x`` or ``5x``.
    mpp : float
        µm per pixel: 1.0 or 2.0.
    left_um, top_um : float
        Upper left corner on the section, in µm.
    """

    patient_id: str
    path: Path
    magnification: str
    mpp: float
    left_um: float
    top_um: float


def write_tiles(
    patient: SimulatedPatient, folder: Path, *, count_10x: int, count_5x: int, side_px: int = 16_384, number: int = 1
) -> list[TileRecord]:
    """Write tiles of a patient's tumour, and a table of where they lie.

    The files are ``tiles/<patient_id>/10x/0001.jpg``, ``5x/0001.jpg`` and so on, and ``tiles/<patient_id>/tiles.csv``.
    They show the section that `write_slide` would scan at the same ``side_px``, without dirt.

    Parameters
    ----------
    patient : SimulatedPatient
    folder : Path
        The study folder.
    count_10x, count_5x : int
        How many tiles of 256 x 256 pixels at 1.0 and at 2.0 µm per pixel; they overlap where the tumour has no room
        for so many.
    side_px : int
        About the side of the section in pixels of 0.25 µm.
    number : int
        Which of the patient's slides.

    Returns
    -------
    list of TileRecord
    """
    seed = slide_seed(patient, number)
    scanner = slide_scanner(patient.site, patient.seed)
    section = Section(patient.histology, seed, *section_size_um(seed, side_px))
    photograph = Photograph(section, scanner, stain_of(scanner, seed))
    own = Path("tiles") / patient.patient_id
    records = []
    for magnification, count in (("10x", count_10x), ("5x", count_5x)):
        (folder / own / magnification).mkdir(parents=True, exist_ok=True)
        for index, (left_um, top_um) in enumerate(_corners(section, magnification, count), start=1):
            path = own / magnification / f"{index:04d}.jpg"
            mpp = _TILE_MPP[magnification]
            (folder / path).write_bytes(_tile(photograph, left_um, top_um, mpp))
            records.append(TileRecord(patient.patient_id, path, magnification, mpp, left_um, top_um))
    _write_table(folder / own / "tiles.csv", records)
    return records


def _corners(section: Section, magnification: str, count: int) -> Iterator[tuple[float, float]]:
    """Give the upper left corners of tiles in the tumour, on whole pixels of the painting."""
    if not count:
        return
    mpp = _TILE_MPP[magnification]
    for x_um, y_um in section.tumour_positions(TILE_PX * mpp, count, f"tiles at {magnification}"):
        yield float(round(x_um / _PAINTED_MPP) * _PAINTED_MPP), float(round(y_um / _PAINTED_MPP) * _PAINTED_MPP)


def _tile(photograph: Photograph, left_um: float, top_um: float, mpp: float) -> bytes:
    averaged_px = round(mpp / _PAINTED_MPP)
    side_px = TILE_PX * averaged_px
    picture = photograph.of_window(Window(left_um, top_um, side_px, side_px, _PAINTED_MPP))
    small = averaged_down(picture, averaged_px)
    return bytes(imagecodecs.jpeg8_encode(small, level=_QUALITY, subsampling="444"))


def _write_table(path: Path, records: list[TileRecord]) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["patient_id", "file", "magnification", "mpp", "left_um", "top_um"])
    for record in records:
        table.writerow(
            [record.patient_id, record.path.as_posix(), record.magnification, record.mpp, record.left_um, record.top_um]
        )
    path.write_text(text.getvalue(), encoding="utf-8")
