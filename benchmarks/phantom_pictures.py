"""Contact sheets of simulated tiles and scans, for the documentation and for a look beside real ones.

    python benchmarks/phantom_pictures.py                          # docs/images/phantom_*.jpg: simulated alone
    python benchmarks/phantom_pictures.py --real DATA --out DIR    # beside real KIRC tiles and kidney CT, into DIR

The licences of the real pictures forbid to copy some of them, so that sheets with them stay out of the project.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tumorboard.phantom.anatomy import (
    Acquisition,
    Contrast,
    Grid,
    Plane,
    field_of_view,
    label_volume,
    measure_tumour,
    paint_volume,
    plane_images,
    simulate_body,
)
from tumorboard.phantom.histology import Section, Tissue, Window
from tumorboard.phantom.patients import SimulatedPatient, generator, simulate_cohort
from tumorboard.phantom.slides import slide_scanner, slide_seed, stain_of
from tumorboard.phantom.slides.photograph import Photograph

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SEED, SIDE_UM, TILE_PX, GAP_PX, COLUMNS = 5, 3000.0, 256, 4, 6
TISSUES = (
    Tissue.NORMAL_KIDNEY, Tissue.STROMA, Tissue.NECROSIS, Tissue.HYALINE, Tissue.HAEMORRHAGE, Tissue.LYMPHOCYTES,
)  # fmt: skip
CT_WINDOW_HU = (-160, 240)
NARROW_WINDOW_HU = (0, 255)
"""The window in which the real CT slices were stored."""


def tiled(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Lay pictures of one size out in rows, with white gaps."""
    height, width = rows[0][0].shape[:2]
    columns = max(len(row) for row in rows)
    sheet = np.full((len(rows) * (height + GAP_PX), columns * (width + GAP_PX), 3), 255, np.uint8)
    for number, row in enumerate(rows):
        for place, picture in enumerate(row):
            top, left = number * (height + GAP_PX), place * (width + GAP_PX)
            colour = picture if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
            sheet[top : top + height, left : left + width] = colour
    return sheet


def save(path: Path, rgb: np.ndarray) -> None:
    """Write a picture and say where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    print(path)


class Slide:
    """A patient's slide, from which tiles are cut."""

    def __init__(self, patient: SimulatedPatient) -> None:
        seed = slide_seed(patient, 1)
        scanner = slide_scanner(patient.site, patient.seed)
        self.section = Section(patient.histology, seed, SIDE_UM, SIDE_UM)
        self._photograph = Photograph(self.section, scanner, stain_of(scanner, seed))

    def tile(self, left_um: float, top_um: float, mpp: float) -> np.ndarray:
        """Paint a tile, at half its scale where it is coarse."""
        finer = 1 if mpp < 0.5 else 2
        side_px = TILE_PX * finer
        painted = self._photograph.of_window(Window(left_um, top_um, side_px, side_px, mpp / finer))
        return cv2.resize(painted, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)

    def tumour(self, mpp: float, number: int = 0) -> np.ndarray:
        """Paint a tile of the tumour."""
        left_um, top_um = self.section.tumour_positions(TILE_PX * mpp, number + 1, f"pictures at {mpp}")[number]
        return self.tile(float(left_um), float(top_um), mpp)

    def of_tissue(self, tissue: Tissue, mpp: float) -> np.ndarray | None:
        """Paint a tile in the middle of the largest place of a tissue; None where there is too little."""
        coarse = 4.0
        cells = int(SIDE_UM / coarse)
        found = (self.section.tissue_map(Window(0, 0, cells, cells, coarse)) == tissue).astype(np.uint8)
        depth = cv2.distanceTransform(cv2.copyMakeBorder(found, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        if depth.max() * coarse < TILE_PX * mpp * 0.4:
            return None
        half = TILE_PX * mpp / 2
        return self.tile((column - 0.5) * coarse - half, (row - 0.5) * coarse - half, mpp)


def tissue_row(slides: Sequence[Slide], mpp: float) -> list[np.ndarray]:
    """Paint one tile of each tissue beside the tumour, from the first slide that has enough of it."""
    row = []
    for tissue in TISSUES:
        found = (slide.of_tissue(tissue, mpp) for slide in slides)
        row.append(next((tile for tile in found if tile is not None), np.full((TILE_PX, TILE_PX, 3), 255, np.uint8)))
    return row


def windowed(values: np.ndarray, limits: tuple[int, int]) -> np.ndarray:
    """Turn Hounsfield units into grey levels."""
    low, high = limits
    return np.rint(np.clip((values - float(low)) * (255 / (high - low)), 0, 255)).astype(np.uint8)


def transversal(patient: SimulatedPatient, contrast: Contrast, limits: tuple[int, int]) -> np.ndarray:
    """Paint the transversal CT slice of the largest diameter, 512 x 512."""
    body = simulate_body(patient)
    field = field_of_view(body, slice_mm=1, pixel_mm=0.8, size_px=512, slices=1)
    height_mm = measure_tumour(body).diameters[Plane.TRANSVERSAL].position_mm
    grid = Grid(1, 512, 512, 1, 0.8, (field.origin_mm[0], field.origin_mm[1], height_mm))
    rng = generator(SEED, patient.number, "pictures")
    noise = Acquisition(noise=float(rng.uniform(10, 28)))
    return windowed(paint_volume(body, grid, label_volume(body, grid), contrast, noise, rng).voxels[0], limits)


def planes(patient: SimulatedPatient, contrast: Contrast) -> list[np.ndarray]:
    """Paint the three planes of a contrast."""
    rng = generator(SEED, patient.number, f"planes {contrast}")
    return list(plane_images(simulate_body(patient), contrast, Acquisition(), rng).values())


def for_the_documentation(patients: Sequence[SimulatedPatient]) -> None:
    """Write the sheets of simulated pictures."""
    slides = [Slide(patient) for patient in patients[:COLUMNS]]
    tiles = [
        [slide.tumour(0.25) for slide in slides],
        tissue_row(slides, 0.25),
        [slide.tumour(1.0) for slide in slides],
        [slide.tumour(2.0) for slide in slides],
    ]
    save(IMAGES / "phantom_tiles.jpg", tiled(tiles))
    contrasts = [Contrast.NON_CONTRAST, Contrast.ARTERIAL, Contrast.NEPHROGRAPHIC, Contrast.DELAYED]
    scans = [planes(patients[0], contrast) + planes(patients[1], contrast) for contrast in contrasts]
    scans.append([plane for contrast in (Contrast.T1_POST, Contrast.T2) for plane in planes(patients[2], contrast)])
    save(IMAGES / "phantom_scans.jpg", tiled(scans))


def beside_real(patients: Sequence[SimulatedPatient], real: Path, out: Path) -> None:
    """Write sheets in which rows of real and of simulated pictures take turns."""

    def read(folder: str) -> list[np.ndarray]:
        return [cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in sorted((real / folder).glob("*"))]

    slides = [Slide(patient) for patient in patients[: 2 * COLUMNS]]
    cancer = [slide.tumour(0.25) for slide in slides]
    rows = [
        read("tiles_kirc/cancer") + cancer[:3],
        cancer[3 : 3 + COLUMNS],
        read("tiles_kirc/normal") + read("tiles_kirc/stroma"),
        tissue_row(slides, 0.25),
        read("tiles_kirc/blood") + read("tiles_kirc/other"),
        tissue_row(slides[::-1], 0.25),
    ]
    save(out / "tiles_beside_real.png", tiled(rows))
    slices = [picture[:, :, 0] for picture in read("scans/kits19_slices/images")]
    ours = [
        transversal(patient, Contrast.ARTERIAL if patient.number % 3 else Contrast.NEPHROGRAPHIC, NARROW_WINDOW_HU)
        for patient in patients[:8]
    ]
    chosen = slices[::3]
    save(out / "scans_beside_real.png", tiled([chosen[:4], ours[:4], chosen[4:8], ours[4:8]]))


def main() -> None:
    """Write the sheets."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--real", type=Path)
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    asked = parser.parse_args()
    patients = simulate_cohort(24, SEED).patients
    if asked.real:
        beside_real(patients, asked.real, asked.out)
    else:
        for_the_documentation(patients)


if __name__ == "__main__":
    main()
