"""A new patient's folder becomes a study of one, whatever of it has a table and whatever is found."""

from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest

from tumorboard.cohort import build_cohort
from tumorboard.errors import StudyError, UserError
from tumorboard.prediction.patient_folder import gather_patient
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import StudySettings, load_settings, parse_settings

MAF = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\n"
VARIANT = "VHL\tMissense_Mutation\t{}\n"


@pytest.fixture
def patient(tmp_path) -> Path:
    folder = tmp_path / "Somebody"
    folder.mkdir()
    return folder


@pytest.fixture
def gather(patient, tmp_path):
    def gathered(settings=None):
        workspace = tmp_path / "workspace"
        workspace.mkdir()
        files = gather_patient(patient, workspace, settings or StudySettings())
        study = StudyFolder(workspace)
        return files, study, build_cohort(study, load_settings(study))

    return gathered


def test_slides_are_found_and_a_mask_is_no_slide(patient, gather):
    (patient / "slides").mkdir()
    for name in ("a.svs", "slides/b.tif", "mask.tif", ".hidden.svs"):
        (patient / name).write_bytes(b"x")
    files, study, cohort = gather()
    table = pd.read_csv(study.root / "slides.csv")
    assert [Path(path).name for path in table["path"]] == ["a.svs", "b.tif"]
    assert all(Path(path).is_file() for path in table["path"])
    assert files.patient_id == "Somebody"
    assert cohort.patients["has_slide"].all()
    assert "taken as slides: a.svs, b.tif" in files.remarks[0]


def test_tables_keep_what_they_say_and_their_paths_hold_from_anywhere(patient, gather):
    (patient / "patients.csv").write_text("patient_id,age_years,grade\nP1,61,3\n")
    (patient / "slides.csv").write_text("patient_id,path,mpp\nP1,deep/a.tif,0.5\n")
    (patient / "not-named.svs").write_bytes(b"x")
    files, study, cohort = gather()
    table = pd.read_csv(study.root / "slides.csv")
    assert table.loc[0].to_dict() == {"patient_id": "P1", "path": str(patient / "deep" / "a.tif"), "mpp": 0.5}
    assert (files.patient_id, files.slides, files.remarks) == ("P1", 1, ())
    assert cohort.patients.loc[0, ["age_years", "grade"]].tolist() == [61, "3"]


def test_a_volume_says_by_its_name_what_it_is(patient, gather):
    for name in ("ct.nii.gz", "mask.nii.gz"):
        nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2), np.uint8), np.eye(4)), patient / name)
    _, study, cohort = gather()
    row = pd.read_csv(study.root / "scans.csv").loc[0]
    assert (row["modality"], Path(row["mask"]).name) == ("CT", "mask.nii.gz")
    assert cohort.patients["has_ct"].all()


def test_a_volume_that_may_be_anything_is_not_guessed_at(patient, gather):
    (patient / "scan.nii.gz").write_bytes(b"x")
    with pytest.raises(StudyError, match="CT or MR"):
        gather()


def test_one_sample_is_the_patients_whatever_it_is_called(patient, gather):
    (patient / "tumour.maf").write_text(MAF + VARIANT.format("LAB-7"))
    (patient / "copy_number.tsv").write_text("NAME\tLAB-7\n3p\tLoss\n")
    files, _, cohort = gather()
    assert cohort.genes.vectors("mutations", ("VHL", "BAP1"), ["Somebody"]).tolist() == [[1, 0]]
    assert cohort.genes.vectors("copy_number", ("3p loss",), ["Somebody"]).tolist() == [[1]]
    assert len(files.remarks) == 2


def test_of_many_samples_only_the_patients_own_is_taken(patient, gather):
    (patient / "patients.csv").write_text("patient_id\nTCGA-AA-0001\n")
    rows = [VARIANT.format(name) for name in ("TCGA-AA-0001-01A", "TCGA-AA-0002-01A", "TCGA-AA-0001-11A")]
    (patient / "mutations.maf").write_text(MAF + rows[0] + rows[1].replace("VHL", "BAP1") + rows[2].replace("VHL", "X"))
    _, _, cohort = gather()
    assert cohort.genes.vectors("mutations", ("VHL", "BAP1", "X"), ["TCGA-AA-0001"]).tolist() == [[1, 0, 0]]


def test_the_genes_of_others_are_refused(patient, gather):
    (patient / "mutations.maf").write_text(MAF + VARIANT.format("A") + VARIANT.format("B"))
    with pytest.raises(UserError, match="2 patients are in the file"):
        gather()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mutations.maf", MAF + VARIANT.format("TCGA-AA-0001-11A")),
        ("copy_number.tsv", "NAME\tTCGA-AA-0001-11A\n3p\tLoss\n"),
    ],
)
def test_normal_tissue_says_nothing_of_the_tumour(patient, gather, name, content):
    (patient / name).write_text(content)
    with pytest.raises(UserError, match="no sample is of the primary tumour"):
        gather()


def test_a_maf_without_variants_says_that_none_was_found(patient, gather):
    (patient / "mutations.maf").write_text(MAF)
    _, _, cohort = gather()
    assert cohort.genes.vectors("mutations", ("VHL",), ["Somebody"]).tolist() == [[0]]


def test_who_is_eligible_and_where_the_models_own_tables_lay_is_no_question(patient, gather):
    (patient / "patients.csv").write_text("patient_id,age_years\nP1,61\n")
    content = {"cohort": {"require": ["slide", "endpoint"], "tables": "elsewhere", "index": "tcga_kirc"}}
    _, _, cohort = gather(parse_settings(content, "test"))
    assert len(cohort.patients) == 1


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "nothing of a patient"),
        ({"patients.csv": "patient_id\nP1\nP2\n"}, "2 rows"),
        ({"patients.csv": "patient_id\nP1\n", "slides.csv": "patient_id,path\nP2,a.svs\n"}, "2 patients"),
        ({"slides.csv": "path\na.svs\n"}, "patient_id is missing"),
        ({"a.maf": MAF, "b.maf": MAF}, "a.maf and b.maf"),
    ],
)
def test_what_is_not_one_patient_is_refused(patient, gather, files, told):
    for name, text in files.items():
        (patient / name).write_text(text)
    with pytest.raises(UserError, match=told):
        gather()


def test_nothing_is_written_into_the_patients_folder(patient, gather):
    (patient / "patients.csv").write_text("patient_id,age_years\nP1,61\n")
    (patient / "a.svs").write_bytes(b"x")
    gather()
    assert sorted(path.name for path in patient.iterdir()) == ["a.svs", "patients.csv"]
