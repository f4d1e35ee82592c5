"""Shares of tiles, and why they are rejected."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tumorboard.slides.tissue import REASONS, TissueMap, TissueSettings, judge
from tumorboard.slides.tissue.focus_map import FocusMap
from tumorboard.slides.tissue.judging import SHARES

SIDE, STEP = 24, 32


def map_of(focus=None, **masks):
    empty = np.zeros((SIDE, SIDE), bool)
    focus = FocusMap(np.full((3, 3), np.nan, np.float32) if focus is None else focus, 8.0, 8.0)
    return TissueMap(
        overview=np.zeros((SIDE, SIDE, 3), np.uint8), mpp=8.0, downsample=float(STEP), focus=focus,
        glass=(245.0, 245.0, 245.0), settings=TissueSettings(), **{name: masks.get(name, empty) for name in SHARES},
    )  # fmt: skip


def part(share, size=SIDE):
    """A mask with so many of its rows filled."""
    mask = np.zeros((size, size), bool)
    mask[: round(share * size)] = True
    return mask


WHOLE = np.array([[0, 0, SIDE * STEP, SIDE * STEP]])
masks = arrays.arrays(bool, (SIDE, SIDE))
edges = st.lists(st.integers(0, SIDE), min_size=2, max_size=2, unique=True).map(sorted)


@given(tissue=masks, fold=masks, across=edges, down=edges)
def test_a_share_is_the_mean_over_the_box(tissue, fold, across, down):
    (left, right), (top, bottom) = across, down
    boxes = np.array([[left, top, right - left, bottom - top]]) * STEP
    judged = judge(map_of(tissue=tissue, fold=fold), boxes)
    assert judged["tissue_share"][0] == pytest.approx(tissue[top:bottom, left:right].mean(), abs=1e-5)
    assert judged["fold_share"][0] == pytest.approx(fold[top:bottom, left:right].mean(), abs=1e-5)


@given(tissue=masks, left=st.integers(-200, 700), top=st.integers(-200, 700), size=st.integers(2, 400))
def test_boxes_between_pixels_and_beyond_the_slide_add_up(tissue, left, top, size):
    half = size // 2
    parts = np.array([[left + x, top + y, half, half] for x in (0, half) for y in (0, half)])
    judged = judge(map_of(tissue=tissue), np.concatenate([parts, [[left, top, 2 * half, 2 * half]]]))
    assert judged["tissue_share"][:4].mean() == pytest.approx(judged["tissue_share"][4], abs=1e-5)
    assert judged["tissue_share"].between(0, 1).all()


def test_many_boxes_are_judged_at_once_and_in_their_order():
    random = np.random.default_rng(2)
    found = map_of(tissue=random.random((SIDE, SIDE)) < 0.7, pen=random.random((SIDE, SIDE)) < 0.01)
    boxes = np.column_stack([random.integers(0, 600, (5000, 2)), random.integers(1, 200, (5000, 2))])
    judged = judge(found, boxes)
    assert len(judged) == 5000
    for number in random.integers(0, 5000, 20):
        assert judge(found, boxes[number : number + 1])["reason"][0] == judged["reason"][number]


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ({"tissue": 1.0}, ""),
        ({"tissue": 0.5}, ""),
        ({"tissue": 0.4}, "little tissue"),
        ({"tissue": 0.4, "pen": 0.05}, "little tissue"),
        ({"tissue": 0.4, "pen": 0.2, "fold": 0.3}, "pen"),
        ({"tissue": 1.0, "fold": 0.1, "blur": 0.5, "bubble": 1.0}, "fold"),
        ({"tissue": 1.0, "blur": 0.5, "bubble": 1.0, "border": 0.2}, "blur"),
        ({"tissue": 1.0, "bubble": 0.3, "border": 0.2}, "bubble"),
        ({"tissue": 0.8, "border": 0.2}, "border"),
        ({"tissue": 11 / 24, "bubble": 1 / 24}, "little tissue"),
    ],
)  # fmt: skip
def test_reasons_come_in_the_stated_order(shares, reason):
    found = map_of(**{name: part(share) for name, share in shares.items()})
    assert judge(found, WHOLE)["reason"].tolist() == [reason]
    assert reason in {"", *REASONS}


def test_a_limit_is_the_setting():
    found = map_of(tissue=part(1.0), blur=part(0.25))
    object.__setattr__(found, "settings", TissueSettings(most_blur_share=0.3))
    assert judge(found, WHOLE)["reason"].tolist() == [""]


def test_focus_is_the_mean_of_what_was_measured_within_or_near():
    values = np.full((3, 3), np.nan, np.float32)
    values[0, 0], values[0, 1] = 0.4, 0.8
    found = map_of(focus=values, tissue=part(1.0))
    block = 8 * STEP
    boxes = np.array(
        [[0, 0, 2 * block, block], [block, 0, block, block], [0, block, block, block], [2 * block, 2 * block, 100, 100]]
    )
    focus = judge(found, boxes)["focus"].to_numpy()
    assert focus[:2] == pytest.approx([0.6, 0.8])
    assert 0.4 <= focus[2] <= 0.8
    assert np.isfinite(focus[3])
    assert np.isnan(judge(map_of(tissue=part(1.0)), boxes)["focus"]).all()


def test_shares_of_the_tissue_and_warnings_are_those_of_the_masks():
    found = map_of(tissue=part(0.5), fold=part(0.25), blur=part(0.125), pen=part(1.0) & ~part(0.5))
    assert found.tissue_mm2 == pytest.approx(0.5 * (SIDE * 8e-3) ** 2)
    assert (found.tissue_share, found.fold_share, found.blur_share, found.pen_share) == (0.5, 0.5, 0.25, 0.5)
    assert found.warnings == (
        "There is little tissue: 0.02 mm².",
        "25% of the tissue is out of focus.",
        "50% of the tissue and what hides it is marked with a pen.",
        "50% of the tissue lies in folds.",
    )


@pytest.mark.parametrize("boxes", [np.zeros((2, 3)), np.array([[0, 0, 0, 5]]), np.array([1, 2, 3, 4])])
def test_what_is_no_box_is_refused(boxes):
    with pytest.raises(ValueError, match="left, top, width and height"):
        judge(map_of(), boxes)
