"""Cells of scans.csv that cannot apply are told with row and column, by ``cohort`` and by ``prepare``."""

import json

import pandas as pd
import pytest

COLUMNS = "patient_id,path,modality,series_uid,plane,pixel_mm,mask,mask_kind,mask_label"


def said_of(root, run, *rows: str):
    """Say what ``cohort`` finds: (row, column, what is allowed) of each bad cell."""
    patients = sorted({row.split(",")[0] for row in rows})
    pd.DataFrame([{"patient_id": one, "time_months": 30, "event": 0} for one in patients]).to_csv(
        root / "patients.csv", index=False
    )
    (root / "scans.csv").write_text("\n".join([COLUMNS, *rows]) + "\n")
    code, out, _ = run("cohort", root, "--json")
    if code == 0:
        return []
    return [(fault["row"], fault["column"], fault["allowed"]) for fault in json.loads(out)["faults"]]


@pytest.mark.parametrize(
    ("row", "column", "allowed"),
    [
        ("A,a.nii.gz,CT,1.2.3,,,m.nii.gz,,", "series_uid", "volume file"),
        ("A,a.NRRD,MR,1.2.3,,,m.nii.gz,,", "series_uid", "volume file"),
        ("A,a.png,CT,1.2.3,axial,0.8,,,", "series_uid", "picture is of no series"),
        ("A,folder,CT,,,0.7,m.nii.gz,,", "pixel_mm", "without plane"),
        ("A,folder,CT,,,,,,2", "mask_label", "without mask"),
        ("A,folder,CT,,,,,nifti,", "mask_kind", "without mask"),
        ("A,a.png,CT,,axial,0.8,m.png,dicom-seg,", "mask_kind", "png, or nothing"),
        ("A,folder,CT,,,,m.png,png,", "mask_kind", "another kind"),
    ],
)
def test_a_cell_without_effect_is_told(tmp_path, run, row, column, allowed):
    ((line, found, said),) = said_of(tmp_path, run, row)
    assert (line, found) == (2, column)
    assert allowed in said


def test_what_applies_is_no_fault(tmp_path, run):
    rows = (
        "A,folder,CT,1.2.3,,,m.dcm,dicom-seg,2",
        "A,folder,MR,,,,,,",
        "B,a.png,CT,,axial,0.8,m.png,png,1",
        "B,b.png,CT,,coronal,0.8,m2.png,,",
        "C,volume.nii.gz,CT,,,,m.nii.gz,nifti,1",
    )
    assert said_of(tmp_path, run, *rows) == []


def test_a_folder_that_is_called_as_a_volume_may_hold_series(tmp_path, run):
    (tmp_path / "P1.nrrd").mkdir()
    assert said_of(tmp_path, run, "A,P1.nrrd,CT,1.2.3,,,m.dcm,,") == []


def test_three_planes_are_of_one_modality(tmp_path, run):
    ((line, column, said),) = said_of(tmp_path, run, "A,a.png,CT,,axial,0.8,,,", "A,b.png,MR,,coronal,0.8,,,")
    assert (line, column) == (3, "modality")
    assert said.startswith("CT")


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        (("A,all,CT,,,,,,", "B,all,CT,,,,,,"), (3, "path")),
        (("A,all,CT,,,,,,", "B,./all/,CT,1.2.4,,,,,"), (2, "path")),
        (("A,all,CT,1.2.3,,,,,", "B,all,CT,,,,,,"), (3, "path")),
        (("A,x.nii,CT,,,,,,", "B,x.nii,CT,,,,,,"), (3, "path")),
        (("A,all,CT,1.2.3,,,,,", "B,all,CT,1.2.3,,,,,"), (3, "series_uid")),
    ],
)
def test_one_path_of_two_patients_is_one_clear_error(tmp_path, run, rows, fault):
    ((line, column, said),) = said_of(tmp_path, run, *rows)
    assert (line, column) == fault
    assert "patient" in said


def test_one_folder_of_two_patients_with_a_series_each(tmp_path, run):
    assert said_of(tmp_path, run, "A,all,CT,1.2.3,,,,,", "B,all,CT,1.2.4,,,,,") == []
