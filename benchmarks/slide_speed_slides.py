"""The simulated slides on which the speed of cutting tiles is measured: the same on every machine.

python benchmarks/slide_speed_slides.py FOLDER [NAME ...]
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2

from tumorboard.phantom.histology import Section
from tumorboard.phantom.patients.patient import HistologyFactors
from tumorboard.phantom.slides import ColourCoding, SlideScanner, slide_scanner, stain_of, write_svs
from tumorboard.phantom.slides.dirt import Dirt
from tumorboard.phantom.slides.photograph import Photograph

SEED = 4
_SCANNER = replace(slide_scanner("the benchmark's site", SEED), objective=40)
_NATIVE, _NOT_NATIVE = (1, 4, 16), (1, 16)


def _scanner(tile_px: int, colour: ColourCoding, quality: int, factors: tuple[int, ...], mpp: float) -> SlideScanner:
    return replace(_SCANNER, tile_px=tile_px, colour=colour, quality=quality, level_factors=factors, mpp=mpp)


SLIDES: dict[str, tuple[int, int, SlideScanner]] = {
    "20k-native": (20_010, 19_990, _scanner(256, ColourCoding.YCBCR_420, 75, _NATIVE, 0.2520)),
    "20k-native-even": (20_000, 20_000, _scanner(256, ColourCoding.YCBCR_420, 75, _NATIVE, 0.2500)),
    "20k-native-even-rgb": (20_000, 20_000, _scanner(240, ColourCoding.RGB, 80, _NATIVE, 0.2500)),
    "20k-quarter-even": (20_000, 20_000, _scanner(256, ColourCoding.YCBCR_420, 75, _NOT_NATIVE, 0.2500)),
    "20k-native-rgb": (20_010, 19_990, _scanner(240, ColourCoding.RGB, 80, _NATIVE, 0.2480)),
    "20k-quarter": (20_010, 19_990, _scanner(240, ColourCoding.YCBCR_422, 75, _NOT_NATIVE, 0.2520)),
    "20k-resampled": (20_010, 19_990, _scanner(256, ColourCoding.YCBCR_420, 80, _NOT_NATIVE, 0.2325)),
    "40k-native": (40_010, 39_990, _scanner(240, ColourCoding.YCBCR_422, 75, _NATIVE, 0.2520)),
    "40k-quarter": (40_010, 39_990, _scanner(256, ColourCoding.RGB, 80, _NOT_NATIVE, 0.2480)),
}
"""Width, height and scanner: with and without a native level at 10x; 240 and 256 px; RGB and YCbCr.

The sides of those named even are multiples of 16, so that OpenSlide's downsamples are whole numbers and it copies
pixels; otherwise, as with most real slides, it interpolates every picture of a smaller level.
"""


def slide_file(folder: Path, name: str) -> Path:
    """Return a slide's file, written where it is missing (one to five minutes)."""
    path = folder / f"{name}.svs"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        width_px, height_px, scanner = SLIDES[name]
        width_um, height_um = width_px * scanner.mpp, height_px * scanner.mpp
        factors = HistologyFactors(0.4, 0.5, 0.6, 0.5, 0.4, 0.5)
        section = Section(factors, SEED, width_um, height_um)
        photograph = Photograph(section, scanner, stain_of(scanner, SEED), Dirt(SEED, width_um, height_um))
        write_svs(path, photograph.of_pixels, width_px, height_px, scanner, title=name, seed=SEED)
    return path


if __name__ == "__main__":
    cv2.setNumThreads(1)
    for name in sys.argv[2:] or SLIDES:
        print(slide_file(Path(sys.argv[1]), name), flush=True)
