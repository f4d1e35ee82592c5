"""The plan of a study follows the rules of a kidney protocol, and nothing of it knows the tumour."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from simulated_scans import instances, plain, ramp, simulated_patient

from tumorboard.phantom.anatomy.volume import Contrast
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.phantom.scans.dicom_series import write_series
from tumorboard.phantom.scans.file_names import FileNames
from tumorboard.phantom.scans.identifiers import dicom_time, simulated_uid, study_identity
from tumorboard.phantom.scans.masks import MaskKind, plan_mask
from tumorboard.phantom.scans.protocol import ORAL, Layout, Split, choice_rank, plan_study
from tumorboard.phantom.scans.scanner import scan_scanner
from tumorboard.phantom.scans.wording import PORTAL

PATIENTS = 400
CT_PATIENTS = [simulated_patient(number, site="ABCDEFGHIJ"[number % 10]) for number in range(1, PATIENTS + 1)]


def plan(patient, series=4, slices=(100, 320)):
    return plan_study(patient, scan_scanner(patient.site, patient.seed, patient.scan), series=series, slices=slices)


@pytest.fixture(scope="module")
def studies():
    return [plan(patient) for patient in CT_PATIENTS]


def test_every_ct_has_an_arterial_or_nephrographic_phase_and_most_have_others(studies):
    phases = [{one.contrast for one in study.series} for study in studies]
    assert all(found & {Contrast.NEPHROGRAPHIC, Contrast.ARTERIAL} for found in phases)
    assert sum(len(found) >= 2 for found in phases) / PATIENTS > 0.75
    assert max(map(len, phases)) == 4


def test_a_limit_on_series_leaves_the_chosen_one(studies):
    for patient, study in zip(CT_PATIENTS, studies, strict=True):
        few = plan(patient, series=2)
        assert len(few.series) <= 2
        assert few.series[few.chosen].contrast == study.series[study.chosen].contrast


def test_the_chosen_series_is_nephrographic_else_arterial_else_what_follows(studies):
    for study in studies:
        found = [one.contrast for one in study.series]
        first = Contrast.NEPHROGRAPHIC if Contrast.NEPHROGRAPHIC in found else Contrast.ARTERIAL
        assert found[study.chosen] == first
        assert choice_rank(first) == min(map(choice_rank, found))


def test_the_chosen_mr_series_is_t1_after_contrast_else_t1():
    for number in range(1, 120):
        study = plan(simulated_patient(number, scan=ScanKind.MR), series=3)
        found = [one.contrast for one in study.series]
        assert found[study.chosen] == (Contrast.T1_POST if Contrast.T1_POST in found else Contrast.T1)


def test_phases_lie_where_radiologists_put_them(studies):
    ranges = {
        Contrast.NON_CONTRAST: (-600, 0),
        Contrast.ARTERIAL: (25, 40),
        PORTAL: (60, 85),
        Contrast.NEPHROGRAPHIC: (85, 120),
        Contrast.DELAYED: (300, 600),
    }
    for study in studies:
        seconds = [one.seconds for one in study.series]
        assert seconds == sorted(seconds)
        assert all(ranges[one.phase][0] <= one.seconds <= ranges[one.phase][1] for one in study.series)


def test_a_phase_called_portal_has_no_arterial_rival(studies):
    called = [{one.phase for one in study.series} for study in studies]
    assert any(PORTAL in found for found in called)
    assert not any({PORTAL, Contrast.ARTERIAL} <= found for found in called)


def test_headers_are_silent_for_some_and_no_drink_is_taken_for_an_injection(studies):
    series = [one for study in studies for one in study.series]
    injected = [one for one in series if one.seconds > 0]
    assert 0.1 < sum(one.bolus == "" for one in injected) / len(injected) < 0.3
    assert all(one.bolus != ORAL for one in injected)
    assert {one.bolus for one in series if one.seconds < 0} == {"", ORAL}
    assert any(one.description == "" for one in series)
    assert all(len(one.description) <= 64 for one in series)
    assert 0.01 < sum(not one.timed for one in series) / len(series) < 0.12


def test_faults_and_codings_are_rare_and_all_there(studies):
    series = [one for study in studies for one in study.series]
    for fault in (
        [one.missing_at is not None for one in series],
        [one.doubled_at is not None for one in series],
        [one.split == Split.FOLDERS for one in series],
        [one.split == Split.SERIES for one in series],
    ):
        assert 0 < sum(fault) / len(series) < 0.08
    assert len(Counter(one.syntax for one in series)) == 5
    assert len({study.layout for study in studies}) == 3
    assert all(study.series[study.chosen].split != Split.SERIES for study in studies)
    assert len({one.spacing_mm for one in series}) >= 5


def test_about_a_third_of_masks_are_nifti_and_a_few_are_missing():
    kinds = Counter(plan_mask(patient).kind for patient in CT_PATIENTS)
    assert kinds[MaskKind.NIFTI] / PATIENTS == pytest.approx(0.33, abs=0.07)
    assert 0 < kinds[MaskKind.NONE] / PATIENTS < 0.1
    assert any(plan_mask(patient).image for patient in CT_PATIENTS)


def test_the_plan_is_the_same_whatever_the_tumour():
    for number in range(1, 40):
        small, large = (
            simulated_patient(number, diameter_mm=size, side=side) for size, side in ((12, "left"), (150, "right"))
        )
        assert plan(small) == plan(large)
        assert plan_mask(small) == plan_mask(large)
        assert study_identity(small) == study_identity(large)


def test_a_small_study_has_thick_thin_and_overlapping_slices_and_some_reformats():
    studies = [plan(patient, series=2, slices=(40, 80)) for patient in CT_PATIENTS]
    series = [one for study in studies for one in study.series]
    assert {one.spacing_mm for one in series} == {2.5, 3.0, 4.0, 5.0}
    assert 0.02 < np.mean([one.thickness_mm > one.spacing_mm for one in series]) < 0.4
    assert 0.02 < np.mean([study.coronal_of is not None for study in studies]) < 0.2
    counts = [min(max(round(study.coverage_mm / one.spacing_mm), 40), 80) for study in studies for one in study.series]
    assert 46 < np.mean(counts) < 56


def test_names_follow_the_time_that_was_drawn(studies):
    said = 0
    for one in (one for study in studies for one in study.series):
        for number, unit in re.findall(r"(\d+) ?(s|sec|min)\b", one.description, re.IGNORECASE):
            said += 1
            apart = abs(float(number) * (60 if unit.lower() == "min" else 1) - one.seconds)
            assert apart <= (30 if unit.lower() == "min" else 2.5)
    assert said > 20


def test_fat_saturation_is_in_the_name_and_one_for_all_t1_and_3d_has_no_gaps():
    drawn = set()
    for number in range(1, 120):
        study = plan(simulated_patient(number, scan=ScanKind.MR, site="ABCDE"[number % 5]), series=3)
        for one in study.series:
            drawn.add((one.contrast, one.fat_saturated))
            says = re.search(r"(\b|_)fs(\b|_)|fat sat|lava", one.description, re.IGNORECASE) is not None
            assert says <= one.fat_saturated
            if one.contrast != Contrast.T2:
                assert one.thickness_mm == one.spacing_mm
        assert len({one.fat_saturated for one in study.series if one.contrast != Contrast.T2}) == 1
    assert len(drawn) == 6


def test_a_site_has_one_scanner_and_sites_differ():
    assert scan_scanner("A", 1, ScanKind.CT) == scan_scanner("A", 1, ScanKind.CT)
    scanners = [scan_scanner(site, 1, ScanKind.CT) for site in "ABCDEFGHIJKLMNOPQRST"]
    assert len({(one.manufacturer, one.kernel, one.spacing_mm) for one in scanners}) > 8
    assert len({one.wording for one in scanners}) >= 4


def test_identifiers_are_valid_and_do_not_repeat(studies):
    identities = [study_identity(patient) for patient in CT_PATIENTS]
    uids = [
        uid for identity in identities for uid in (identity.study_uid, identity.frame_uid, identity.uid("series", 2))
    ]
    assert len(set(uids)) == len(uids)
    assert all(pydicom.uid.UID(uid).is_valid for uid in uids)
    assert simulated_uid("a", "bc") != simulated_uid("ab", "c")


def test_the_header_s_times_say_how_long_after_the_injection(tmp_path):
    patient = simulated_patient(3)
    study, planned = plain(patient)
    identity = study_identity(patient)
    names = FileNames(tmp_path, Layout.ONE_FOLDER, np.random.default_rng(0))
    write_series(ramp(), replace(planned, bolus="CE", timed=True), study.scanner, identity, names)
    image = pydicom.dcmread(instances(tmp_path)[0])
    assert dicom_time(identity.moment(planned.seconds)) == image.AcquisitionTime
    assert dicom_time(identity.injection) == image.ContrastBolusStartTime
