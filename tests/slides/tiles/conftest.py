"""Small slides of every kind, all showing the same tissue."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tumorboard.phantom.slides import ColourCoding, slide_scanner, write_svs
from tumorboard.slides.opening import open_slide

SIDE_UM = 640  # 2560 pixels at 0.25 µm: 16 x 160, so that OpenSlide's downsamples are whole numbers
SCANNER = replace(slide_scanner("a site", 1), quality=90, objective=40)

KINDS = {
    "native 256": (256, ColourCoding.YCBCR_420, (1, 4, 16), 0.25),
    "native 240": (240, ColourCoding.RGB, (1, 4, 16), 0.25),
    "quarter": (240, ColourCoding.YCBCR_422, (1, 16), 0.25),
    "resampled": (256, ColourCoding.YCBCR_420, (1, 16), 0.2325),
    "20x": (240, ColourCoding.RGB, (1, 4), 0.5),
}
"""Stored tiles, colour, level factors, µm per pixel."""


@pytest.fixture(scope="session")
def tissue() -> np.ndarray:
    """A picture of 640 x 640 µm at 0.125 µm per pixel."""
    random = np.random.default_rng(3)
    side = SIDE_UM * 8
    picture = np.full((side, side, 3), (225, 160, 200), np.uint8)
    for x, y in random.uniform(0, side, (900, 2)).astype(int).tolist():
        colour = (random.normal((110, 60, 140), 15)).clip(0, 255).tolist()
        cv2.circle(picture, (x, y), int(random.uniform(20, 45)), colour, -1)
    return cv2.GaussianBlur(picture, (0, 0), 6)


@pytest.fixture(scope="session")
def slide_files(tissue, tmp_path_factory):
    """Return the path of a slide of a kind, written when it is first asked for."""
    folder = tmp_path_factory.mktemp("slides")

    def file(kind: str):
        path = folder / f"{kind}.svs"
        if not path.is_file():
            tile_px, colour, factors, mpp = KINDS[kind]
            scanner = replace(SCANNER, tile_px=tile_px, colour=colour, level_factors=factors, mpp=mpp)
            scanner = replace(scanner, objective=20 if mpp > 0.4 else 40)
            side = round(SIDE_UM / mpp) // 16 * 16
            whole = cv2.resize(tissue, (side, side), interpolation=cv2.INTER_AREA)
            write_svs(path, lambda left, top, w, h: whole[top : top + h, left : left + w], side, side, scanner)
        return path

    return file


@pytest.fixture
def opened(slide_files):
    """Open a slide of a kind."""
    slides = []

    def opener(kind: str):
        slides.append(open_slide(slide_files(kind)))
        return slides[-1]

    yield opener
    for slide in slides:
        slide.close()


@pytest.fixture(params=KINDS)
def slide(request, opened):
    """A slide of every kind."""
    return opened(request.param)
