"""cBioPortal's tables with the study's own images beside them: who has what, and when the cohort is built anew."""

import pytest

from tumorboard.cohort import build_cohort, read_cohort
from tumorboard.errors import StudyError, TableError
from tumorboard.pipeline.run import STUDY_STAGES, run_study
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import load_settings

CLINICAL = (
    "#c\nPATIENT_ID\tAGE\tDSS_STATUS\tDSS_MONTHS\n"
    "A\t60\t1:DEAD WITH TUMOR\t10\nB\t50\t0:ALIVE\t80\nC\t70\t1:DEAD WITH TUMOR\t30\n"
)
COHORT = STUDY_STAGES[:1]


@pytest.fixture
def study(tmp_path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "data_clinical_patient.txt").write_text(CLINICAL)
    (tmp_path / "study.toml").write_text('[cohort]\ntables = "tables"\n')
    return StudyFolder(tmp_path)


def write_images(folder, slides="A,1.svs\nB,2.svs\n", scans="A,scans/1,MR\nC,scans/3,CT\n"):
    (folder.root / "slides.csv").write_text("patient_id,path\n" + slides)
    (folder.root / "scans.csv").write_text("patient_id,path,modality\n" + scans)


def run_cohort(folder):
    return run_study(folder, COHORT, lambda _: lambda _: None, lambda *_: None)["cohort"].outcome


def test_own_slides_and_scans_count_beside_archived_tables(study):
    write_images(study)
    (study.root / "features.csv").write_text("patient_id,path,modality\nB,bag.parquet,scan\n")
    (study.root / "bag.parquet").touch()
    cohort = build_cohort(study, load_settings(study))
    assert cohort.summary()["modalities"] == {"slide": 2, "ct": 1, "mr": 1, "mutations": 0, "copy_number": 0}
    has = cohort.patients.set_index("patient_id")
    assert has["has_slide"].to_dict() == {"A": True, "B": True, "C": False}
    assert has["has_scan"].to_dict() == {"A": True, "B": True, "C": True}
    assert {path.name for path in cohort.inputs} >= {"slides.csv", "scans.csv", "features.csv"}


def test_who_is_eligible_may_depend_on_own_images(study):
    write_images(study)
    settings = load_settings(study)
    settings = settings.model_copy(update={"cohort": settings.cohort.model_copy(update={"require": ("slide", "scan")})})
    assert build_cohort(study, settings).patients["patient_id"].tolist() == ["A"]


def test_an_image_of_nobody_is_told_with_its_row(study):
    write_images(study, slides="A,1.svs\nX,2.svs\n")
    with pytest.raises(TableError, match=r"slides\.csv, row 3, column patient_id: 'X'"):
        build_cohort(study, load_settings(study))


def test_an_image_of_somebody_whom_the_index_alone_knows_counts(study):
    pytest.importorskip("idc_index_data", reason="the extra 'archives' is not installed")
    known = read_index_only(study)
    write_images(study, slides=f"{known},1.svs\n", scans=f"{known},scans/1,MR\n")
    has = build_cohort(study, with_index(study)).patients.set_index("patient_id").loc[known]
    assert (has["has_slide"], has["has_mr"]) == (True, True)


def with_index(folder):
    settings = load_settings(folder)
    return settings.model_copy(update={"cohort": settings.cohort.model_copy(update={"index": "tcga_kirc"})})


def read_index_only(folder):
    """Somebody of the archive without an MR there."""
    patients = build_cohort(folder, with_index(folder)).patients
    return patients.loc[~patients["has_mr"] & ~patients["patient_id"].isin(["A", "B", "C"]), "patient_id"].iloc[0]


def test_run_builds_the_cohort_anew_when_own_images_change(study):
    assert [run_cohort(study), run_cohort(study)] == ["done", "up to date"]
    write_images(study)
    assert [run_cohort(study), run_cohort(study)] == ["done", "up to date"]
    write_images(study, scans="A,scans/1,MR\n")
    assert [run_cohort(study), run_cohort(study)] == ["done", "up to date"]
    assert read_cohort(study)["has_ct"].sum() == 0


def test_tables_that_are_gone_are_told_in_one_line(study):
    run_cohort(study)
    (study.root / "tables").rename(study.root / "elsewhere")
    with pytest.raises(StudyError, match="no such folder"):
        run_cohort(study)
