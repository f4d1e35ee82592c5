"""Folds laid into real tissue: found whatever their width and course; and what only looks like one is not."""

import cv2
import numpy as np
import pytest
from pictured_slide import PicturedSlide, density_of, kirc_tiles, on_glass, patch_of, through

from tumorboard.slides.tissue import TissueSettings, find_tissue, judge

MPP, MARGIN, SIDE = 0.5, 320, 1600
GLASS = (252, 249, 251)
NO_CHECKS = TissueSettings(focus_checks=0)
STRAIGHT = [[700, 700], [1100, 1100], [1500, 1300]]
CURVED = [[600, 1300], [850, 1080], [1150, 1000], [1450, 1080], [1650, 1300]]


def plain(real_data, kind, number):
    return on_glass(patch_of(kirc_tiles(real_data, kind)[number : number + 1], SIDE, MPP), MARGIN, GLASS)


def stroke(picture, way, width_um):
    band = np.zeros(picture.shape[:2], np.uint8)
    cv2.polylines(band, [np.array(way)], False, 1, round(width_um / MPP))
    return band


def doubled(picture, band):
    """Lay the tissue beside it over it once more."""
    above = density_of(np.roll(picture, (65, 45), (0, 1)), GLASS).clip(0)
    return np.where(band[..., None] > 0, np.rint(picture * 10**-above), picture).astype(np.uint8)


def folds_in(picture):
    return find_tissue(PicturedSlide(picture, MPP, (1, 4)), NO_CHECKS)


@pytest.mark.parametrize("kind", ["cancer", "normal", "stroma", "blood"])
@pytest.mark.parametrize(("way", "width_um"), [(STRAIGHT, 30), (CURVED, 50), (STRAIGHT, 90)])
def test_a_fold_is_found_whatever_its_width_and_course(real_data, kind, way, width_um):
    picture = plain(real_data, kind, 1)
    band = stroke(picture, way, width_um)
    found = folds_in(doubled(picture, band))
    folded = cv2.resize(band, found.fold.shape[::-1], interpolation=cv2.INTER_AREA) > 0
    assert found.fold[folded].mean() > 0.5
    beyond = cv2.dilate(folded.astype(np.uint8), np.ones((33, 33), np.uint8)) == 0
    assert not found.fold[beyond].any()


@pytest.mark.parametrize("blur_um", [4, 8])
def test_a_fold_out_of_focus_is_found(real_data, blur_um):
    picture = plain(real_data, "cancer", 0)
    band = stroke(picture, STRAIGHT, 40)
    soft = cv2.GaussianBlur(doubled(picture, band), (0, 0), blur_um / MPP)
    near = cv2.dilate(band, np.ones((81, 81), np.uint8))
    found = folds_in(np.where(near[..., None] > 0, soft, picture))
    assert judge(found, np.array([[900, 900, 512, 512]]))["reason"].tolist() == ["fold"]


@pytest.mark.parametrize("kind", ["cancer", "normal", "stroma", "blood", "other"])
def test_real_tissue_without_a_fold_has_none(real_data, kind):
    for number in range(3):
        assert not folds_in(plain(real_data, kind, number)).fold.any()


@pytest.mark.parametrize("density", [(0.14, 0.15, 0.06), (0.01, 0.22, 0.13)], ids=["lymphocytes", "blood"])
@pytest.mark.parametrize("width_um", [30, 90])
def test_another_tissue_of_a_folds_shape_is_none(real_data, density, width_um):
    picture = plain(real_data, "cancer", 0)
    assert not folds_in(through(picture, density, stroke(picture, STRAIGHT, width_um))).fold.any()
