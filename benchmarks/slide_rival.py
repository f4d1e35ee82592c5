"""A straightforward program for the same job as ``tumorboard tile``: OpenSlide, Pillow, numpy, OpenCV.

What a good engineer writes in an afternoon, after the programs of the field: a tissue mask from the slide's lowest
level (median of the saturation, Otsu's threshold, closing), tiles on a regular grid with at least half tissue, read
from the level that suits, reduced by averaging where no level does, blurred ones left out by the variance of their
Laplacian, and written as JPEG into one uncompressed archive with a table.

    python benchmarks/slide_rival.py SLIDE OUT.zip
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import openslide
from PIL import Image

TILE_PX = 256
SCALES = {"10x": 1.0, "5x": 2.0}
LEAST_TISSUE, LEAST_FOCUS = 0.5, 10.0
QUALITY = 90
NATIVE_WITHIN = 0.05


def tissue_mask(slide: openslide.OpenSlide) -> tuple[np.ndarray, float]:
    """Return where tissue is on the slide's lowest level, and that level's downsample."""
    level = slide.level_count - 1
    thumbnail = np.asarray(slide.read_region((0, 0), level, slide.level_dimensions[level]).convert("RGB"))
    saturation = cv2.medianBlur(cv2.cvtColor(thumbnail, cv2.COLOR_RGB2HSV)[..., 1], 7)
    _, mask = cv2.threshold(saturation, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), slide.level_downsamples[level]


def level_for(slide: openslide.OpenSlide, downsample: float) -> tuple[int, int]:
    """Return the level to read and a tile's pixels there: a level within 5 % is taken as it is."""
    level = slide.get_best_level_for_downsample(downsample * (1 + NATIVE_WITHIN))
    ratio = downsample / slide.level_downsamples[level]
    return level, TILE_PX if abs(1 / ratio - 1) <= NATIVE_WITHIN else round(TILE_PX * ratio)


def places(
    slide: openslide.OpenSlide, step: float, mask: np.ndarray, mask_downsample: float
) -> Iterator[tuple[int, int]]:
    """Give the corners of tiles with enough tissue, in level-0 pixels."""
    width, height = slide.dimensions
    for row in range(int(height // step)):
        for column in range(int(width // step)):
            left, top = column * step, row * step
            part = mask[
                int(top / mask_downsample) : int((top + step) / mask_downsample),
                int(left / mask_downsample) : int((left + step) / mask_downsample),
            ]
            if part.mean() >= LEAST_TISSUE:
                yield int(left), int(top)


def tiles(slide: openslide.OpenSlide, scales: Sequence[str]) -> Iterator[tuple[str, int, int, float, bytes]]:
    """Give each tile's scale, corner, focus and JPEG stream."""
    mask, mask_downsample = tissue_mask(slide)
    for scale in scales:
        level, size = level_for(slide, SCALES[scale] / float(slide.properties["openslide.mpp-x"]))
        for left, top in places(slide, size * slide.level_downsamples[level], mask, mask_downsample):
            tile = slide.read_region((left, top), level, (size, size)).convert("RGB")
            if size != TILE_PX:
                tile = tile.resize((TILE_PX, TILE_PX), Image.Resampling.BOX)
            focus = float(cv2.Laplacian(np.asarray(tile.convert("L")), cv2.CV_32F).var())
            if focus >= LEAST_FOCUS:
                stream = io.BytesIO()
                tile.save(stream, "JPEG", quality=QUALITY)
                yield scale, left, top, focus, stream.getvalue()


def prepare(path: Path, out: Path, scales: Sequence[str] = tuple(SCALES)) -> dict[str, int]:
    """Cut a slide's tiles into an archive; return how many at each scale."""
    counts = dict.fromkeys(scales, 0)
    with openslide.OpenSlide(path) as slide, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        table = io.StringIO()
        rows = csv.writer(table)
        rows.writerow(["scale", "left", "top", "focus"])
        for scale, left, top, focus, stream in tiles(slide, scales):
            archive.writestr(f"{scale}/{left}_{top}.jpg", stream)
            rows.writerow([scale, left, top, round(focus, 2)])
            counts[scale] += 1
        archive.writestr("tiles.csv", table.getvalue())
    return counts


if __name__ == "__main__":
    print(prepare(Path(sys.argv[1]), Path(sys.argv[2])))
