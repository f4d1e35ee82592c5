"""The perpendicular diameter against polygons of shapely."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tumorboard.scans.diameter import measure
from tumorboard.scans.diameter.outline import outline
from tumorboard.scans.volume import Grid

CORNERS = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
layers = hnp.arrays(np.bool_, st.tuples(st.integers(1, 7), st.integers(1, 7))).filter(np.any)


def region(layer):
    """Join, in each square of four centres, those of the mask and the middles of sides between in and out."""
    padded = np.pad(layer, 1)
    parts = []
    for place in np.ndindex(padded.shape[0] - 1, padded.shape[1] - 1):
        points = []
        for start, end in zip(CORNERS, np.roll(CORNERS, -1, axis=0), strict=True):
            here, there = (padded[tuple(place + corner)] for corner in (start, end))
            points += [place + start] if here else []
            points += [place + (start + end) / 2] if here != there else []
        if points:
            parts.append(shapely.MultiPoint(np.array(points, float) - 1).convex_hull)
    return shapely.unary_union(parts)


@given(layer=layers)
def test_the_outline_encloses_the_mask(layer):
    lines = shapely.unary_union(shapely.linestrings(outline(layer)))
    missing = region(layer).boundary.difference(lines.buffer(1e-9))
    assert missing.length == pytest.approx(0, abs=1e-6)


@given(layer=layers, scale=st.tuples(*[st.sampled_from([0.7, 1.0, 5.0])] * 2))
def test_it_is_the_widest_place_on_one_line_across(layer, scale):
    steps = np.array([[0, 0, 5.0], [0, scale[0], 0], [scale[1], 0, 0]])
    found = measure(layer[None], Grid((1, *layer.shape), np.zeros(3), steps)).diameters["transversal"]
    start, end = (np.array([y, x]) for x, y, _ in found.endpoints_mm)
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]])
    shape = shapely.transform(region(layer), lambda points: points * scale)
    least = widest_across(shape, along, across)
    # where a line only touches two corners, rounding decides whether it meets both
    most = widest_across(shape.buffer(1e-6, join_style="mitre"), along, across)
    assert least - 1e-5 <= found.perpendicular_mm <= most + 1e-5


def widest_across(shape, along, across):
    """The longest way across, from rim to rim on one line, in or out of the shape."""
    widest = 0.0
    for place in shapely.get_coordinates(shape) @ along:
        # a hair's breadth to both sides, where an edge runs across
        for beside in (place - 1e-7, place, place + 1e-7):
            line = shapely.LineString([beside * along - 1e3 * across, beside * along + 1e3 * across])
            heights = shapely.get_coordinates(line.intersection(shape)) @ across
            widest = max(widest, np.ptp(heights) if len(heights) else 0.0)
    return widest
