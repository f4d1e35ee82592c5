"""Simulated patients: the same for a seed, like the real cohort in their rates, and readable as a study."""

import numpy as np
import pytest

from tumorboard.phantom import simulate_patients
from tumorboard.phantom.tables import ARM_FREQUENCY, MUTATION_FREQUENCY
from tumorboard.survival import Survival, harrell_concordance


def test_a_seed_is_a_cohort():
    first, again, other = simulate_patients(50, 3), simulate_patients(50, 3), simulate_patients(50, 4)
    assert first.patients.equals(again.patients)
    assert first.mutations.equals(again.mutations)
    assert not first.patients.equals(other.patients)


def test_rates_are_near_those_of_tcga_kirc():
    simulated = simulate_patients(4000, 1)
    patients = simulated.patients
    assert patients["dss_event"].mean() == pytest.approx(108 / 501, abs=0.05)
    assert patients["os_event"].mean() > patients["dss_event"].mean()
    assert patients["dss_time_months"].median() == pytest.approx(40, abs=8)
    assert (patients["m"] == "1").mean() == pytest.approx(0.15, abs=0.05)
    outcome = Survival(patients["dss_time_months"], patients["dss_event"])
    for factor, floor in ((patients["grade"], 0.6), (patients["t"].str[0].astype(int), 0.6)):
        assert floor < harrell_concordance(outcome, factor).value < 0.8


def test_genes_have_the_real_frequencies_among_the_profiled():
    simulated = simulate_patients(4000, 1)
    sequenced = int(simulated.patients["mutations_profiled"].sum())
    found = simulated.mutations["Hugo_Symbol"].value_counts() / sequenced
    for gene, frequency in MUTATION_FREQUENCY.items():
        assert found[gene] == pytest.approx(frequency, abs=0.04)
    calls = simulated.copy_number.set_index("NAME")
    for arm, (frequency, call) in ARM_FREQUENCY.items():
        assert (calls.loc[arm] == call).mean() == pytest.approx(frequency, abs=0.04)


def test_sizes_fit_their_stage():
    patients = simulate_patients(500, 2).patients
    assert (patients.loc[patients["t"] == "1a", "size_cm"] <= 4).all()
    assert (patients.loc[patients["t"] == "2", "size_cm"] > 7).all()


def test_a_death_of_the_disease_is_a_death():
    patients = simulate_patients(500, 2).patients
    assert (patients["os_event"] >= patients["dss_event"]).all()
    assert np.isfinite(patients["dss_time_months"]).all()


def test_the_tables_are_a_study_without_a_finding(tmp_path, run_json):
    simulate_patients(120, 5).write(tmp_path)
    summary = run_json("cohort", tmp_path)
    assert (summary["patients"], summary["eligible"], summary["with_endpoint"]) == (120, 120, 120)
    assert [finding for finding in summary["findings"] if finding["kind"] in ("impossible", "contradiction")] == []
