"""A simulated study, evaluated once for all tests of the report."""

import shutil

import numpy as np
import pandas as pd
import pytest

from tumorboard.cohort import build_cohort, write_cohort
from tumorboard.evaluation.study import evaluate_study
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import load_settings

SETTINGS = """\
[folds]
count = 3
repeats = 1

[evaluation]
bootstrap = 100
horizons_months = [12, 36, 60]

[network]
weights = "/home/somebody/weights.pth"
"""


def simulated_patients(n=120, seed=7):
    """Patients whose hazard rises with stage and grade, some of whom die of something else."""
    rng = np.random.default_rng(seed)
    stage = rng.choice([1, 2, 3, 4], n, p=[0.45, 0.2, 0.2, 0.15])
    grade = np.clip(stage + rng.integers(-1, 2, n), 1, 4)
    disease = rng.exponential(160 / np.exp(0.9 * (stage - 1) + 0.4 * (grade - 1)), n)
    other, follow_up = rng.exponential(400, n), rng.uniform(6, 140, n)
    time = np.minimum(np.minimum(disease, other), follow_up)
    died = np.minimum(disease, other) <= follow_up
    return pd.DataFrame(
        {
            "patient_id": [f"SIMULATED-{number:04d}" for number in range(n)],
            "site": rng.choice(["AA", "BB", "CC"], n),
            "age_years": rng.normal(62, 11, n).round().clip(25, 90),
            "sex": rng.choice(["male", "female"], n),
            "t": np.array(["1a", "2a", "3a", "4"])[stage - 1],
            "n": rng.choice(["0", "1", "x"], n, p=[0.6, 0.05, 0.35]),
            "m": np.where(stage == 4, "1", "0"),
            "grade": np.where(rng.random(n) < 0.05, "", grade.astype(str)),
            "grade_system": "Fuhrman",
            "size_cm": np.array([3.0, 8.0, 9.0, 11.0])[stage - 1],
            "dss_time_months": time.round(2),
            "dss_event": (died & (disease < other)).astype(int),
            "os_time_months": time.round(2),
            "os_event": died.astype(int),
        }
    )


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory):
    """The evaluated study; not to be changed."""
    folder = StudyFolder(tmp_path_factory.mktemp("simulated"))
    simulated_patients().to_csv(folder.root / "patients.csv", index=False)
    folder.settings.write_text(SETTINGS)
    write_cohort(folder, build_cohort(folder, load_settings(folder)))
    evaluate_study(folder, {}, workers=1)
    return folder


@pytest.fixture
def study(evaluated, tmp_path):
    """A copy of the evaluated study, free to be changed."""
    copy = tmp_path / "study"
    shutil.copytree(evaluated.root, copy)
    return StudyFolder(copy)
