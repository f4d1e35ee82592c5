"""Sentences and tables of the report."""

import pandas as pd
import pytest

from tumorboard.cohort import read_cohort
from tumorboard.report.baseline_table import baseline_table
from tumorboard.report.summary import fold_spread, smallest_gain_shown
from tumorboard.report.wording import hazard, number, p_value, shown


def test_baseline_counts_add_up_to_all_patients(evaluated):
    patients = read_cohort(evaluated)
    rows = baseline_table(patients).rows
    for heading, column in (("Sex", "sex"), ("Grade", "grade"), ("N", "n")):
        start = next(i for i, row in enumerate(rows) if row.label == heading)
        counts = []
        for row in rows[start + 1 :]:
            if not row.within:
                break
            counts.append(int(row.cells[0].split(" ")[0]))
        assert sum(counts) == len(patients)
        assert counts[-1] == patients[column].isna().sum()


def test_baseline_of_patients_without_anything_known(evaluated):
    patients = read_cohort(evaluated).head(4).copy()
    patients["age_years"] = float("nan")
    patients["sex"] = pd.array([pd.NA] * 4, dtype="string")
    rows = {row.label: row for row in baseline_table(patients).rows}
    assert rows["median (quartiles)"].cells[0] != ""
    assert baseline_table(patients).rows[1].cells[0] == "none known"


def test_smallest_gain_grows_with_the_interval():
    narrow, wide = ({"ci95": [-half, half]} for half in (0.01, 0.03))
    assert smallest_gain_shown(wide) == pytest.approx(3 * smallest_gain_shown(narrow))
    assert smallest_gain_shown({"ci95": None}) is None


def test_spread_of_folds_leaves_out_undefined_ones():
    folds = [{"n": 10, "events": 3, "harrell_c": {"value": value}} for value in (0.7, 0.8, None)]
    spread = fold_spread({"folds": folds})
    assert (spread.folds, spread.mean) == (2, pytest.approx(0.75))
    assert fold_spread({"folds": folds[2:]}) is None
    assert fold_spread({}) is None


def test_words_for_numbers():
    assert shown({"value": 0.5, "ci95": None, "reason": "no interval"}) == "0.500; no interval"
    assert p_value(0.0009) == "< 0.001"
    assert p_value(0.001) == "0.001"
    assert hazard({"hazard_ratio": None, "ci95": None}, "too few events") == "none: too few events"
    assert number(None) == "none"
