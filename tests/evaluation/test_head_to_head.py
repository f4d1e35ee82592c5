"""Published scores head to head: which inputs stand in for others."""

import pandas as pd
import pytest

from tumorboard.clinical import ScoreSettings
from tumorboard.evaluation.baselines import BASELINES, build_features
from tumorboard.evaluation.head_to_head import compare_score, readings
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.genomics import GeneTable

MODELS = {model.clinical[0]: model for model in BASELINES if model.kind == "score"}
AS_SET, ABSENT = (settings for _, settings in readings(ScoreSettings()))

COHORT = pd.DataFrame(
    {
        "patient_id": list("ABCDE"),
        "time_months": [10.0, 20.0, 30.0, 40.0, 50.0],
        "event": 0,
        "competing": 0,
        "age_years": 60.0,
        "sex": "male",
        "t": ["1a", "2", "3a", "1b", "1a"],
        "n": ["0", "x", "1", "0", "x"],
        "m": ["0", "x", "0", "0", "0"],
        "grade": ["1", "2", "3", "4", "2"],
        "grade_system": ["ISUP", "ISUP", "Fuhrman", None, "Fuhrman"],
        "size_cm": 4.0,
        "necrosis": [0.0, 1.0, 0.0, 1.0, None],
        "ecog": 0.0,
        "proxies": ["necrosis", "necrosis", "necrosis: sampled block", "", ""],
    }
)


def proxies(score, settings):
    cohort = COHORT.astype({"grade": "string", "grade_system": "string"})
    features = build_features(cohort, GeneTable.empty(), settings)
    answer = compare_score(MODELS[score], features, settings, {}, Bootstrap(100))
    return answer["n"], answer["proxies"]


@pytest.mark.parametrize(
    ("score", "settings", "expected"),
    [
        # B and E are NX, so the score is not exact in them; C is N1, which UISS of TNM 1997 knows otherwise
        ("uiss", AS_SET, (3, {"grade": 1, "n": 1})),
        ("uiss", ABSENT, (5, {"grade": 2, "m": 1, "n": 3})),
        # E's necrosis is unknown
        ("ssign", AS_SET, (3, {"grade": 1, "necrosis": 2})),
        ("ssign", ABSENT, (4, {"grade": 2, "m": 1, "n": 1, "necrosis": 3})),
        ("imdc", AS_SET, (0, {})),
    ],
)
def test_patients_are_counted_by_proxy_input_where_the_score_is_exact(score, settings, expected):
    assert proxies(score, settings) == expected
