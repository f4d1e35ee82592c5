"""A mask that does not say whose it is goes to the series that it was drawn on, and to no other scan's."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_study import PIXEL_MM, START, STEP_MM, SmallStudy, ball, hounsfield, write_nifti, write_series

PRE = {"series": "2.25.80", "SeriesDescription": "ABD PRE", "SeriesNumber": 2}
MOVED = np.array([12.0, 8.0, 20.0])


@pytest.fixture
def study(tmp_path) -> SmallStudy:
    root = tmp_path / "study"
    root.mkdir()
    return SmallStudy(root)


def prepared(study, run, code=0):
    root = study.finish()
    assert run("prepare", root, "--only", "scans", "--workers", 1)[0] == code
    return pd.read_csv(root / "prepared" / "scans.csv").set_index("patient_id")


def write_moved(folder: Path, frame="2.25.99", move=MOVED, **others):
    """The nephrographic series of another day: the table and the frame of reference lie elsewhere."""
    from small_study import instance, save

    for number, pixels in enumerate(hounsfield()):
        one = instance(number, pixels, **others)
        one.FrameOfReferenceUID = frame
        one.ImagePositionPatient = [float(v) for v in (START + move + [0, 0, number * STEP_MM])]
        save(one, folder / f"moved-{number:03d}")


def test_it_goes_to_the_series_with_its_voxels_though_another_is_better(study, run):
    folder = study.add("A")
    write_series(folder, **PRE)
    write_moved(folder)
    row = prepared(study, run).loc["A"]
    assert row["series_uid"] == "2.25.80"
    series = pd.read_csv(study.root / "prepared" / "series.csv").set_index("series_uid")
    assert "belongs to another series" in series.loc["2.25.71", "reason"]


def test_a_series_in_the_same_frame_serves_where_its_own_cannot_and_that_is_told(study, run):
    folder = study.add("A")
    write_series(folder, **{**PRE, "ImageType": ["DERIVED", "SECONDARY", "MPR"]})
    write_moved(folder, frame="2.25.72", move=np.array([1.5, 1.5, 0]))
    row = prepared(study, run).loc["A"]
    assert row["series_uid"] == "2.25.71"
    assert "the mask was drawn on another series of the same frame of reference" in row["warnings"]


def test_it_is_not_put_into_another_frame_though_its_own_series_cannot_serve(study, run):
    folder = study.add("A")
    write_series(folder, **{**PRE, "ImageType": ["DERIVED", "SECONDARY", "MPR"]})
    write_moved(folder)
    row = prepared(study, run, 2).loc["A"]
    assert (row["status"], "belongs to another series" in row["reason"]) == ("failed", True)


def test_a_rows_own_mask_is_not_put_on_another_rows_scan(study, run):
    """Two volumes tell no frame of reference: the better one has no mask, though its coordinates fit."""
    for name in ("late_arterial", "nativ"):
        write_nifti(study.root / f"{name}.nii.gz", hounsfield())
    study.add("A", path="late_arterial.nii.gz", mask="")
    study.add("A", path="nativ.nii.gz")
    assert prepared(study, run).loc["A", "path"] == "nativ.nii.gz"


def test_of_two_masks_that_fit_the_rows_own_is_taken(study, run):
    """Two folders of one frame of reference; the mask of the worse series is larger."""
    write_series(study.add("A", path="scans/A/pre", mask="masks/large.nii.gz") / "pre", **PRE)
    write_series(study.add("A", path="scans/A/post") / "post")
    write_nifti(study.root / "masks" / "large.nii.gz", ball(radius_mm=34.0).astype(np.uint8))
    row = prepared(study, run).loc["A"]
    assert row["path"] == "scans/A/post"
    assert row["volume_ml"] == pytest.approx(4 / 3 * np.pi * 22**3 / 1000, rel=0.1)


def boxes(path: Path, columns: str, values: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{columns}\n{values}\n")


VOXELS = ("slice0,slice1,row0,row1,column0,column1", "10,18,15,25,27,37")
PLACES = (
    "x0_mm,x1_mm,y0_mm,y1_mm,z0_mm,z1_mm",
    ",".join(
        str(value)
        for first, lowest, highest in zip(START, (27, 15, 10), (37, 25, 18), strict=True)
        for value in (first + lowest * PIXEL_MM, first + highest * PIXEL_MM)
    ),
)


@pytest.mark.parametrize(("table", "told"), [(VOXELS, "it counts voxels"), (PLACES, "several frames of reference")])
def test_a_table_that_could_be_of_several_series_needs_the_one_that_is_meant(study, run, table, told):
    boxes(study.root / "masks" / "box.csv", *table)
    for patient, uid in (("A", ""), ("B", "2.25.80")):
        folder = study.add(patient, mask="masks/box.csv", series_uid=uid)
        write_series(folder, **PRE)
        write_moved(folder)
    found = prepared(study, run, 2)
    assert (found.loc["A", "status"], found.loc["B", "status"]) == ("failed", "prepared")
    assert told in found.loc["A", "reason"]
    assert "box.csv: " in found.loc["A", "reason"]
    assert "series_uid" in found.loc["A", "reason"]


def test_a_table_of_voxels_is_taken_where_all_series_have_the_same(study, run):
    boxes(study.root / "masks" / "box.csv", *VOXELS)
    folder = study.add("A", mask="masks/box.csv")
    write_series(folder, **PRE)
    write_series(folder)
    assert prepared(study, run).loc["A", "series_uid"] == "2.25.71"


def test_a_mask_on_a_grid_of_its_own_is_placed_on_the_only_series(study, run):
    write_series(study.add("A", mask="masks/own.nii.gz"))
    write_nifti(study.root / "masks" / "own.nii.gz", ball().astype(np.uint8), start=START + 1.3)
    assert "lie elsewhere than the scan's" in prepared(study, run).loc["A", "warnings"]


def test_the_order_of_the_rows_makes_no_difference(study, run):
    write_series(study.add("A", path="scans/A/pre") / "pre", **PRE)
    write_series(study.add("A", path="scans/A/post", mask="") / "post")
    first = prepared(study, run).loc["A"]
    names = sorted(path.name for path in (study.root / "store" / "scans").iterdir())
    study.rows.reverse()
    shutil.rmtree(study.root / "store")
    assert prepared(study, run).loc["A"].equals(first)
    assert sorted(path.name for path in (study.root / "store" / "scans").iterdir()) == names


def test_a_mask_that_may_be_of_a_damaged_scan_is_not_put_into_another_frame(study, run):
    """Its voxels are not those of the series that can be read."""
    from small_study import instance, save

    folder = study.add("A", mask="masks/own.nii.gz")
    write_series(folder, **PRE)
    for number, pixels in enumerate(hounsfield()):
        z = START[2] + (number + (0.15 if number == 12 else 0)) * 1.3 * STEP_MM
        save(instance(number, pixels, z=z, FrameOfReferenceUID="2.25.99"), folder / f"unequal-{number}")
    write_nifti(study.root / "masks" / "own.nii.gz", ball().astype(np.uint8), start=START + 1.3)
    row = prepared(study, run, 2).loc["A"]
    assert "its voxels are those of none of the 2 series" in row["reason"]


def write_segmentation(path: Path, folder: Path, voxels) -> None:
    """A DICOM segmentation of a series, which it names."""
    import highdicom as hd
    import pydicom
    from pydicom.sr.codedict import codes

    sources = [pydicom.dcmread(file) for file in sorted(folder.iterdir())]
    for source in sources:
        source.PatientBirthDate = source.PatientSex = source.AccessionNumber = source.StudyID = ""
        source.StudyTime = source.ReferringPhysicianName = source.PositionReferenceIndicator = ""
        source.SliceThickness = STEP_MM
    kind = hd.seg.SegmentAlgorithmTypeValues.MANUAL
    mass = hd.seg.SegmentDescription(1, "tumour", codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Mass, kind)
    uid = f"2.25.9{len(path.name)}"
    path.parent.mkdir(exist_ok=True)
    hd.seg.Segmentation(
        sources, voxels.astype(np.uint8), "BINARY", [mass], uid, 9, f"{uid}1", 1, "test", "test", "1", "1"
    ).save_as(path)


def test_of_two_masks_that_name_their_series_the_rows_own_is_taken(study, run):
    """In one frame of reference either may lie on either series; the other row comes first in the table."""
    before = study.add("A", path="scans/A/1", mask="masks/large.dcm") / "1"
    after = study.add("A", path="scans/A/2", mask="masks/own.dcm") / "2"
    write_series(before, **PRE)
    write_series(after)
    write_segmentation(study.root / "masks" / "large.dcm", before, ball(radius_mm=34.0))
    write_segmentation(study.root / "masks" / "own.dcm", after, ball())
    row = prepared(study, run).loc["A"]
    assert row["path"] == "scans/A/2"
    assert row["volume_ml"] == pytest.approx(4 / 3 * np.pi * 22**3 / 1000, rel=0.1)
