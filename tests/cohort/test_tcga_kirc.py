"""The cohort of TCGA-KIRC against figures counted here from the raw files and the raw index, by other code."""

import gzip
import json
import shutil

import numpy as np
import pandas as pd
import pytest

from tumorboard.cli import main
from tumorboard.cohort import read_cohort, read_folds, read_genes
from tumorboard.study.files import StudyFolder

REQUIRED = ("--index", "tcga_kirc", "--require", "slide,scan,clinical")


def build(study, tables, *words):
    with pytest.raises(SystemExit) as stop:
        main(["cohort", str(study), "--tables", str(tables), *words])
    assert stop.value.code == 0
    return json.loads((study / "cohort.json").read_text())


@pytest.fixture(scope="module")
def required(kirc, tmp_path_factory):
    """The study's cohort: slide, scan and clinical record."""
    pytest.importorskip("idc_index_data", reason="the extra 'archives' is not installed")
    study = tmp_path_factory.mktemp("kirc")
    return StudyFolder(study), build(study, kirc, *REQUIRED)


@pytest.fixture(scope="module")
def everyone(kirc, tmp_path_factory):
    pytest.importorskip("idc_index_data", reason="the extra 'archives' is not installed")
    study = tmp_path_factory.mktemp("kirc-all")
    return StudyFolder(study), build(study, kirc, "--index", "tcga_kirc")


@pytest.fixture(scope="module")
def raw_index():
    """Who has what in the index, read without this program."""
    package = pytest.importorskip("idc_index_data", reason="the extra 'archives' is not installed")
    columns = ["collection_id", "PatientID", "Modality", "SeriesDescription"]
    index = pd.read_parquet(package.IDC_INDEX_PARQUET_FILEPATH, columns=columns)
    index = index[index["collection_id"] == "tcga_kirc"]
    words = index["SeriesDescription"].fillna("").str.split()
    diagnostic = words.map(lambda w: w[:2] == ["FFPE", "HE"] and w[-1].startswith("DX"))
    return {
        "all": set(index["PatientID"]),
        "slide": set(index.loc[(index["Modality"] == "SM") & diagnostic, "PatientID"]),
        "ct": set(index.loc[index["Modality"] == "CT", "PatientID"]),
        "mr": set(index.loc[index["Modality"] == "MR", "PatientID"]),
    }


@pytest.fixture(scope="module")
def raw_patients(kirc):
    return pd.read_csv(kirc / "data_clinical_patient.txt", sep="\t", comment="#").set_index("PATIENT_ID")


def test_published_figures(required):
    _, answer = required
    assert (answer["patients"], answer["eligible"], answer["with_endpoint"], answer["events"]) == (537, 231, 229, 53)
    assert answer["five_year"] == {"dead": 47, "alive": 65, "excluded": 117}
    assert answer["endpoint"] == "DSS"
    assert len(answer["dropped"]) == 306
    assert all(drop["reason"] for drop in answer["dropped"])
    assert len({drop["patient_id"] for drop in answer["dropped"]}) == 306


def test_published_figures_of_everyone(everyone):
    _, answer = everyone
    assert (answer["patients"], answer["eligible"], answer["with_endpoint"], answer["events"]) == (537, 537, 501, 108)
    assert answer["dropped"] == []


def test_who_is_eligible_and_with_what_is_counted_alike_from_the_raw_files(required, raw_index, raw_patients, kirc):
    folder, answer = required
    expected = raw_index["slide"] & (raw_index["ct"] | raw_index["mr"]) & set(raw_patients.index)
    patients = read_cohort(folder)
    assert set(patients["patient_id"]) == expected
    assert {drop["patient_id"] for drop in answer["dropped"]} == raw_index["all"] - expected
    barcodes = pd.read_csv(kirc / "data_mutations.txt.gz", sep="\t", usecols=["Tumor_Sample_Barcode"]).iloc[:, 0]
    sequenced = set(barcodes[barcodes.str[13:15] == "01"].str[:12])
    arms = pd.read_csv(kirc / "data_armlevel_cna.txt", sep="\t", index_col="NAME")
    copied = {name[:12] for name in arms.columns if name.startswith("TCGA") and name[13:15] == "01"}
    counted = {name: len(raw_index[name] & expected) for name in ("slide", "ct", "mr")}
    counted |= {"mutations": len(sequenced & expected), "copy_number": len(copied & expected)}
    assert answer["modalities"] == counted
    assert (counted["ct"], counted["mr"]) == (204, 51)
    for name, members in (("ct", raw_index["ct"]), ("mutations", sequenced), ("copy_number", copied)):
        assert set(patients.loc[patients[f"has_{name}"], "patient_id"]) == members & expected


def test_endpoint_is_the_raw_tables_one(required, raw_patients):
    patients = read_cohort(required[0]).set_index("patient_id")
    raw = raw_patients.loc[patients.index]
    known = raw["DSS_STATUS"].notna() & raw["DSS_MONTHS"].notna()
    np.testing.assert_array_equal(patients["time_months"], raw["DSS_MONTHS"].where(known))
    np.testing.assert_array_equal(patients["event"], raw["DSS_STATUS"].str[0].astype(float).where(known))
    event, time = patients["event"], patients["time_months"]
    assert int(((event == 1) & (time <= 60)).sum()) == 47
    assert int((time > 60).sum()) == 65
    died_of_other = raw["OS_STATUS"].str.startswith("1") & (event == 0)
    assert int(patients["competing"].sum()) == int(died_of_other.sum())


def test_clinical_columns_are_the_raw_tables_ones(everyone, raw_patients, kirc):
    patients = read_cohort(everyone[0]).set_index("patient_id")
    raw = raw_patients.reindex(patients.index)
    bcr = pd.read_csv(kirc / "clinical_bcr.tsv", sep="\t").set_index("bcr_patient_barcode").reindex(patients.index)
    stage = raw["PATH_T_STAGE"].str.lower().str[1:].fillna(bcr["pathologic_T"].str[1:])
    assert patients["t"].fillna("").tolist() == stage.fillna("").tolist()
    np.testing.assert_array_equal(patients["age_years"], raw["AGE"].fillna(bcr["age_at_initial_pathologic_diagnosis"]))
    np.testing.assert_array_equal(patients["ecog"], bcr["eastern_cancer_oncology_group"])
    assert patients["site"].tolist() == [patient.split("-")[1] for patient in patients.index]
    assert set(patients.loc[patients["necrosis"].notna(), "proxies"]) == {"necrosis"}


def test_impossible_values_are_reported_and_do_not_survive(everyone, kirc):
    folder, answer = everyone
    bcr = pd.read_csv(kirc / "clinical_bcr.tsv", sep="\t").set_index("bcr_patient_barcode")
    patients = read_cohort(folder).set_index("patient_id")
    dead = bcr.index[bcr["karnofsky_performance_score"] == 0]
    assert len(dead) == 2
    assert patients.loc[dead, "karnofsky"].isna().all()
    small = bcr.index[bcr["pathologic_T"].str[:2].isin(["t3", "t4"]) & (bcr["maximum_tumor_dimension_cm"] <= 1)]
    assert len(small) >= 3
    assert patients.loc[small, "size_cm"].isna().all()
    assert not (patients["karnofsky"] == 0).any()
    assert not (patients["t"].str[0].isin(["3", "4"]) & (patients["size_cm"] <= 1)).any()
    found = {(f["kind"], f["column"]): f for f in answer["findings"]}
    assert found["impossible", "karnofsky"]["patients"] == 2
    shown = found["impossible", "size_cm"]["text"]
    for case in ("T1b of 0.7", "T2 of 0.7", "T2 of 0.9", "T3 of 0.7", "T3b of 0.7", "T4 of 1", "T1a of 20"):
        assert f"{case} cm" in shown
    assert found["impossible", "size_cm"]["patients"] == 7
    assert found["contradiction", "size_cm"]["patients"] == 6
    assert not any("days" in finding["text"] for finding in answer["findings"])


def test_thirteen_sequenced_patients_are_in_the_supplement_only(everyone, raw_patients):
    folder, _ = everyone
    patients = read_cohort(folder).set_index("patient_id")
    only = patients.index[patients["has_mutations"] & ~patients["has_clinical"]]
    assert len(only) == 13
    assert not set(only) & set(raw_patients.index)
    assert patients.loc[only, "age_years"].notna().all()
    assert patients.loc[only, "time_months"].isna().all()
    assert set(only) <= read_genes(folder).profiled["mutations"]


def test_folds_are_of_the_patients_with_an_endpoint(required):
    folder, _ = required
    patients = read_cohort(folder)
    folds = read_folds(folder, patients, by_site=False)
    assert folds["patient_id"].nunique() == 229
    events = folds.merge(patients[["patient_id", "event"]], on="patient_id")
    events = events[events["role"] == "test"].groupby(["repeat", "fold"])["event"].sum()
    assert set(events) == {8.0, 9.0}


def test_by_site(kirc, tmp_path):
    (tmp_path / "study.toml").write_text("[folds]\ngroup_by_site = true\ncount = 4\n")
    build(tmp_path, kirc)
    folder = StudyFolder(tmp_path)
    patients = read_cohort(folder)
    folds = read_folds(folder, patients, by_site=True).merge(patients[["patient_id", "site"]], on="patient_id")
    assert folds.groupby(["repeat", "fold", "site"])["role"].nunique().max() == 1


TABLES = ("cohort.parquet", "genes.parquet", "folds.parquet", "archive_series.parquet")


def same_tables(one, other, names=TABLES):
    return [name for name in names if (one / name).read_bytes() != (other / name).read_bytes()] == []


def test_twice_gives_the_same_bytes(required, kirc, tmp_path):
    answer = build(tmp_path, kirc, *REQUIRED)
    assert answer == required[1]
    assert same_tables(required[0].root, tmp_path)


def test_order_of_rows_and_columns_does_not_matter(required, kirc, tmp_path):
    tables = tmp_path / "tables"
    tables.mkdir()
    rng = np.random.default_rng(0)
    for path in kirc.iterdir():
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        lines = text.splitlines()
        head = next(k for k, line in enumerate(lines) if not line.startswith("#")) + 1
        cells = [lines[k].split("\t") for k in (head - 1, *(head + rng.permutation(len(lines) - head)))]
        columns = rng.permutation(len(cells[0]))
        turned = ["\t".join(row[k] for k in columns) for row in cells]
        (tables / path.name.removesuffix(".gz")).write_text("\n".join(lines[: head - 1] + turned) + "\n")
    answer = build(tmp_path / "study", tables, *REQUIRED)
    ours, theirs = ({k: v for k, v in a.items() if k not in ("inputs", "settings")} for a in (required[1], answer))
    assert ours == theirs
    assert same_tables(required[0].root, tmp_path / "study")


def test_packed_and_plain_files_give_the_same(required, kirc, tmp_path):
    tables = tmp_path / "tables"
    tables.mkdir()
    for path in kirc.iterdir():
        if path.suffix == ".gz":
            (tables / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        else:
            (tables / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    build(tmp_path / "study", tables, *REQUIRED)
    assert same_tables(required[0].root, tmp_path / "study")


def test_without_an_index_old_series_go(required, kirc, tmp_path):
    shutil.copytree(required[0].root, tmp_path / "study")
    (tmp_path / "study" / "study.toml").unlink()
    answer = build(tmp_path / "study", kirc)
    assert answer["modalities"]["slide"] == 0
    assert not (tmp_path / "study" / "archive_series.parquet").exists()
