"""Pieces of one series under several identifiers are put together; series that only look alike are not."""

import numpy as np
import pytest
from small_study import SHAPE, START, STEP_MM, hounsfield, write_series

from tumorboard.scans.preparation.joining import join_pieces
from tumorboard.scans.reading import find_series, read_series

FIRST, SECOND = range(13), range(13, SHAPE[0])


def pieces(folder, first=FIRST, second=SECOND, **others):
    write_series(folder, first)
    write_series(folder, second, **{"series": "2.25.79", "SeriesNumber": 504, **others})
    found = find_series([folder]).series
    assert len(found) == 2
    return found


def test_a_whole_is_the_series_that_was_split(tmp_path):
    (whole,) = join_pieces(pieces(tmp_path))
    assert np.array_equal(read_series(whole).voxels, hounsfield())
    assert (whole.facts.slices, whole.facts.number, len(whole.files)) == (SHAPE[0], 4, SHAPE[0])


def test_the_order_of_the_pieces_makes_no_difference(tmp_path):
    found = pieces(tmp_path)
    (one,), (other,) = join_pieces(found), join_pieces(found[::-1])
    assert one == other


def test_the_whole_is_called_as_the_user_calls_a_piece(tmp_path):
    (whole,) = join_pieces(pieces(tmp_path), ["2.25.79"])
    assert whole.facts.series_uid == "2.25.79"
    assert whole.facts.slices == SHAPE[0]


def test_a_slice_that_is_missing_between_two_pieces_is_told(tmp_path):
    (whole,) = join_pieces(pieces(tmp_path, second=SECOND[1:]))
    assert any("1 of 30 slices missing" in remark for remark in read_series(whole).remarks)


def test_three_pieces_are_one(tmp_path):
    write_series(tmp_path, range(10))
    write_series(tmp_path, range(20, 30), series="2.25.81", SeriesNumber=7)
    write_series(tmp_path, range(10, 20), series="2.25.80", SeriesNumber=6)
    (whole,) = join_pieces(find_series([tmp_path]).series)
    assert np.array_equal(read_series(whole).voxels, hounsfield())


@pytest.mark.parametrize(
    "change",
    [
        {"SeriesDescription": "ABD ARTERIAL"},
        {"FrameOfReferenceUID": "2.25.73"},
        {"StudyInstanceUID": "2.25.69"},
        {"patient": "B"},
        {"PixelSpacing": [4.0, 3.9]},
        {"ConvolutionKernel": "B70f"},
        {"ImageType": ["DERIVED", "PRIMARY", "AXIAL"]},
        {"second": range(15, SHAPE[0])},
        {"second": range(12, SHAPE[0])},
        {"second": range(SHAPE[0])},
    ],
)
def test_what_differs_overlaps_or_lies_apart_is_not_joined(tmp_path, change):
    found = pieces(tmp_path, **change)
    assert join_pieces(found) == list(found)


def test_acquisitions_of_two_phases_are_not_joined(tmp_path):
    write_series(tmp_path, FIRST, AcquisitionTime="101500")
    write_series(tmp_path, SECOND, series="2.25.79", AcquisitionTime="101630")
    assert len(join_pieces(find_series([tmp_path]).series)) == 2


def test_slices_half_a_step_apart_are_not_joined(tmp_path):
    voxels = hounsfield()
    write_series(tmp_path, FIRST)
    from small_study import instance, save

    for number in SECOND:
        z = START[2] + (number + 0.5) * STEP_MM
        save(instance(number, voxels[number], series="2.25.79", z=z), tmp_path / f"other-{number}")
    assert len(join_pieces(find_series([tmp_path]).series)) == 2
