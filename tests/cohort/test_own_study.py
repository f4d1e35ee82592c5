"""A user's own tables: nobody is lost for what is missing, and what is required is asked in order."""

import json
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from tumorboard.cohort import read_cohort, read_folds, read_genes
from tumorboard.errors import StudyError
from tumorboard.study.files import StudyFolder


def test_every_patient_stays_and_is_marked(write_study, run_json):
    study = write_study()
    answer = run_json("cohort", study)
    assert (answer["patients"], answer["eligible"], answer["dropped"]) == (5, 5, [])
    assert (answer["with_endpoint"], answer["events"]) == (4, 2)
    assert answer["modalities"] == {"slide": 3, "ct": 2, "mr": 2, "mutations": 3, "copy_number": 2}
    patients = read_cohort(StudyFolder(study)).set_index("patient_id")
    assert patients["has_slide"].to_dict() == {"P1": True, "P2": True, "P3": False, "P4": False, "P5": True}
    assert patients["has_scan"].to_dict() == {"P1": True, "P2": False, "P3": True, "P4": False, "P5": True}
    assert patients["has_mutations"].to_dict() == {"P1": True, "P2": True, "P3": False, "P4": True, "P5": False}
    assert patients["has_clinical"].all()


def test_features_of_a_scan_stand_for_the_scan(write_study, run_json):
    study = write_study(**{"features.csv": "patient_id,path,modality\nP2,bag.parquet,scan\n"})
    (study / "bag.parquet").touch()
    assert run_json("cohort", study, "--require", "scan")["eligible"] == 4
    patients = read_cohort(StudyFolder(study)).set_index("patient_id")
    assert (patients.at["P2", "has_scan"], patients.at["P2", "has_ct"]) == (True, False)


def test_landmark_status_at_exactly_sixty_months(write_study, run_json):
    study = write_study()
    assert run_json("cohort", study)["five_year"] == {"dead": 2, "alive": 1, "excluded": 1}
    status = read_cohort(StudyFolder(study)).set_index("patient_id")["landmark_status"]
    assert status.fillna("").to_dict() == {"P1": "alive", "P2": "dead", "P3": "dead", "P4": "excluded", "P5": ""}


def test_requirements_are_asked_in_order_and_each_dropped_patient_has_all_reasons(write_study, run_json):
    answer = run_json("cohort", write_study(), "--require", "slide,scan,endpoint")
    assert answer["required"] == ["slide", "scan", "endpoint"]
    assert [(step["requirement"], step["dropped"], step["left"]) for step in answer["flow"]["steps"]] == [
        ("slide", 2, 3),
        ("scan", 1, 2),
        ("endpoint", 1, 1),
    ]
    assert answer["dropped"] == [
        {"patient_id": "P2", "reason": "neither CT nor MR"},
        {"patient_id": "P3", "reason": "no diagnostic slide"},
        {"patient_id": "P4", "reason": "no diagnostic slide; neither CT nor MR"},
        {"patient_id": "P5", "reason": "endpoint not known"},
    ]


def test_order_of_requirements_changes_the_steps_and_not_who_is_left(write_study, run_json):
    forth = run_json("cohort", write_study("a"), "--require", "slide,scan")
    back = run_json("cohort", write_study("b"), "--require", "scan,slide,scan")
    assert back["required"] == ["scan", "slide"]
    assert {drop["patient_id"] for drop in forth["dropped"]} == {drop["patient_id"] for drop in back["dropped"]}
    assert forth["eligible"] == back["eligible"] == 2


def test_requirements_that_nobody_meets(write_study, run):
    code, _, err = run("cohort", write_study(**{"scans.csv": None}), "--require", "slide,ct")
    assert code == 2
    assert err.count("\n") == 1
    assert "none of 5 patients" in err
    assert "no diagnostic slide: 2 dropped" in err
    assert "no CT: 3 dropped" in err


def test_a_table_of_patients_alone_is_enough(write_study, run_json):
    only = write_study(**{"slides.csv": None, "scans.csv": None, "mutations.maf": None, "copy_number.tsv": None})
    answer = run_json("cohort", only)
    assert answer["eligible"] == 5
    assert set(answer["modalities"].values()) == {0}


def test_not_profiled_is_not_wild_type(write_study, run_json):
    study = write_study()
    run_json("cohort", study)
    genes = read_genes(StudyFolder(study))
    everyone = ["P1", "P2", "P3", "P4", "P5"]
    mutated = genes.vectors("mutations", ["VHL", "PBRM1", "TTN"], everyone)
    np.testing.assert_array_equal(
        mutated, [[1, 0, 0], [0, 1, 0], [np.nan] * 3, [0, 0, 0], [np.nan] * 3]
    )  # P4's only variant is silent: sequenced and wild type
    copies = genes.vectors("copy_number", ["3p loss", "5q gain"], everyone)
    np.testing.assert_array_equal(copies, [[1, 1], [0, 0], [np.nan] * 2, [np.nan] * 2, [np.nan] * 2])


@pytest.fixture
def flagged(patients_csv):
    def add_columns(**values):
        table = pd.read_csv(StringIO(patients_csv), dtype=str, keep_default_na=False)
        return table.assign(**values).to_csv(index=False)

    return add_columns


def test_a_flag_says_who_was_profiled_without_a_finding(write_study, flagged, run_json):
    patients = flagged(mutations_profiled=["1", "1", "1", "", "0"], copy_number_profiled=["", "", "1", "", "1"])
    study = write_study(**{"patients.csv": patients})
    assert run_json("cohort", study)["modalities"]["mutations"] == 4
    genes = read_genes(StudyFolder(study))
    assert genes.profiled["mutations"] == {"P1", "P2", "P3", "P4"}
    np.testing.assert_array_equal(genes.vectors("mutations", ["VHL"], ["P3", "P5"]), [[0], [np.nan]])
    # P3's cells are empty in the copy-number table and P5 has no column there
    np.testing.assert_array_equal(genes.vectors("copy_number", ["3p loss"], ["P3", "P5"]), [[np.nan], [0]])


def test_a_flag_that_denies_what_the_file_has(write_study, flagged, run):
    code, _, err = run("cohort", write_study(**{"patients.csv": flagged(mutations_profiled=["1", "0", "", "", ""])}))
    assert code == 2
    assert "patients.csv, row 3, column mutations_profiled: '0' is not allowed" in err
    assert "mutations.maf has P2" in err


def test_genes_of_strangers_are_left_out_and_reported(write_study, run_json):
    maf = "Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode\nVHL\tMissense_Mutation\tX1\n"
    answer = run_json("cohort", write_study(**{"mutations.maf": maf}))
    assert answer["modalities"]["mutations"] == 0
    assert any(
        f["kind"] == "left out" and f["patients"] == 1 and f["column"] == "mutations" for f in answer["findings"]
    )


def test_competing_deaths_and_other_endpoints(write_study, run_json):
    patients = (
        "patient_id,dss_time_months,dss_event,os_time_months,os_event,pfs_time_months,pfs_event\n"
        "P1,30,0,30.01,1,10,1\nP2,30,1,30,1,30,1\nP3,90,0,90,0,,\n"
    )
    none = dict.fromkeys(("slides.csv", "scans.csv", "mutations.maf", "copy_number.tsv"))
    study = write_study(**none, **{"patients.csv": patients})
    answer = run_json("cohort", study)
    assert (answer["endpoint"], answer["events"], answer["competing_events"]) == ("DSS", 1, 1)
    answer = run_json("cohort", study, "--endpoint", "os")
    assert (answer["endpoint"], answer["events"], answer["competing_events"]) == ("OS", 2, 0)
    answer = run_json("cohort", study, "--endpoint", "PFS")
    assert (answer["with_endpoint"], answer["events"]) == (2, 2)


def test_study_toml_is_never_overwritten_and_the_record_says_what_was_used(write_study, run):
    study = write_study()
    mine = '# my own words\n[cohort]\nrequire = ["slide"]\n'
    (study / "study.toml").write_text(mine)
    code, _, err = run("cohort", study, "--require", "scan", "--json")
    assert code == 0
    assert "study.toml is kept" in err
    assert (study / "study.toml").read_text() == mine
    record = json.loads((study / "cohort.json").read_text())
    assert record["settings"]["cohort"]["require"] == ["scan"]
    assert record["required"] == ["scan"]
    _, out, err = run("cohort", study, "--json")
    assert json.loads(out)["required"] == ["slide"]
    assert err == ""


def test_first_run_writes_a_study_toml_with_what_was_given(write_study, run_json):
    study = write_study()
    run_json("cohort", study, "--require", "slide")
    assert run_json("cohort", study)["required"] == ["slide"]


def test_log_holds_no_patient(write_study, run_json):
    study = write_study()
    run_json("cohort", study)
    entry = json.loads((study / "log.jsonl").read_text())
    assert entry["counts"] == {"patients": 5, "eligible": 5}
    assert set(entry["inputs"]) == {"patients.csv", "slides.csv", "scans.csv", "mutations.maf", "copy_number.tsv"}
    assert "P1" not in json.dumps(entry)


def test_too_few_events_for_folds_is_said_and_old_folds_go(write_study, run_json):
    study = write_study()
    (study / "study.toml").write_text("[folds]\ncount = 2\n")
    run_json("cohort", study)
    folder = StudyFolder(study)
    folds = read_folds(folder, read_cohort(folder), by_site=False)
    assert set(folds["patient_id"]) == {"P1", "P2", "P3", "P4"}
    (study / "study.toml").write_text("[folds]\ncount = 3\n")
    answer = run_json("cohort", study)
    assert any(f["column"] == "folds" and "2 events are too few for 3 folds" in f["text"] for f in answer["findings"])
    with pytest.raises(StudyError, match=r"there is no folds\.parquet.*Run: tumorboard cohort"):
        read_folds(folder, read_cohort(folder), by_site=False)


def test_folds_with_a_patient_on_both_sides_are_refused_when_read(write_study, run_json):
    study = write_study()
    (study / "study.toml").write_text("[folds]\ncount = 2\n")
    run_json("cohort", study)
    folder = StudyFolder(study)
    folds = pd.read_parquet(folder.folds)
    test_rows = folds[folds["role"] == "test"]
    pd.concat([folds, test_rows.head(1).assign(role="fit")]).to_parquet(folder.folds, index=False)
    with pytest.raises(StudyError, match="two roles in one fold"):
        read_folds(folder, read_cohort(folder), by_site=False)
