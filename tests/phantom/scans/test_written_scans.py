"""A patient's folder: its record says what an independent reader finds, and nothing in it gives the tumour away."""

import hashlib
import json

import cv2
import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from simulated_scans import SERIES, SIZE_PX, SLICES, instances, simulated_patient

from tumorboard.phantom.anatomy import measure_tumour, simulate_body
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.phantom.scans.planes import write_planes
from tumorboard.phantom.scans.record import SCAN_COLUMNS
from tumorboard.phantom.scans.write import write_scans

# between them every kind of mask, MR, both sides, a dose sheet, series that are split or double a slice, and, for
# either format of mask, a chosen series that lacks a slice of the tumour
PATIENTS = [
    simulated_patient(
        number,
        scan=ScanKind.MR if number == 109 else ScanKind.CT,
        site="ABCDE"[number % 5],
        side="left" if number % 2 else "right",
    )
    for number in (154, 109, 119, 158, 276, 691)
]


def write(patient, folder):
    return write_scans(patient, folder, size_px=SIZE_PX, slices=SLICES, series=SERIES)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return folder, {patient.patient_id: write(patient, folder) for patient in PATIENTS}


@pytest.fixture(scope="module")
def headers(study):
    """All headers of each patient."""
    folder, records = study
    return {
        patient_id: [
            pydicom.dcmread(path, stop_before_pixels=True) for path in instances(folder / "scans" / patient_id)
        ]
        for patient_id in records
    }


def fingerprints(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_series_in_the_files_is_in_the_record_and_no_other(study, headers):
    _, records = study
    for patient_id, record in records.items():
        assert {str(one.SeriesInstanceUID) for one in headers[patient_id]} == {
            row["series_uid"] for row in record.series
        }


def test_the_record_s_slices_and_spacings_are_the_files(study, headers):
    _, records = study
    for patient_id, record in records.items():
        whole = [row for row in record.series if row["role"] == "diagnostic" and row["split"] != "two series"]
        for row in whole:
            images = [one for one in headers[patient_id] if one.SeriesInstanceUID == row["series_uid"]]
            heights = sorted({float(one.ImagePositionPatient[2]) for one in images})
            assert len(heights) == row["slices"] - (row["missing_z_mm"] != "")
            assert len(images) == len(heights) + (row["doubled_z_mm"] != "")
            assert np.median(np.diff(heights)) == pytest.approx(row["slice_mm"])
            assert [float(one.PixelSpacing[0]) for one in images] == pytest.approx([row["pixel_mm"]] * len(images))
            assert {str(one.file_meta.TransferSyntaxUID) for one in images} == {row["transfer_syntax"]}


def test_one_series_is_chosen_and_all_lie_in_one_frame_of_reference(study, headers):
    _, records = study
    for patient_id, record in records.items():
        assert sum(row["chosen"] for row in record.series) == 1
        framed = [one for one in headers[patient_id] if "FrameOfReferenceUID" in one]
        assert len({one.FrameOfReferenceUID for one in framed}) == 1
        assert len({one.StudyInstanceUID for one in headers[patient_id]}) == 1


def test_rows_can_be_written_as_csv_and_json(study):
    folder, records = study
    for record in records.values():
        assert [tuple(row) for row in record.scans] == [SCAN_COLUMNS]
        assert json.dumps([record.scans, record.series, record.tumour])
        row = record.scans[0]
        assert (folder / row["path"]).exists()
        assert not row["mask"] or (folder / row["mask"]).is_file()


def test_masks_and_faults_of_every_kind_are_there(study):
    _, records = study
    assert {record.scans[0]["mask_kind"] for record in records.values()} == {"dicom-seg", "nifti", ""}
    series = [row for record in records.values() for row in record.series]
    assert {row["split"] for row in series} == {"", "two folders", "two series"}
    assert any(row["missing_z_mm"] != "" for row in series)
    assert any(row["doubled_z_mm"] != "" for row in series)
    assert {"diagnostic", "localizer", "segmentation", "dose sheet"} <= {row["role"] for row in series}


def tumour_points_mm(folder, row):
    """Where the tumour's voxels lie in DICOM's coordinates."""
    if row["mask_kind"] == "nifti":
        image = nibabel.load(folder / row["mask"])
        places = np.argwhere(np.asarray(image.dataobj) == row["mask_label"])
        return nibabel.affines.apply_affine(image.affine, places) * (-1, -1, 1)
    segmentation = highdicom.seg.segread(folder / row["mask"])
    volume = segmentation.get_volume(segment_numbers=[row["mask_label"]], combine_segments=True)
    return volume.map_indices_to_reference(np.argwhere(volume.array > 0))


def test_the_mask_s_tumour_has_the_truth_s_volume_place_and_diameter(study):
    folder, records = study
    for patient in PATIENTS:
        record = records[patient.patient_id]
        row, truth = record.scans[0], record.tumour[0]
        series = next(one for one in record.series if one["chosen"])
        if not row["mask"]:
            continue
        points = tumour_points_mm(folder, row)
        voxel_ml = series["pixel_mm"] ** 2 * series["slice_mm"] / 1000
        assert len(points) * voxel_ml == pytest.approx(truth["mask_volume_ml"], rel=0.01)
        lacks = series["missing_z_mm"] != ""
        if lacks:
            assert np.abs(points[:, 2] - series["missing_z_mm"]).min() > 0.9 * series["slice_mm"]
        low, high = (0.65, 0.95) if lacks else (0.92, 1.08)
        assert low < truth["mask_volume_ml"] / truth["volume_ml"] < high
        ends = np.array([[float(at) for at in truth[f"coronal_{end}_mm"].split()] for end in ("start", "end")])
        step = np.array([series["pixel_mm"], series["pixel_mm"], series["slice_mm"]])
        for end in ends:
            assert (np.abs(points - end) <= (1.5 + lacks) * step).all(axis=1).any()
        middle = points.mean(axis=0)
        assert (middle[0] > 0) == (patient.side == "left")


def test_a_nifti_volume_is_empty_where_its_series_lacks_a_slice(study):
    folder, records = study
    record = records["SIM-0691"]
    missing_mm = next(one["missing_z_mm"] for one in record.series if one["chosen"])
    for name in (record.scans[0]["path"], record.scans[0]["mask"]):
        image = nibabel.load(folder / name)
        heights = image.affine[2, 3] + image.affine[2, 2] * np.arange(image.shape[2])
        layers = np.ptp(np.asarray(image.dataobj), axis=(0, 1))
        assert layers[np.argmin(np.abs(heights - missing_mm))] == 0


def test_diameters_of_the_mask_are_within_a_voxel_of_the_truth(study):
    _, records = study
    for record in records.values():
        truth, series = record.tumour[0], next(one for one in record.series if one["chosen"])
        if truth["mask_kind"] == "":
            measured = ("mask_volume_ml", "mask_transversal_mm", "mask_coronal_mm", "mask_sagittal_mm")
            assert {truth[column] for column in measured} == {""}
            continue
        for plane in ("transversal", "coronal", "sagittal"):
            voxel = np.hypot(series["pixel_mm"], series["pixel_mm"] if plane == "transversal" else series["slice_mm"])
            assert truth[f"mask_{plane}_mm"] == pytest.approx(truth[f"{plane}_mm"], abs=voxel)


def test_the_same_patient_gives_the_same_bytes_and_the_same_record(study, tmp_path):
    folder, records = study
    for patient in PATIENTS[:2]:
        again = write(patient, tmp_path)
        first = records[patient.patient_id]
        assert fingerprints(tmp_path / "scans" / patient.patient_id) == fingerprints(
            folder / "scans" / patient.patient_id
        )
        assert (again.scans, again.series, again.tumour) == (first.scans, first.series, first.tumour)


def test_a_patient_that_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_scans(PATIENTS[0], tmp_path, size_px=0, slices=SLICES, series=SERIES)
    assert list((tmp_path / "scans").iterdir()) == []


def test_what_a_killed_run_left_is_swept_away_and_an_older_folder_replaced(tmp_path):
    patient = PATIENTS[2]
    for name in (f".{patient.patient_id}-0123abcd", patient.patient_id):
        (tmp_path / "scans" / name).mkdir(parents=True)
        (tmp_path / "scans" / name / "half.dcm").write_bytes(b"half")
    write(patient, tmp_path)
    assert [path.name for path in (tmp_path / "scans").iterdir()] == [patient.patient_id]
    assert not (tmp_path / "scans" / patient.patient_id / "half.dcm").exists()


def test_files_and_geometry_are_the_same_whatever_the_tumour(tmp_path):
    found = []
    for name, diameter_mm in (("small", 20), ("large", 120)):
        patient = simulated_patient(5, diameter_mm=diameter_mm)
        write(patient, tmp_path / name)
        images = [pydicom.dcmread(path, stop_before_pixels=True) for path in instances(tmp_path / name)]
        images = [one for one in images if one.Modality != "SEG"]
        found.append(
            sorted(
                (str(one.SOPInstanceUID), one.Rows, one.Columns, str(one.get("ImagePositionPatient"))) for one in images
            )
        )
    assert found[0] == found[1]


def test_the_standard_s_verifier_finds_nothing_in_a_patient_s_folder(study, complaints):
    folder, records = study
    said = set()
    for patient_id, record in records.items():
        one_of_each = {}
        for path in instances(folder / "scans" / patient_id):
            one_of_each.setdefault(str(pydicom.dcmread(path, stop_before_pixels=True).SeriesInstanceUID), path)
        assert set(one_of_each) == {row["series_uid"] for row in record.series}
        said |= {line for path in one_of_each.values() for line in complaints(path)}
    assert said == set()


def test_a_patient_without_a_scan_gives_nothing(tmp_path):
    patient = simulated_patient(scan=ScanKind.NONE)
    for record in (write(patient, tmp_path), write_planes(patient, tmp_path)):
        assert (record.scans, record.series, record.tumour) == ([], [], [])
    assert list(tmp_path.iterdir()) == []


def test_plane_images_show_the_tumour_where_their_masks_say(tmp_path):
    for patient in PATIENTS[:2]:
        record = write_planes(patient, tmp_path, size_px=128)
        truth = measure_tumour(simulate_body(patient))
        assert [row["plane"] for row in record.scans] == ["transversal", "coronal", "sagittal"]
        for row, diameter in zip(record.scans, truth.diameters.values(), strict=True):
            image, mask = (cv2.imread(str(tmp_path / row[name]), cv2.IMREAD_UNCHANGED) for name in ("path", "mask"))
            assert image.shape == mask.shape == (128, 128)
            assert image.std() > 20
            assert set(np.unique(mask)) == {0, 255}
            outline, _ = cv2.findContours((mask > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            rim = np.concatenate(outline).reshape(-1, 2) * row["pixel_mm"]
            longest = np.sqrt(((rim[:, None] - rim[None]) ** 2).sum(-1).max())
            assert longest == pytest.approx(diameter.diameter_mm, abs=2 * row["pixel_mm"])
        again = write_planes(patient, tmp_path / "again", size_px=128)
        assert again.scans == record.scans
        assert fingerprints(tmp_path / "planes" / patient.patient_id) == fingerprints(
            tmp_path / "again" / "planes" / patient.patient_id
        )
