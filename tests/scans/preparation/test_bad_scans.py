"""``tumorboard prepare`` on bad scans: each is told in one clear line or warned of, and none stops another."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, RLELossless
from small_study import (
    CENTRE,
    SHAPE,
    START,
    STEP_MM,
    SmallStudy,
    ball,
    hounsfield,
    instance,
    save,
    write_nifti,
    write_series,
)

from tumorboard.cli import main
from tumorboard.store import Store

PLANES = ("transversal", "coronal", "sagittal")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run said of all patients."""

    code: int
    records: pd.DataFrame
    root: Path


def _good(study):
    write_series(study.add("good"))


def _one_slice(study):
    write_series(study.add("one-slice"), [12])


def _short(study):
    """Nine slices are no kidney; it is the only series, and was outlined."""
    write_series(study.add("short"), range(10, 19))


def _two_short(study):
    folder = study.add("two-short")
    write_series(folder, range(10, 19))
    write_series(folder, range(10, 19), series="2.25.79")


def _two_patients(study):
    folder = study.add("two-patients")
    write_series(folder, patient="A")
    write_series(folder, patient="B", series="2.25.99")


def _mask_of_another_series(study):
    """The same place in numbers, but another scan's frame of reference."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    folder = study.add("foreign-mask", mask="masks/foreign.dcm")
    write_series(folder)
    voxels = hounsfield()
    sources = [
        pydicom.dcmread(save(instance(number, voxels[number], series="2.25.81"), study.root / "other" / str(number)))
        for number in range(SHAPE[0])
    ]
    for source in sources:
        source.FrameOfReferenceUID = "2.25.82"
        source.PatientBirthDate = source.PatientSex = source.AccessionNumber = source.StudyID = ""
        source.StudyTime = source.ReferringPhysicianName = source.PositionReferenceIndicator = ""
        source.SliceThickness = STEP_MM
    described = hd.seg.SegmentDescription(
        1,
        "tumour",
        codes.SCT.MorphologicallyAbnormalStructure,
        codes.SCT.Mass,
        hd.seg.SegmentAlgorithmTypeValues.MANUAL,
    )
    (study.root / "masks").mkdir(exist_ok=True)
    hd.seg.Segmentation(
        source_images=sources,
        pixel_array=ball().astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[described],
        series_instance_uid="2.25.83",
        series_number=9,
        sop_instance_uid="2.25.84",
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="1",
    ).save_as(study.root / "masks" / "foreign.dcm")


def _mask_elsewhere(study):
    write_series(study.add("mask-elsewhere", mask="masks/elsewhere.nii.gz"))
    write_nifti(study.root / "masks" / "elsewhere.nii.gz", ball().astype(np.uint8), start=[*START[:2], START[2] + 900])


def _empty_mask(study):
    write_series(study.add("empty-mask", mask="masks/empty.nii.gz"))
    write_nifti(study.root / "masks" / "empty.nii.gz", np.zeros(SHAPE, np.uint8))


def _at_the_border(study):
    write_series(study.add("at-the-border", mask="masks/border.nii.gz"))
    write_nifti(study.root / "masks" / "border.nii.gz", ball(CENTRE * [0, 1, 1]).astype(np.uint8))


def _gaps(study):
    """Slices of 3 mm every 8 mm."""
    write_series(study.add("gaps"), range(0, SHAPE[0], 2), SliceThickness=3.0)


def _missing_slice(study):
    write_series(study.add("missing-slice"), [number for number in range(SHAPE[0]) if number != 9])


def _missing_in_both(study):
    """The slice through the tumour's middle is not there, so that nobody could outline it either."""
    middle = int(CENTRE[0])
    mask = ball().astype(np.uint8)
    mask[middle] = 0
    write_series(study.add("missing-in-both", mask="masks/both.nii.gz"), [n for n in range(SHAPE[0]) if n != middle])
    write_nifti(study.root / "masks" / "both.nii.gz", mask)


def _many_missing(study):
    write_series(study.add("many-missing"), [number for number in range(SHAPE[0]) if not 9 <= number < 16])


def _not_finite(study):
    voxels = hounsfield().astype(np.float32)
    voxels[3, 4:6, 5] = np.nan
    study.add("not-finite", path="scans/nan.nii.gz")
    write_nifti(study.root / "scans" / "nan.nii.gz", voxels)


def _cut_off(study):
    for path in write_series(study.add("cut-off")).iterdir():
        path.write_bytes(path.read_bytes()[:-900])


def _one_cut_off(study):
    path = write_series(study.add("one-cut-off")) / "IM-009"
    path.write_bytes(path.read_bytes()[:-900])


def _cut_off_volume(study):
    study.add("cut-off-volume", path="scans/cut.nii.gz")
    path = write_nifti(study.root / "scans" / "cut.nii.gz", hounsfield())
    path.write_bytes(path.read_bytes()[:-500])


def _cut_off_mask(study):
    write_series(study.add("cut-off-mask"))
    path = study.root / "masks" / "cut-off-mask.nii.gz"
    path.write_bytes(path.read_bytes()[:-40])


def _bomb(study):
    """Two slices that are there, and headers that promise 7 TB."""
    folder = study.add("bomb")
    for number in range(2):
        one = instance(number, hounsfield()[number])
        one.Rows = one.Columns = 60_000
        one.NumberOfFrames = 1000
        save(one, folder / str(number))


def _bomb_volume(study):
    study.add("bomb-volume", path="scans/bomb.nii")
    path = write_nifti(study.root / "scans" / "bomb.nii", hounsfield())
    content = bytearray(path.read_bytes())
    content[40:56] = np.array([3, 30_000, 30_000, 1000, 1, 1, 1, 1], "<i2").tobytes()
    path.write_bytes(content)


def _wrong_syntax(study):
    """Stated as run-length coded; the pixels lie there plainly."""
    for path in write_series(study.add("wrong-syntax")).iterdir():
        path.write_bytes(path.read_bytes().replace(ExplicitVRLittleEndian.encode(), RLELossless.encode(), 1))


def _localizer_only(study):
    folder = study.add("localizer-only")
    for number in range(2):
        kind = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        save(instance(number, hounsfield()[number], ImageType=kind), folder / str(number))


def _two_stated(study):
    write_series(study.add("two-stated", series_uid="2.25.71"))
    study.add("two-stated", series_uid="2.25.99")
    write_series(study.folder("two-stated"), series="2.25.99")


def _stated_and_absent(study):
    write_series(study.add("stated-absent", series_uid="2.25.12345"))


def _in_halves(study):
    folder = study.add("in-halves")
    write_series(folder, range(15))
    write_series(folder, range(15, SHAPE[0]), series="2.25.79", SeriesNumber=504)


def _other_halves(study):
    """Two phases of which each covers a part: they do not continue each other."""
    folder = study.add("other-halves", mask="masks/other-halves.nii.gz")
    write_nifti(study.root / "masks" / "other-halves.nii.gz", ball().astype(np.uint8))
    write_series(folder, range(24))
    write_series(folder, range(20, SHAPE[0]), series="2.25.79", SeriesNumber=504)


def _missing_folder(study):
    study.add("missing-folder", path="scans/nowhere")


def _mr_stated(study):
    write_series(study.add("mr-stated", modality="MR"))


def _no_dicom(study):
    (study.add("no-dicom") / "notes.txt").write_text("nothing")


def _bomb_mask(study):
    write_series(study.add("bomb-mask", mask="masks/bomb.nii"))
    content = bytearray(write_nifti(study.root / "masks" / "bomb.nii", ball().astype(np.uint8)).read_bytes())
    content[40:56] = np.array([3, 30_000, 30_000, 1000, 1, 1, 1, 1], "<i2").tobytes()
    (study.root / "masks" / "bomb.nii").write_bytes(content)


def _missing_mask(study):
    write_series(study.add("missing-mask", mask="masks/nowhere.nii.gz"))


CASES = [make for name, make in list(globals().items()) if name.startswith("_") and callable(make)]
FAILURES = {
    "one-slice": "it has one slice only, which is no volume",
    "two-short": "no series can serve: too few slices (too few slices: 9 slices; too few slices: 9 slices)",
    "two-patients": "the headers name 2 patients. Give each patient a folder",
    "foreign-mask": "drawn on another scan, in another frame of reference",
    "mask-elsewhere": "elsewhere.nii.gz: the mask lies outside of the scan",
    "empty-mask": "empty.nii.gz: the mask is empty",
    "many-missing": "7 of 30 slices are missing, up to 7 in a row",
    "not-finite": "2 of 57600 voxels are not finite numbers",
    "cut-off": "30 files were passed over: IM-000: its pixels are cut off: 2940 of 3840 bytes are there",
    "cut-off-volume": "cut off or damaged",
    "cut-off-mask": "cut-off-mask.nii.gz: its voxels are cut off or damaged",
    "bomb": "its pixels are cut off: 3840 of 7200000000000 bytes are there",
    "bomb-volume": "30000 x 30000 x 1000 voxels would take 1676.4 GiB, more than the allowed 4.0",
    "bomb-mask": "bomb.nii: 30000 x 30000 x 1000 voxels would take 1676.4 GiB",
    "wrong-syntax": "its header states RLE Lossless, but its pixels are not compressed",
    "localizer-only": "no series can serve: localizer",
    "two-stated": "scans.csv states 2 series for one patient. State one of them (series_uid)",
    "stated-absent": "the series that scans.csv states is not among the patient's 1 series",
    "missing-folder": "there is no such scan: nowhere. Correct its path in scans.csv",
    "missing-mask": "there is no such mask: nowhere.nii.gz. Correct its path in scans.csv",
    "mr-stated": "there is no MR series, only CT",
    "no-dicom": "there is no CT series; 1 file was passed over: notes.txt: no DICOM file",
}
WARNINGS = {
    "at-the-border": "the tumour reaches the bottom of the scan: it may be larger than measured",
    "missing-slice": "1 of 30 slices missing, filled between their neighbours (z = -464.0 mm)",
    "missing-in-both": "on 1 missing slice the mask is filled between its neighbours too",
    "one-cut-off": "1 file was passed over: IM-009: its pixels are cut off",
    "in-halves": "series 4, 504 continue each other in space and were joined (15 and 15 slices)",
    "short": "the tumour reaches the bottom and top of the scan",
    "gaps": "the mask's voxels (4 x 4 x 4 mm) lie elsewhere than the scan's (8 x 4 x 4 mm)",
}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """One run over all of them."""
    study = SmallStudy(tmp_path_factory.mktemp("bad") / "study")
    study.root.mkdir()
    for make in CASES:
        make(study)
    root = study.finish()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUMORBOARD_DEBUG", "1")  # a fault of the program would be raised
        with pytest.raises(SystemExit) as stop:
            main(["prepare", str(root), "--only", "scans", "--workers", "1", "--json"])
    return Outcome(stop.value.code, pd.read_csv(root / "prepared" / "scans.csv").set_index("patient_id"), root)


@pytest.mark.parametrize("patient", list(FAILURES))
def test_each_is_told_in_one_line(outcome, patient):
    row = outcome.records.loc[patient]
    assert row["status"] == "failed"
    assert FAILURES[patient] in row["reason"]
    assert "\n" not in row["reason"]
    assert len(row["reason"]) < 400
    assert str(outcome.root) not in row["reason"]
    assert "Name^" not in row["reason"]


@pytest.mark.parametrize("patient", list(WARNINGS))
def test_what_can_be_used_is_prepared_with_a_warning(outcome, patient):
    row = outcome.records.loc[patient]
    assert row["status"] == "prepared"
    assert WARNINGS[patient] in row["warnings"]


def test_none_stops_another_and_the_exit_code_says_so(outcome):
    prepared = outcome.records["status"] == "prepared"
    assert outcome.code == 2
    assert set(outcome.records.index[prepared]) == {"good", "other-halves", *WARNINGS}
    assert set(outcome.records.index[~prepared]) == set(FAILURES)
    assert set(Store.open(outcome.root / "store", "scan").patients) == set(outcome.records.index[prepared])


def test_a_tumour_is_as_large_with_a_slice_missing_one_cut_off_or_in_halves(outcome):
    """A ball of 44 mm in voxels of 4 mm."""
    columns = [f"{plane}_mm" for plane in PLANES] + ["volume_ml", "slices"]
    good = outcome.records.loc["good", columns].astype(float)
    assert good["transversal_mm"] == pytest.approx(44, abs=4)
    for patient in ("missing-slice", "one-cut-off", "in-halves"):
        assert outcome.records.loc[patient, columns].astype(float).equals(good)


def test_a_slice_that_is_missing_does_not_part_the_tumour(outcome):
    row, good = outcome.records.loc["missing-in-both"], outcome.records.loc["good"]
    assert row["components"] == 1
    assert row["volume_ml"] == pytest.approx(good["volume_ml"], rel=0.02)
    for plane in PLANES:
        assert row[f"{plane}_mm"] == pytest.approx(good[f"{plane}_mm"], abs=1.0)


def test_slices_with_gaps_are_measured_by_their_distance(outcome):
    row = outcome.records.loc["gaps"]
    assert (row["slices"], row["slice_mm"]) == (15, 8)
    assert row["coronal_mm"] == pytest.approx(44, abs=8)
    assert row["volume_ml"] == pytest.approx(outcome.records.loc["good", "volume_ml"], rel=0.05)


def test_series_that_overlap_are_not_joined(outcome):
    assert outcome.records.loc["other-halves", "slices"] == 24
