"""Dirt lies where the truth says, is seamless, and as frequent as stated."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tumorboard.phantom.histology.lattice import SmoothField
from tumorboard.phantom.histology.window import Canvas, Stain, Window
from tumorboard.phantom.patients.patient import generator
from tumorboard.phantom.slides import slide_scanner
from tumorboard.phantom.slides.artefact import Artefact, ArtefactKind, DistanceMap
from tumorboard.phantom.slides.dirt import SHAPES, SHARE_OF_SLIDES, Dirt, drawn_artefacts
from tumorboard.phantom.slides.photograph import Photograph

SIDE_UM = 1200.0
SCANNER = slide_scanner("a site", 1)
GLASS = 20.0
"""Left of this nothing is painted, in µm."""


class Texture:
    """A section that is all one texture, with a strip of glass on the left."""

    def paint(self, window: Window) -> Canvas:
        canvas = Canvas(window)
        x = window.left_um + (np.arange(window.width_px) + 0.5) * window.mpp
        tissue = np.broadcast_to(x > GLASS, window.shape)
        canvas.eosin[:] = np.where(tissue, np.clip(30 + 12 * SmoothField(4, 3.0).over(window), 1, 120), 0)
        canvas.haematoxylin[:] = np.where(tissue, np.clip(20 + 15 * SmoothField(5, 5.0).over(window), 1, 120), 0)
        return canvas


def artefact(kind: ArtefactKind, seed: int = 3) -> Artefact:
    place = SHAPES[kind](generator(seed, 0, "test"), SIDE_UM, SIDE_UM)
    return Artefact(kind, place, 11, "blue" if kind is ArtefactKind.PEN else "", 2.5)


def picture(dirt: Dirt | None, window: Window) -> np.ndarray:
    return Photograph(Texture(), replace(SCANNER, noise=0.0), SCANNER.stain, dirt).of_window(window)


def sharpness(seen: np.ndarray, where: np.ndarray) -> float:
    green = seen[..., 1].astype(np.float32)
    return float(np.abs(cv2.Laplacian(green, cv2.CV_32F))[where].mean())


@pytest.fixture(scope="module")
def whole() -> Window:
    return Window(0, 0, 1200, 1200, 1.0)


@pytest.mark.parametrize("kind", list(ArtefactKind))
def test_a_window_shows_the_same_dirt_whatever_is_painted_beside_it(kind):
    dirt = Dirt(5, SIDE_UM, SIDE_UM, [artefact(kind)])
    middle = dirt.artefacts[0].polygons(SIDE_UM, SIDE_UM)[0][0].mean(axis=0)
    left, top = (float(round(value) - 100) for value in middle)
    together = picture(dirt, Window(left, top, 400, 400, 0.5))
    parts = [np.hstack([picture(dirt, Window(left + x, top + y, 200, 200, 0.5)) for x in (0, 100)]) for y in (0, 100)]
    difference = np.abs(together.astype(int) - np.vstack(parts))
    assert difference.mean() < 0.05
    assert np.quantile(difference, 0.999) <= 3


def test_the_number_of_threads_changes_nothing(whole):
    dirt = Dirt(5, SIDE_UM, SIDE_UM, [artefact(kind) for kind in ArtefactKind])
    threads = cv2.getNumThreads()
    pictures = []
    for number in (1, 2, 3):
        cv2.setNumThreads(number)
        pictures.append(picture(dirt, whole))
    cv2.setNumThreads(threads)
    assert np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(pictures[0], pictures[2])


@pytest.mark.parametrize("kind", [ArtefactKind.PEN, ArtefactKind.FOLD, ArtefactKind.BORDER])
def test_what_darkens_does_so_inside_its_outline_alone(kind, whole):
    piece = artefact(kind)
    clean = picture(Dirt(5, SIDE_UM, SIDE_UM, []), whole)
    change = clean.astype(int).sum(2) - picture(Dirt(5, SIDE_UM, SIDE_UM, [piece]), whole).sum(2)
    distance_um = piece.place.over(whole)
    tissue = np.arange(1200)[None, :] > GLASS + 20
    assert change[(distance_um < -6) & tissue].mean() > 40
    assert np.quantile(np.abs(change[distance_um > 60]), 0.999) <= 3


def test_a_blue_pen_lets_blue_light_through(whole):
    piece = artefact(ArtefactKind.PEN)
    seen = picture(Dirt(5, SIDE_UM, SIDE_UM, [piece]), whole)[piece.place.over(whole) < -20].mean(0)
    assert seen[2] > seen[1] > seen[0]


def test_a_fold_doubles_the_dyes_and_leaves_glass_as_it_is():
    window = Window(0, 300, 400, 400, 0.5)
    place = DistanceMap(-100.0, 0.0, 100.0, np.full((20, 20), -50.0, np.float32))
    plain, folded = Texture().paint(window), Texture().paint(window)
    Dirt(1, SIDE_UM, SIDE_UM, [Artefact(ArtefactKind.FOLD, place, 1)]).fold(folded)
    tissue = np.arange(400) * 0.5 > GLASS + 10
    assert folded.eosin[:, tissue].mean() == pytest.approx(1.75 * plain.eosin[:, tissue].mean(), rel=0.05)
    assert not folded.eosin[:, np.arange(400) * 0.5 < GLASS - 10].any()


def test_an_area_out_of_focus_is_blurred_inside_and_sharp_outside():
    piece = artefact(ArtefactKind.BLUR)
    window = Window(0, 0, 2400, 2400, 0.5)
    clean = picture(Dirt(5, SIDE_UM, SIDE_UM, []), window)
    seen = picture(Dirt(5, SIDE_UM, SIDE_UM, [piece]), window)
    distance_um = piece.place.over(window)
    assert sharpness(seen, distance_um < -62) < 0.5 * sharpness(clean, distance_um < -62)
    outside = distance_um > 8
    assert sharpness(seen, outside) == pytest.approx(sharpness(clean, outside), rel=0.01)


def enclosed(piece: Artefact, window: Window) -> np.ndarray:
    """Pixels of a window within an artefact's outlines."""
    mask = np.zeros(window.shape, np.uint8)
    for outer, holes in piece.polygons(SIDE_UM, SIDE_UM):
        for ring, value in ((outer, 1), *((hole, 0) for hole in holes)):
            x, y = window.pixels(ring[:, 0], ring[:, 1])
            cv2.fillPoly(mask, [np.rint(np.stack([x, y], 1)).astype(np.int32)], value)
    return mask.astype(bool)


@pytest.mark.parametrize("seed", [3, 7])
def test_a_pens_outline_lies_where_its_ink_ends(seed, whole):
    piece = artefact(ArtefactKind.PEN, seed)
    clean = picture(Dirt(5, SIDE_UM, SIDE_UM, []), whole).astype(int)
    inked = clean.sum(2) - picture(Dirt(5, SIDE_UM, SIDE_UM, [piece]), whole).sum(2) > 20
    outlined = enclosed(piece, whole)
    assert inked[outlined].mean() > 0.97
    assert outlined[inked].mean() > 0.97


def test_the_outline_of_an_area_out_of_focus_holds_no_sharp_rim(whole):
    piece = artefact(ArtefactKind.BLUR)
    clean = picture(Dirt(5, SIDE_UM, SIDE_UM, []), whole)
    seen = picture(Dirt(5, SIDE_UM, SIDE_UM, [piece]), whole)
    outlined = enclosed(piece, whole)
    rim = outlined & (cv2.erode(outlined.astype(np.uint8), np.ones((21, 21))) == 0)
    beyond = ~outlined & (cv2.dilate(outlined.astype(np.uint8), np.ones((21, 21))) == 1)
    assert sharpness(seen, rim) < 0.65 * sharpness(clean, rim)
    assert sharpness(seen, beyond) > 0.4 * sharpness(clean, beyond)


def test_outlines_enclose_what_is_marked(whole):
    distance_um = {kind: artefact(kind).place.over(whole) for kind in ArtefactKind}
    for kind in (ArtefactKind.FOLD, ArtefactKind.BUBBLE, ArtefactKind.COVERSLIP, ArtefactKind.BORDER):
        inside = distance_um[kind] < 0
        assert (enclosed(artefact(kind), whole) & inside).sum() > 0.9 * inside.sum()
        assert (enclosed(artefact(kind), whole) & ~inside).sum() < 0.1 * inside.sum()


def test_each_kind_is_as_frequent_as_stated_and_independent_of_the_others():
    slides = 400
    found = [{piece.kind for piece in drawn_artefacts(seed, 1000.0, 1000.0)} for seed in range(slides)]
    for kind, share in SHARE_OF_SLIDES.items():
        count = sum(kind in kinds for kinds in found)
        assert abs(count - share * slides) < 4 * np.sqrt(slides * share * (1 - share))
    both = sum({ArtefactKind.BLUR, ArtefactKind.FOLD} <= kinds for kinds in found)
    expected = SHARE_OF_SLIDES[ArtefactKind.BLUR] * SHARE_OF_SLIDES[ArtefactKind.FOLD]
    assert abs(both - slides * expected) < 4 * np.sqrt(slides * expected)


def test_glass_is_bright_even_and_not_constant():
    class Glass:
        def paint(self, window: Window) -> Canvas:
            return Canvas(window)

    seen = Photograph(Glass(), SCANNER, SCANNER.stain, Dirt(5, SIDE_UM, SIDE_UM, [])).of_window(
        Window(0, 0, 1024, 1024, 0.25)
    )
    curve = 255 * (np.array(SCANNER.stain.background) / 255) ** SCANNER.gamma
    assert np.abs(np.median(seen, axis=(0, 1)) - curve).max() <= 1
    assert 0.4 < np.median(seen[:100, :100].std((0, 1))) < 2.5
    assert (seen.min(2) < 230).mean() < 0.002


def test_stains_vary_more_between_sites_than_within():
    from tumorboard.phantom.slides import stain_of

    def vector(stain: Stain) -> np.ndarray:
        return np.concatenate([stain.haematoxylin, stain.eosin, stain.strength])

    scanners = [slide_scanner(f"site {number}", 4) for number in range(40)]
    within = [np.stack([vector(stain_of(scanner, seed)) for seed in range(20)]).std(0) for scanner in scanners]
    between = np.stack([vector(scanner.stain) for scanner in scanners]).std(0)
    assert np.all(np.mean(within, axis=0) < 0.7 * between + 1e-3)
