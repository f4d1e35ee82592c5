"""Studies that lack what most have are evaluated with what they have."""

import numpy as np
import pytest


@pytest.mark.slow
def test_a_study_without_stage_is_evaluated(tmp_path, run_json):
    random = np.random.default_rng(4)
    times = random.uniform(2, 90, 40)
    rows = [f"P{number:02d},{50 + number % 30},{time:.1f},{number % 2}" for number, time in enumerate(times)]
    (tmp_path / "patients.csv").write_text("\n".join(["patient_id,age_years,time_months,event", *rows]) + "\n")
    (tmp_path / "study.toml").write_text("[folds]\ncount = 2\nrepeats = 1\n[evaluation]\nbootstrap = 100\n")
    run_json("cohort", tmp_path)
    answer = run_json("evaluate", tmp_path)
    models = {model["model"]: model for model in answer["models"]}
    assert models["age"]["harrell_c"]["value"] is not None
    assert models["t"]["harrell_c"]["value"] is None
    assert models["t"]["harrell_c"]["reason"]
    assert (tmp_path / "evaluation" / "figures" / "figures.json").is_file()
