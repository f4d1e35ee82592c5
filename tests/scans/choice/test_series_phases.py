"""The contrast phase by words, times, agents and order, in that order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.scans.choice import PhaseName, phase_of
from tumorboard.scans.series import SeriesFacts

P = PhaseName
NOON = 43200.0


def _series(description="", number=2, slices=80, modality="CT", **more):
    return SeriesFacts(f"1.{number}", modality, slices, study_uid="1", description=description, number=number, **more)


def _names(study):
    return [phase_of(one, study).name for one in study]


@pytest.mark.parametrize(
    ("description", "phase"),
    [
        ("Nephrographic  5.0  B31f", P.NEPHROGRAPHIC),
        ("Delay Nephro  5.0  B31f", P.NEPHROGRAPHIC),
        ("PARENCHYMAL C+", P.NEPHROGRAPHIC),
        ("TEMPS TUBULAIRE", P.NEPHROGRAPHIC),
        ("nephrographische Phase", P.NEPHROGRAPHIC),
        ("100S KIDNEY  5.0  B31f", P.NEPHROGRAPHIC),
        ("90 sec delay  2.0  B40f", P.NEPHROGRAPHIC),
        ("Arterial_Phase  5.0  B20f", P.LATE_ARTERIAL),
        ("spätarteriell", P.LATE_ARTERIAL),
        ("ARTERIEL TARDIF", P.LATE_ARTERIAL),
        ("IV ART", P.LATE_ARTERIAL),
        ("45 sec delay  2.0  B40f", P.LATE_ARTERIAL),
        ("CORTICOMED", P.LATE_ARTERIAL),
        ("portalvenös", P.PORTAL_VENOUS),
        ("Abdomen pv", P.PORTAL_VENOUS),
        ("70 sec AP  3.0  B40f", P.PORTAL_VENOUS),
        ("LIVER(THIN VEN)", P.PORTAL_VENOUS),
        ("3 MIN DELAY", P.DELAYED),
        ("CT ABD KIDNEY 3 MIN EXCRETION", P.DELAYED),
        ("Urogram Phas 5.0 B30f", P.DELAYED),
        ("8min ABD/PEL  3.0  B30f", P.DELAYED),
        ("Ausscheidungsphase", P.DELAYED),
        ("TARDIF 7 MIN", P.DELAYED),
        ("PRE LIVER-KIDNEYS", P.NON_CONTRAST),
        ("I- kidney  5.0  B41s", P.NON_CONTRAST),
        ("ABD/PELVIS C-", P.NON_CONTRAST),
        ("RENAL MASS -C", P.NON_CONTRAST),
        ("W/O Abd.   5.0  B40f", P.NON_CONTRAST),
        ("ABD/PEL_NON  ST", P.NON_CONTRAST),
        ("Native 5.0 B30f", P.NON_CONTRAST),
        ("SANS INJECTION", P.NON_CONTRAST),
        ("Stone Protocol  5.0  B40f", P.NON_CONTRAST),
        ("+C", P.WITH_CONTRAST),
        ("Abdomen I+  5.0  B30f", P.WITH_CONTRAST),
        ("AP W  5.0  B40f", P.WITH_CONTRAST),
        ("KIDNEYS & DELAY", P.WITH_CONTRAST),
        ("C-A-P", P.UNKNOWN),
        ("A/P (RENAL)", P.UNKNOWN),
        ("HELICAL 5's", P.UNKNOWN),
        ("POST NEPHRECTOMY  150CC   20G LA   DSO/DG", P.UNKNOWN),
    ],
)
def test_ct_words(description, phase):
    assert phase_of(_series(description)).name is phase


@pytest.mark.parametrize(
    ("seconds", "phase"),
    [
        (-180, P.NON_CONTRAST),
        (0, P.UNKNOWN),
        (33, P.LATE_ARTERIAL),
        (72, P.PORTAL_VENOUS),
        (100, P.NEPHROGRAPHIC),
        (400, P.DELAYED),
        (9000, P.UNKNOWN),
    ],
)
def test_seconds_after_the_injection(seconds, phase):
    """A start equal to the acquisition is the scanner's filling-in, hours are another injection."""
    assert phase_of(_series(contrast_seconds=NOON, acquisition_seconds=NOON + seconds)).name is phase


def test_midnight_lies_between_injection_and_scan():
    phase = phase_of(_series(contrast_seconds=86390.0, acquisition_seconds=90.0))
    assert (phase.name, phase.source) == (P.NEPHROGRAPHIC, "seconds")


def test_the_injection_is_read_from_another_series_of_the_study():
    silent = _series(number=3, acquisition_seconds=NOON + 100)
    timed = _series("NON CON", number=2, contrast_seconds=NOON, acquisition_seconds=NOON - 200)
    assert phase_of(silent, [timed, silent]).name is P.NEPHROGRAPHIC


def test_words_win_over_times_and_times_over_agents():
    timed = _series("PRE-CONTRAST", contrast_agent="OMNI", contrast_seconds=NOON, acquisition_seconds=NOON + 100)
    assert phase_of(timed).name is P.NON_CONTRAST
    assert phase_of(replace(timed, description="POST CONTRAST")).name is P.NEPHROGRAPHIC
    assert phase_of(replace(timed, description="")).name is P.NEPHROGRAPHIC
    assert phase_of(replace(timed, description="", contrast_seconds=None)).name is P.WITH_CONTRAST


def test_an_agent_that_is_drunk_tells_nothing():
    assert phase_of(_series(contrast_agent="ORAL")).name is P.UNKNOWN


@given(st.floats(10, 3600), st.floats(10, 3600))
def test_later_is_never_an_earlier_phase(one, other):
    order = [P.LATE_ARTERIAL, P.PORTAL_VENOUS, P.NEPHROGRAPHIC, P.DELAYED]
    early, late = sorted([one, other])
    places = [
        order.index(phase_of(_series(contrast_seconds=NOON, acquisition_seconds=NOON + seconds)).name)
        for seconds in (early, late)
    ]
    assert places == sorted(places)


def test_order_of_silent_passes():
    """Without contrast first, then the main pass, then the late one."""
    study = [_series("AXIAL", number=n, slices=s) for n, s in ((2, 55), (3, 104), (4, 45))]
    assert _names(study) == [P.NON_CONTRAST, P.WITH_CONTRAST, P.DELAYED]
    assert {phase_of(one, study).source for one in study} == {"order"}


def test_four_silent_passes():
    study = [_series(number=n) for n in (2, 3, 4, 5)]
    assert _names(study) == [P.NON_CONTRAST, P.LATE_ARTERIAL, P.NEPHROGRAPHIC, P.DELAYED]


def test_a_long_pass_before_a_short_one_is_with_contrast():
    study = [_series("CAP Routine", 2, 133), _series("kidneys", 3, 33)]
    assert _names(study) == [P.WITH_CONTRAST, P.DELAYED]


def test_what_comes_before_the_pass_named_with_contrast_is_without():
    study = [_series("CT", 2, 52), _series("CT", 3, 256), _series("with Contrast", 4, 51)]
    assert _names(study)[:2] == [P.NON_CONTRAST, P.NON_CONTRAST]


def test_a_study_without_contrast():
    silent = _series("HELICAL 5's", study_description="CAP W/O")
    assert phase_of(silent, [silent]).name is P.NON_CONTRAST
    both = replace(silent, study_description="CT ABDOMEN W/WO CONTRA")
    assert phase_of(both, [both]).name is P.WITH_CONTRAST


def test_a_second_reconstruction_has_the_phase_of_the_first():
    study = [_series("PRE LIVER", 2, 46), _series("A/P (RENAL)", 3, 221), _series("Recon 2: A/P (RENAL)", 4, 94)]
    assert _names(study)[2] is _names(study)[1] is P.WITH_CONTRAST


def _mr(description, number, slices=60, **more):
    return _series(description, number, slices, "MR", **more)


@pytest.mark.parametrize(
    ("description", "phase"),
    [
        ("Axial T1 post", P.T1_CONTRAST),
        ("Ax LAVA +C  FS Thru Kidney only @ 4 MIN", P.T1_CONTRAST),
        ("T1 VIBE FS tra +KM", P.T1_CONTRAST),
        ("AX T1 GADO", P.T1_CONTRAST),
        ("AX T1 SANS GADO", P.T1),
        ("Ax LAVA -C FS Thru Kidney only", P.T1),
        ("t1_vibe_fs_tra_p2_bh_320", P.T1),
        ("AX THR PRE", P.T1),
        ("frfse t1", P.T1),
        ("frfse t2", P.OTHER),
        ("t2_haste_cor_p2_mbh_320", P.OTHER),
        ("AX BFFE", P.OTHER),
        ("cor improved ssfse", P.OTHER),
    ],
)
def test_mr_words(description, phase):
    assert phase_of(_mr(description, 3)).name is phase


def test_mr_weighting_by_times():
    """Where the name is silent: short repetition and echo of a gradient echo is T1, a long echo is not."""
    assert phase_of(_mr("RENAL_AXI", 3, repetition_ms=4.1, echo_ms=1.9, sequence="GR SP")).name is P.T1
    assert phase_of(_mr("RENAL_AXI", 3, repetition_ms=1100, echo_ms=91, sequence="SE SK")).name is P.OTHER
    assert phase_of(_mr("RENAL_AXI", 3, repetition_ms=4.0, echo_ms=2.0, sequence="GR SS")).name is P.OTHER


def test_an_agent_once_injected_stays():
    """A T1 after one named as after contrast is after contrast too; before it, it is not told so."""
    study = [_mr("Ax spgr", 4), _mr("lava pre", 5, 144), _mr("lava post", 6, 432), _mr("Ax spgr", 7)]
    assert _names(study) == [P.T1, P.T1, P.T1_CONTRAST, P.T1_CONTRAST]


def test_a_subtraction_tells_what_was_subtracted():
    study = [_mr("", 8, 100), _mr("", 9, 100), _mr("(238/9/72)-(238/8/72)", 100, 100)]
    assert _names(study)[:2] == [P.T1, P.T1_CONTRAST]


def test_dynamic_series_of_one_name():
    study = [_mr("3d fame Special", number) for number in (6, 7, 8, 9)]
    assert _names(study) == [P.T1, P.T1_CONTRAST, P.T1_CONTRAST, P.T1_CONTRAST]


def test_a_dynamic_series_holds_passes_after_contrast_unless_it_was_cut_short():
    study = [_mr("AX 3D FAME (PRE/3DYN)", 7, 104), _mr("AX 3D FAME (PRE/3DYN)", 9, 336)]
    assert _names(study) == [P.T1, P.T1_CONTRAST]


def test_before_the_agent_is_before_though_the_agent_is_named():
    assert phase_of(_mr("PRE GAD T1", 8)).name is P.T1
    assert phase_of(_mr("PRE - 3POST 3D", 9, 340)).name is P.T1_CONTRAST


def test_an_unnamed_series_with_the_slices_of_an_earlier_t1_is_a_pass_of_it():
    study = [_mr("Axial T2", 7, 40), _mr("Axial T1 FAME", 8, 124), _mr("", 100, 124), _mr("", 101, 40)]
    assert _names(study)[2:] == [P.T1_CONTRAST, P.OTHER]


def test_what_was_injected_is_not_when():
    """GE copies the injection's protocol into the description of regrouped series."""
    assert phase_of(_series("Contrast O,R & 143CC/5.0R/25SEC")).name is not P.LATE_ARTERIAL


@pytest.mark.parametrize(
    "study", ["CT C/A/P W/O WITH", "CT AB/PEL W & W/O CONTRAST", "ABD/PELVIS W/W/O", "ABD CT W&W/OC"]
)
def test_studies_without_and_with_contrast(study):
    passes = [_series("", 2, 55, study_description=study), _series("", 3, 127, study_description=study)]
    assert _names(passes) == [P.NON_CONTRAST, P.WITH_CONTRAST]
