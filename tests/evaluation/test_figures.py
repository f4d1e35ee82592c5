"""Pictures: each is there, readable, the same for the same input, and says why it is empty."""

import struct

import numpy as np
import pandas as pd
import pytest

from tumorboard.evaluation.assessment import AssessmentPlan, assess
from tumorboard.evaluation.figures import draw_study, write_assessment
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap

PLAN = AssessmentPlan((12.0, 60.0), bootstrap=Bootstrap(100, 1))
KINDS = ("kaplan_meier", "incidence", "calibration", "decision_curve", "five_year")
NOTHING = {"value": None, "ci95": None, "reason": "no events at all"}


def predictions_of(n=80, *, risk=None, event=None, competing=True, seed=3):
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n) if risk is None else np.full(n, risk)
    disease, censored = rng.exponential(60 * np.exp(-risk)), rng.uniform(5, 120, n)
    happened = disease <= censored if event is None else np.full(n, event)
    frame = pd.DataFrame(
        {
            "patient_id": [f"P{number}" for number in range(n)],
            "time_months": np.minimum(disease, censored),
            "event": happened.astype(int),
            "risk": risk,
        }
    )
    if competing:
        frame["competing"] = (~happened & (rng.random(n) < 0.3)).astype(int)
    return Predictions("model <a> & $b_{c$ \\bad", frame)


def study_answer(model):
    gain = {"label": "gain", "patients": "all patients", "first": "a", "second": "b", "n": 9, "events": 3, "p": None}
    row = {"factor": "age", "n": 9, "events": 3, "p": None, "schoenfeld_p": None, "ci95": None}
    score = {"score": "uiss", "label": "UISS", "n": 0, "events": 0, "proxies": {}, "rivals": {}, "c": NOTHING}
    return {
        "endpoint": "DSS",
        "models": [{"model": "clinical", "label": model["name"], "kind": "cox"} | model],
        "comparisons": [gain | {"difference": NOTHING}],
        "head_to_head": [{"reading": "NX and MX unknown", "scores": [score]}],
        "cox": {
            "univariable": [row | {"hazard_ratio": None, "reason": "too few events"}],
            "multivariable": {
                "n": 9, "events": 3, "rows": [row | {"hazard_ratio": None}], "reason": "the fit does not converge",
            },
        },
    }  # fmt: skip


def png_size(path):
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:24])


def check_pictures(figures, names):
    for name in names:
        width, height = png_size(figures / f"{name}.png")
        assert 600 <= width <= 1400
        assert height >= 200
        assert (figures / f"{name}.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")
    assert {path.stem for path in figures.iterdir()} == {*names, "figures"}


def test_every_picture_of_a_study_is_there(tmp_path):
    predictions = predictions_of()
    answer = study_answer(assess(predictions, PLAN))
    draw_study(tmp_path, answer, {"clinical": predictions}, PLAN)
    comparisons = ("concordance", "gain", "head_to_head", "cox")
    check_pictures(tmp_path / "figures", [*comparisons, *(f"clinical_{kind}" for kind in KINDS)])


def test_same_input_gives_the_same_bytes(tmp_path):
    predictions = predictions_of()
    answer = assess(predictions, PLAN)
    for name in ("first", "second"):
        write_assessment(tmp_path / name, predictions, answer, PLAN)
    for path in (tmp_path / "first").rglob("*.*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "second" / path.relative_to(tmp_path / "first")).read_bytes(), path


@pytest.mark.parametrize(
    "predictions",
    [
        predictions_of(event=False, competing=False),
        predictions_of(risk=0.0),
        predictions_of(n=2),
        predictions_of(n=1),
        predictions_of(event=True, competing=False),
        predictions_of(n=0),
    ],
    ids=["no event", "one risk for all", "two patients", "one patient", "all with the event", "nobody"],
)
def test_what_is_not_defined_still_draws(tmp_path, predictions):
    write_assessment(tmp_path, predictions, assess(predictions, PLAN), PLAN)
    check_pictures(tmp_path / "figures", [f"risk_{kind}" for kind in KINDS])


def test_nobody_followed_to_the_horizon(tmp_path):
    predictions = predictions_of()
    short = Predictions("short", predictions.frame[predictions.frame["time_months"] < 20])
    write_assessment(tmp_path, short, assess(short, PLAN), PLAN)
    check_pictures(tmp_path / "figures", [f"risk_{kind}" for kind in KINDS])


def test_an_answer_in_which_everything_is_null(tmp_path):
    predictions = predictions_of(n=5, event=False)
    answer = study_answer(assess(predictions, PLAN))
    answer["models"][0]["harrell_c"] = NOTHING
    draw_study(tmp_path, answer, {"clinical": predictions}, PLAN)
    draw_study(tmp_path / "empty", answer | {"models": [], "comparisons": [], "head_to_head": []}, {}, PLAN)


def test_only_files_of_our_names_are_replaced(tmp_path):
    (tmp_path / "figures").mkdir()
    other = tmp_path / "figures" / "mine.png"
    other.write_bytes(b"mine")
    predictions = predictions_of()
    answer = assess(predictions, PLAN) | {"comparison": {
        "first": "a", "second": "b", "n": 80, "events": 40, "p": 0.5, "difference": NOTHING,
    }}  # fmt: skip
    write_assessment(tmp_path, predictions, answer, PLAN)
    assert other.read_bytes() == b"mine"
    assert png_size(tmp_path / "figures" / "gain.png")
