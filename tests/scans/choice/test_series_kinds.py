"""What is an image that can serve, and what is not: real descriptions of TCGA-KIRC and of other hospitals."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.scans.choice import KindName, kind_of
from tumorboard.scans.series import SeriesFacts

K = KindName


def _series(description="", modality="CT", slices=80, **more):
    return SeriesFacts("1.2.3", modality, slices, description=description, **more)


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("SCOUT AP/LAT", K.LOCALIZER),
        ("Topogram  0.6  T20s", K.LOCALIZER),
        ("Topo - 11 min   0.6  T81s", K.LOCALIZER),
        ("SURVVIEW", K.LOCALIZER),
        ("Scanogram Front.", K.LOCALIZER),
        ("MODE RADIO", K.LOCALIZER),
        ("Smart Prep Series", K.BOLUS_TRACKING),
        ("PreMonitoring  9.0  B40f", K.BOLUS_TRACKING),
        ("Patient Protocol", K.DOSE_SHEET),
        ("Individually captured images", K.SECONDARY_CAPTURE),
        ("Cor AP  3.0  SPO", K.REFORMAT),
        ("Arterial Phase  5.0  SPO", K.REFORMAT),
        ("coronal<MPR Range>", K.REFORMAT),
        ("SAG 3 MIN DELAY", K.REFORMAT),
        ("<MPR Range[1]>", K.REFORMAT),
        ("Reformatted", K.REFORMAT),
        ("Nieren nephro kor MPR", K.REFORMAT),
        ("Arterial  Coronal Thin Mip", K.PROJECTION),
        ("3D MIP movie", K.PROJECTION),
        ("VR1", K.PROJECTION),
        ("LUNG RECONS", K.CHEST),
        ("Recon 2: CHEST & DELAY BLADDER", K.CHEST),
        ("HiRes Chest 1.5  B46f", K.CHEST),
        ("PE  2.0  B40f", K.CHEST),
        ("DELAYED BLADDER", K.OTHER_BODY_PART),
        ("Biopsy Abd  2.4  B30s", K.BIOPSY),
        ("CAP Routine  5.0  B40f", K.IMAGE),
        ("C/A/P (RENAL)", K.IMAGE),
        ("CHEST-ABD", K.IMAGE),
        ("HELICAL 5's", K.IMAGE),
        ("C-A-P  PA  POSITION", K.IMAGE),
        ("PRE LIVER RECON 2 LUNG", K.IMAGE),
        ("+C 90SEC PREP 7.5/3.75/7.5", K.IMAGE),
        ("Recon 2:", K.IMAGE),
        ("", K.IMAGE),
    ],
)
def test_ct_descriptions(description, kind):
    assert kind_of(_series(description)).name is kind


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("3 plane Loc SSFSE BH", K.LOCALIZER),
        ("cor loc", K.LOCALIZER),
        ("3PL KIDNEYS", K.LOCALIZER),
        ("ASSET calibration", K.CALIBRATION),
        ("Asset cal (1 ACQ ONLY !)", K.CALIBRATION),
        ("Timing run", K.BOLUS_TRACKING),
        ("RENALS/MRA_RENALS_TEST_DOS", K.BOLUS_TRACKING),
        ("(10583/12/97)-(10583/12/1)", K.SUBTRACTION),
        ("(18838/9/73)+(18838/8/21)", K.SUBTRACTION),
        ("VIBE SUB", K.SUBTRACTION),
        ("PRE COR 3D MRA HI RES 1MEA_SUB", K.SUBTRACTION),
        ("PJN", K.PROJECTION),
        ("Maximum_Intensity_Projection", K.PROJECTION),
        ("DWIBS_SBC", K.DIFFUSION),
        ("Axial diffusion 1000", K.DIFFUSION),
        ("Coronal MRCP thin", K.FLUID),
        ("OBL CORONAL THIN  180TE", K.FLUID),
        ("t2_tse_COR_thick_slab IR", K.FLUID),
        ("TRICKS MRA", K.ANGIOGRAPHY),
        ("Axial flow sensitive", K.ANGIOGRAPHY),
        ("Ax spgr pelvis", K.OTHER_BODY_PART),
        ("COR T1 FSPGR FS POST", K.IMAGE),
        ("t1_vibe_fs_cor_p3_bh_288", K.IMAGE),
        ("obl 3D post", K.IMAGE),
        ("Ax spgr abd", K.IMAGE),
    ],
)
def test_mr_descriptions(description, kind):
    assert kind_of(_series(description, "MR")).name is kind


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (_series(image_type=("ORIGINAL", "PRIMARY", "LOCALIZER")), K.LOCALIZER),
        (_series(image_type=("DERIVED", "SECONDARY", "MPR")), K.REFORMAT),
        (_series(image_type=("DERIVED", "SECONDARY", "AXIAL")), K.IMAGE),
        (_series(sop_class_uid="1.2.840.10008.5.1.4.1.1.7"), K.SECONDARY_CAPTURE),
        (_series(sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4", modality="SEG"), K.MASK),
        (_series(modality="RTSTRUCT"), K.MASK),
        (_series(modality="PT"), K.OTHER),
        (_series(burned_in=True), K.SECONDARY_CAPTURE),
        (_series(plane="coronal"), K.REFORMAT),
        (_series(plane="coronal", modality="MR"), K.IMAGE),
        (_series(diffusion_b=500.0, modality="MR"), K.DIFFUSION),
        (_series(diffusion_b=0.0, modality="MR"), K.IMAGE),
        (_series(slices=3), K.TOO_FEW),
        (_series(slices=20, slice_mm=2.0), K.TOO_FEW),
        (_series("CAP routine", body_part="CHEST"), K.IMAGE),
        (_series("", body_part="CHEST"), K.CHEST),
        (_series("", study_description="CT THORAX W/CONTRAST"), K.CHEST),
        (_series("CAP Routine", study_description="CT CHEST w + 3D Depend WS"), K.IMAGE),
    ],
)
def test_tags(facts, kind):
    """Classes and image types are sure; a body part is believed only where words are silent."""
    assert kind_of(facts).name is kind


@given(st.text(max_size=64), st.sampled_from(["CT", "MR", "SEG", "PT", ""]), st.integers(0, 3000))
def test_every_series_is_something(description, modality, slices):
    """No description breaks the rules, and case, underscores and accents do not matter."""
    kind = kind_of(_series(description, modality, slices))
    assert kind.reason
    respelled = replace(_series(description, modality, slices), description=description.replace(" ", "_"))
    assert kind_of(respelled).name is kind.name
