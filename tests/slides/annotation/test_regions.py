"""Shares of tiles in outlined regions are what GEOS measures, whatever the rings' direction, order and overlaps."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.slides.annotation import Grid, Polygon, Regions
from tumorboard.slides.annotation.filling import winding
from tumorboard.slides.annotation.outlines import outlines
from tumorboard.slides.annotation.regions import doubtful_share, has_area, open_ring


def star(x, y, radius, *, points=200, arms=5, depth=0.4, turn=0.0):
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    reach = radius * (1 + depth * np.sin(arms * angle + turn))
    return np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)])


def geos_share(regions, boxes):
    union = shapely.union_all([shapely.Polygon(p.outer).difference(
        shapely.union_all([shapely.Polygon(hole) for hole in p.holes])) for p in regions.polygons])  # fmt: skip
    left, top, width, height = boxes.T
    return shapely.area(shapely.intersection(union, shapely.box(left, top, left + width, top + height))) / (
        width * height
    )


def tiles_over(width, height, side):
    left, top = np.meshgrid(np.arange(-side, width, side // 2 + 7), np.arange(-side, height, side // 2 + 5))
    return np.column_stack([left.ravel(), top.ravel(), np.full(left.size, side), np.full(left.size, side)])


@given(
    centre=st.tuples(st.floats(1000, 7000), st.floats(1000, 5000)),
    radius=st.floats(300, 3000),
    arms=st.integers(2, 9),
    turn=st.floats(0, 6),
    hole=st.floats(0.1, 0.5),
)
def test_shares_are_those_of_geos(centre, radius, arms, turn, hole):
    ring = star(*centre, radius, arms=arms, turn=turn)
    other = star(centre[0] + radius, centre[1], radius * 0.7, turn=1.0)
    regions = Regions((Polygon(ring, (star(*centre, radius * hole, depth=0.1),)), Polygon(other)))
    boxes = tiles_over(8000, 6000, 1024)
    assert np.abs(regions.share(boxes) - geos_share(regions, boxes)).max() < 0.01


def test_a_tile_within_is_all_in_and_one_apart_is_all_out():
    regions = Regions((Polygon(np.array([(1000, 1000), (5000, 1000), (5000, 4000), (1000, 4000)], float)),))
    boxes = np.array([(1000, 1000, 512, 512), (2000, 2000, 240, 240), (5000, 1000, 512, 512), (0, 0, 256, 256)])
    assert regions.share(boxes).tolist() == [1, 1, 0, 0]
    half_and_quarter = np.array([(4744, 2000, 512, 512), (744, 744, 512, 512)])
    assert regions.share(half_and_quarter) == pytest.approx([0.5, 0.25], abs=1e-9)
    assert regions.share(np.zeros((0, 4), np.int64)).shape == (0,)


def test_the_share_of_a_region_as_large_as_a_slide_can_be_is_still_exact_and_takes_bounded_memory():
    regions = Regions((Polygon(star(90_000, 70_000, 50_000, points=4000)),))
    boxes = tiles_over(180_000, 140_000, 1024)[::37]
    assert np.abs(regions.share(boxes) - geos_share(regions, boxes)).max() < 0.01
    assert regions._covered.size < 1.1 * 2**24


@given(st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_direction_of_rings_and_order_of_polygons_do_not_matter(outer_back, hole_back, random):
    outer, hole = star(3000, 3000, 1500), star(3000, 3000, 500)
    polygons = [
        Polygon(outer[::-1] if outer_back else outer, (hole[::-1] if hole_back else hole,)),
        Polygon(star(4000, 3500, 900)),
        Polygon(star(1500, 1500, 400)),
    ]
    expected = Regions((Polygon(outer, (hole,)), *polygons[1:]))
    random.shuffle(polygons)
    grid = Grid(100, 50, 16, 300, 310)
    assert np.array_equal(Regions(tuple(polygons)).mask(grid), expected.mask(grid))


@given(st.integers(-5000, 5000), st.integers(-5000, 5000))
def test_a_region_and_its_tiles_can_be_moved_together(right, down):
    shift = np.array([right, down])
    polygon = Polygon(star(1500, 1500, 800), (star(1500, 1500, 300),))
    moved = Polygon(polygon.outer + shift, tuple(hole + shift for hole in polygon.holes))
    boxes = tiles_over(3000, 3000, 500)
    there = Regions((moved,)).share(boxes + np.array([right, down, 0, 0]))
    assert there == pytest.approx(Regions((polygon,)).share(boxes), abs=1e-9)


def test_a_mask_is_the_same_whatever_part_of_the_slide_its_grid_shows():
    regions = Regions((Polygon(star(3000, 2500, 1500), (star(3000, 2500, 500),)),))
    whole = regions.mask(Grid(0, 0, 16, 400, 300))
    part = regions.mask(Grid(100 * 16, 50 * 16, 16, 200, 150))
    assert np.array_equal(whole[50:200, 100:300], part)
    assert not regions.mask(Grid(6000, 0, 16, 20, 20)).any()


def test_the_winding_number_is_one_by_direction_inside_and_two_where_a_ring_laps_itself():
    square = np.array([(0, 0), (40, 0), (40, 40), (0, 40)], float)
    grid = Grid(-10, -10, 10, 6, 6)
    inside = np.zeros((6, 6), bool)
    inside[1:5, 1:5] = True
    assert np.array_equal(winding(square, grid), inside.astype(int) * winding(square, grid)[2, 2])
    assert winding(square, grid)[2, 2] == -winding(square[::-1], grid)[2, 2] != 0
    assert abs(winding(np.concatenate([square, square]), grid)[2, 2]) == 2


@pytest.mark.parametrize(
    ("ring", "share"),
    [
        (star(0, 0, 100), 0.0),
        (star(0, 0, 100)[::-1], 0.0),
        (np.array([(0, 0), (100, 100), (100, 0), (0, 100)], float), 0.5),
        (np.concatenate([star(0, 0, 100), star(0, 0, 50)]), 0.25),
    ],
)
def test_a_ring_that_crosses_itself_is_told_by_the_area_in_doubt(ring, share):
    assert doubtful_share(ring) == pytest.approx(share, abs=0.03)


def test_a_small_loop_where_a_freehand_outline_closes_hardly_counts():
    ring = star(0, 0, 1000, depth=0)
    closing = np.array([(1010, 5), (990, -12), (1012, -14)])
    assert not shapely.Polygon(np.concatenate([ring, closing])).is_valid
    assert doubtful_share(np.concatenate([ring, closing])) < 0.001


def test_clicks_and_lines_have_no_area():
    assert has_area(star(0, 0, 10))
    for points in ([], [(1, 1)], [(1, 1), (1, 1), (1, 1)], [(0, 0), (5, 5)], [(0, 0), (5, 5), (9, 9), (2, 2)]):
        assert not has_area(open_ring(np.array(points, float)))


masks = st.integers(0, 2**63).map(
    lambda seed: np.random.default_rng(seed).random((2 + seed % 23, 2 + seed // 23 % 23)) < (0.1 + (seed % 8) / 10)
)


@given(masks, st.booleans())
def test_outlines_are_polygons_that_geos_accepts(mask, simplify):
    traced = outlines(mask, simplify=simplify)
    polygons = [shapely.Polygon(outer, holes) for outer, holes in traced]
    assert all(polygon.is_valid and polygon.area > 0 for polygon in polygons)
    whole = shapely.MultiPolygon(polygons)
    assert whole.is_valid, shapely.is_valid_reason(whole)


def meets_at_corners(mask):
    falling = mask[:-1, :-1] & mask[1:, 1:] & ~mask[:-1, 1:] & ~mask[1:, :-1]
    rising = mask[:-1, 1:] & mask[1:, :-1] & ~mask[:-1, :-1] & ~mask[1:, 1:]
    return falling.any() or rising.any()


@given(masks)
def test_outlines_enclose_the_mask_and_nothing_else_where_no_cells_meet_at_a_corner(mask):
    polygons = tuple(Polygon(outer, tuple(holes)) for outer, holes in outlines(mask))
    grid = Grid(0, 0, 1, mask.shape[1], mask.shape[0])
    enclosed = Regions(polygons).mask(grid) if polygons else np.zeros_like(mask)
    assert not (mask & ~enclosed).any()
    if not meets_at_corners(mask):
        assert np.array_equal(enclosed, mask)


def test_simplified_outlines_have_far_fewer_points_and_lie_within_a_cell():
    row, column = np.mgrid[:200, :200]
    mask = (np.hypot(row - 100, column - 90) < 80) & (np.hypot(row - 100, column - 90) > 30)
    ((outer, (hole,)),) = outlines(mask)
    ((simple, (simple_hole,)),) = outlines(mask, simplify=True)
    assert len(simple) < 0.4 * len(outer)
    assert len(simple_hole) < len(hole)
    assert shapely.hausdorff_distance(shapely.LinearRing(outer), shapely.LinearRing(simple), densify=0.1) < 1
    assert shapely.Polygon(simple).area == pytest.approx(shapely.Polygon(outer).area, rel=0.01)
    assert shapely.Polygon(outer, [hole]).area == mask.sum()
