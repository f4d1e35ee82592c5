"""Simulated cohorts: one seed one cohort, TCGA-KIRC's rates, no shortcut, readable as a study."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from phantom_cohort import STUDY, WITHIN, as_records, compare, factor_table
from phantom_cohort_joint import JOINT, with_simulated_genes
from tumorboard.clinical.size_and_stage import judge_size
from tumorboard.errors import SettingsError
from tumorboard.genomics import read_copy_number, read_maf
from tumorboard.phantom.patients import ScanKind, simulate_cohort, write_tables
from tumorboard.phantom.patients.oracles import disease_specific_survival
from tumorboard.phantom.patients.people import SITES
from tumorboard.survival import harrell_concordance


@pytest.fixture(scope="module")
def large():
    """A cohort large enough for shares to a percent."""
    return simulate_cohort(20_000, 1)


def test_every_row_beside_tcga_kirc_is_within_its_tolerance(kirc, large):
    rows = compare(kirc, large)
    assert len(rows) > 70
    assert [row.cells() for row in rows if not row.inside] == []


def test_single_factors_have_the_real_concordance_in_cohorts_of_230():
    found = factor_table(range(1, 41))
    for name, real in STUDY.items():
        assert abs(found[name].mean() - real) < 0.02
        assert ((found[name] - real).abs() <= WITHIN).mean() >= 0.9


def test_independent_draws_have_the_same_concordance_and_vary_more():
    seeds = range(1, 101)
    even, independent = factor_table(seeds), factor_table(seeds, independent=True)
    assert ((even.mean() - independent.mean()).abs() < 0.015).all()
    assert even["grade"].std() < 0.85 * independent["grade"].std()


def test_a_seed_is_a_cohort():
    first, again, other = simulate_cohort(50, 3), simulate_cohort(50, 3), simulate_cohort(50, 4)
    for name in ("truth", "clinical", "mutations", "copy_number", "gene_copy_number"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
        assert not getattr(first, name).equals(getattr(other, name))
    assert first.patients == again.patients


def test_what_is_asked_for_first_changes_nothing():
    genes_first, patients_first = simulate_cohort(40, 9), simulate_cohort(40, 9)
    genes_first.gene_copy_number.size, patients_first.patient(7)
    pd.testing.assert_frame_equal(genes_first.mutations, patients_first.mutations)
    assert genes_first.patient(7) == patients_first.patient(7)


def test_the_painters_get_the_truth():
    cohort = simulate_cohort(60, 2)
    for row, patient in enumerate(cohort.patients):
        truth = cohort.truth.iloc[row]
        assert patient.number == row + 1
        assert patient.patient_id == cohort.clinical["patient_id"].iloc[row]
        assert patient.histology.architecture == truth["architecture"]
        assert patient.radiology.diameter_mm == truth["diameter_mm"]
        assert (patient.sex, patient.site) == tuple(cohort.clinical.iloc[row][["sex", "site"]])
    with pytest.raises(SettingsError, match="no patient 61"):
        cohort.patient(61)


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (-3, 1), (10, -1)])
def test_impossible_cohorts_are_refused(count, seed):
    with pytest.raises(SettingsError):
        simulate_cohort(count, seed)


def test_sizes_fit_their_stage(large):
    table = large.clinical
    judged = {judge_size(t, size) for t, size in zip(table["t"], table["size_cm"], strict=True)}
    assert judged == {"plausible"}
    assert np.corrcoef(np.log(table["size_cm"]), np.log(large.truth["diameter_mm"]))[0, 1] > 0.97


@pytest.fixture(scope="module")
def joint(large):
    """Measures of how its columns go together, by name."""
    table = with_simulated_genes(as_records(large.clinical), large)
    measures = {name: measure for name, _, measure in JOINT}
    return lambda name: measures[name](table)


@pytest.mark.parametrize(
    ("name", "real", "tolerance"),
    [("G3 or G4, women", 0.44, 0.04), ("G3 or G4, men", 0.59, 0.04), ("mean age, women", 62.9, 0.7),
     ("mean age, men", 59.3, 0.7), ("PBRM1 and BAP1 both mutated", 0.019, 0.006),
     ("VHL mutated with 3p loss", 0.52, 0.03), ("VHL mutated without 3p loss", 0.25, 0.03),
     ("N1 in T1, N known", 0.019, 0.01), ("G4 in M1", 0.456, 0.07), ("G3 or G4 in T1", 0.365, 0.06)],
)  # fmt: skip
def test_columns_go_together_as_in_tcga_kirc(joint, name, real, tolerance):
    assert joint(name) == pytest.approx(real, abs=tolerance)


def test_higher_stages_have_higher_grades_and_more_metastases(joint):
    for start in ("G3 or G4 in T", "M1 in T"):
        shares = [joint(f"{start}{stage}") for stage in "1234"]
        assert (np.diff(shares) > 0.03).all()


def test_grade_follows_the_nuclei_and_necrosis_the_necrosis(large):
    table, truth = large.clinical, large.truth
    assert truth["nuclear_grade"].groupby(table["grade"]).mean().loc[list("1234")].is_monotonic_increasing
    known = table["necrosis"] != ""
    for name in ("necrosis", "necrotic_core"):
        by_column = truth.loc[known, name].groupby(table.loc[known, "necrosis"]).mean()
        assert by_column["1"] > by_column["0"] + 0.1


def test_modalities_are_missing_independently_of_the_outcome():
    cohort = simulate_cohort(1150, 6)
    outcome, people = disease_specific_survival(cohort), cohort.people
    for there in (people.has_slide, people.scan != ScanKind.NONE, people.scan == ScanKind.MR, people.sequenced,
                  people.copy_number, people.side == "left"):  # fmt: skip
        assert harrell_concordance(outcome, there.astype(float)).value == pytest.approx(0.5, abs=0.06)


def test_modalities_exist_in_the_stated_shares(large):
    people = large.people
    assert people.has_slide.mean() == pytest.approx(0.95, abs=0.005)
    assert (people.scan != ScanKind.NONE).mean() == pytest.approx(0.90, abs=0.005)
    assert (people.scan == ScanKind.MR).sum() / (people.scan != ScanKind.NONE).sum() == pytest.approx(1 / 7, abs=0.01)
    assert abs(np.corrcoef(people.has_slide, people.scan != ScanKind.NONE)[0, 1]) < 0.03


def site_risk(cohort) -> np.ndarray:
    """The share of deaths at each patient's site, learned on another cohort."""
    other = simulate_cohort(5000, cohort.seed + 1000, leaky_sites=cohort.leaky_sites).clinical
    return cohort.clinical["site"].map(other.groupby("site")["dss_event"].mean()).to_numpy(dtype=float)


@pytest.mark.parametrize("seed", [6, 7, 8])
def test_plain_sites_tell_nothing_and_leaky_sites_nearly_everything(seed):
    plain, leaky = simulate_cohort(1150, seed), simulate_cohort(1150, seed, leaky_sites=True)
    outcome = disease_specific_survival(plain)
    assert harrell_concordance(outcome, site_risk(plain)).value == pytest.approx(0.5, abs=0.06)
    code = plain.clinical["site"].map({site: rank for rank, site in enumerate(SITES)})
    assert harrell_concordance(outcome, code.astype(float)).value == pytest.approx(0.5, abs=0.06)
    assert harrell_concordance(disease_specific_survival(leaky), site_risk(leaky)).value > 0.75
    pd.testing.assert_frame_equal(plain.clinical.drop(columns="site"), leaky.clinical.drop(columns="site"))


def test_the_tables_are_a_study_without_a_finding(tmp_path, run_json):
    cohort = simulate_cohort(120, 5)
    write_tables(cohort, tmp_path)
    summary = run_json("cohort", tmp_path)
    assert (summary["patients"], summary["eligible"], summary["with_endpoint"]) == (120, 120, 120)
    assert summary["findings"] == []
    assert summary["modalities"]["mutations"] == cohort.people.sequenced.sum()
    assert summary["modalities"]["copy_number"] == cohort.people.copy_number.sum()


def test_the_truth_lies_beside_the_tables(tmp_path):
    cohort = simulate_cohort(80, 5)
    write_tables(cohort, tmp_path)
    factors = pd.read_csv(tmp_path / "truth" / "factors.csv")
    stated = json.loads((tmp_path / "truth" / "hazard.json").read_text(encoding="utf-8"))
    again = sum(value * factors[f"{name}_z"] for name, value in stated["coefficients"].items())
    np.testing.assert_allclose(again, factors["log_hazard"], atol=1e-9)
    oracles = json.loads((tmp_path / "truth" / "oracle.json").read_text(encoding="utf-8"))
    assert {"tiles_10x", "tiles_5x", "scan", "genes", "all_images", "clinical"} < set(oracles)
    assert not list(tmp_path.rglob(".*"))


def test_gene_files_read_back(tmp_path):
    cohort = simulate_cohort(60, 8)
    write_tables(cohort, tmp_path)
    reading = read_maf(tmp_path / "mutations.maf")
    assert reading.variants == (cohort.alterations.mutated & cohort.people.sequenced).sum()
    assert reading.silent == reading.other_samples == 0
    arms = read_copy_number(tmp_path / "copy_number.tsv")
    assert len(arms.alterations) == (cohort.alterations.calls[:, cohort.people.copy_number] != 0).sum()
    genes = read_copy_number(tmp_path / "data_cna.txt")
    assert genes.profiled == arms.profiled
    variants = cohort.mutations
    spans = variants["End_Position"] - variants["Start_Position"] + 1
    deleted = variants["Variant_Type"] == "DEL"
    assert (spans[deleted] == variants.loc[deleted, "Reference_Allele"].str.len()).all()
    assert (variants["Reference_Allele"] != variants["Tumor_Seq_Allele2"]).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_smallest_cohorts_are_written(tmp_path, count):
    write_tables(simulate_cohort(count, 1), tmp_path)
    assert len(pd.read_csv(tmp_path / "patients.csv")) == count


def test_a_hundred_thousand_patients_take_seconds():
    start = time.process_time()
    assert len(simulate_cohort(100_000, 1).clinical) == 100_000
    assert time.process_time() - start < 10
