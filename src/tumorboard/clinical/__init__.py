"""Clinical columns, AJCC staging and the published clinical scores."""

from tumorboard.clinical.columns import CLINICAL_COLUMNS, CLINICAL_NAMES
from tumorboard.clinical.proxies import PROXIES
from tumorboard.clinical.result import ScoreResult
from tumorboard.clinical.scores import SCORE_NAMES, SCORES
from tumorboard.clinical.scoring import TableScores, score_patient, score_table, scores_frame
from tumorboard.clinical.settings import ScoreSettings

__all__ = [
    "CLINICAL_COLUMNS",
    "CLINICAL_NAMES",
    "PROXIES",
    "SCORES",
    "SCORE_NAMES",
    "ScoreResult",
    "ScoreSettings",
    "TableScores",
    "score_patient",
    "score_table",
    "scores_frame",
]
