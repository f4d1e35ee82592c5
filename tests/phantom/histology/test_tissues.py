"""Each simulated tissue beside the real tiles of its class, in optical density."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tumorboard.phantom.histology import Canvas, Stain, Window, foci
from tumorboard.phantom.histology.blood import paint_lakes, paint_vessels
from tumorboard.phantom.histology.fat import paint_fat
from tumorboard.phantom.histology.kidney import paint_kidney
from tumorboard.phantom.histology.layout import WALL_LEVEL
from tumorboard.phantom.histology.pink import paint_hyaline, paint_necrosis
from tumorboard.phantom.histology.stroma import paint_lymphocytes, paint_stroma

TOLERANCE = 0.06
"""Optical density by which mean and SD of each channel may differ from the mean of the three real tiles."""


def everywhere(canvas: Canvas) -> np.ndarray:
    return np.full(canvas.window.shape, 255, np.uint8)


def in_stroma(canvas: Canvas) -> None:
    """Blood as in the real tiles: a vessel and spilt red cells in fibrous tissue."""
    paint_stroma(canvas, everywhere(canvas), 0.9, 5)
    places = foci.foci_around(canvas.window, 70.0, 3, margin_um=100.0)
    areas = foci.areas(places, 700.0, 0.6)
    spilt = places.rank > 0.5
    vessels = foci.vessel_outlines(places.only(~spilt), areas[~spilt])
    lakes = foci.filled(foci.dissecting_outlines(places.only(spilt), areas[spilt]), canvas.window, 2.0)
    paint_vessels(canvas, foci.filled(vessels, canvas.window, 2.0), WALL_LEVEL, 6)
    paint_lakes(canvas, np.asarray(cv2.inRange(lakes, 128, 255)), 7)


PAINTERS: dict[str, tuple[Callable[[Canvas], None], str]] = {
    "necrosis": (lambda canvas: paint_necrosis(canvas, everywhere(canvas), 0.5), "other"),
    "collagen": (lambda canvas: paint_stroma(canvas, everywhere(canvas), 0.7, 3), "stroma"),
    "kidney": (lambda canvas: paint_kidney(canvas, everywhere(canvas), 7), "normal"),
    "blood": (in_stroma, "blood"),
}


def density(picture: np.ndarray) -> np.ndarray:
    """Optical density, shape (pixels, 3)."""
    return -np.log10((picture.reshape(-1, 3).astype(np.float64) + 1) / 256)


def painted(paint: Callable[[Canvas], None], mpp: float = 0.25) -> np.ndarray:
    canvas = Canvas(Window(2000.0, 1000.0, round(256 / mpp), round(256 / mpp), mpp))
    paint(canvas)
    return density(Stain().colour(canvas))


@pytest.mark.parametrize("name", PAINTERS)
def test_colours_are_near_those_of_real_tiles(name: str, real_data: Path):
    paint, folder = PAINTERS[name]
    files = sorted((real_data / "tiles_kirc" / folder).glob("*.png"))
    tiles = [density(cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)) for file in files]
    ours = painted(paint)
    assert ours.mean(axis=0) == pytest.approx(np.mean([tile.mean(axis=0) for tile in tiles], axis=0), abs=TOLERANCE)
    assert ours.std(axis=0) == pytest.approx(np.mean([tile.std(axis=0) for tile in tiles], axis=0), abs=TOLERANCE)


def test_necrosis_and_hyaline_tissue_have_the_same_colours():
    necrosis = painted(PAINTERS["necrosis"][0], 1.0)
    hyaline = painted(lambda canvas: paint_hyaline(canvas, everywhere(canvas), 0.5, 3), 1.0)
    assert necrosis.mean(axis=0) == pytest.approx(hyaline.mean(axis=0), abs=0.006)
    assert necrosis.std(axis=0) == pytest.approx(hyaline.std(axis=0), abs=0.012)


def test_fat_is_pale_and_lymphocytes_are_dark():
    fat = painted(lambda canvas: paint_fat(canvas, everywhere(canvas), 4))
    lymphocytes = painted(lambda canvas: paint_lymphocytes(canvas, everywhere(canvas), 0.5, 3))
    assert fat.mean() < 0.06
    assert lymphocytes.mean() > 2 * painted(PAINTERS["collagen"][0]).mean()


@pytest.mark.parametrize("name", PAINTERS)
def test_the_mean_colour_is_the_same_at_every_scale(name: str):
    fine, coarse = (painted(PAINTERS[name][0], mpp).mean(axis=0) for mpp in (0.25, 1.0))
    assert fine == pytest.approx(coarse, abs=0.03)
