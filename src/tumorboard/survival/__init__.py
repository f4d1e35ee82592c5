"""Time-to-event statistics as pure functions: arrays in, numbers out.

Higher risk means worse everywhere, and ``event`` is 1 where the event happened.
"""

from tumorboard.survival.censoring_weights import brier_score, dynamic_auc, integrated_brier_score, uno_concordance
from tumorboard.survival.concordance import Concordance, ConcordancePairs, harrell_concordance
from tumorboard.survival.cox import BaselineHazard, breslow_baseline, log_partial_likelihood
from tumorboard.survival.estimate import Estimate
from tumorboard.survival.incidence import CumulativeIncidence, cumulative_incidence
from tumorboard.survival.kaplan_meier import StepFunction, censoring_survival, kaplan_meier
from tumorboard.survival.outcome import Survival

__all__ = [
    "BaselineHazard",
    "Concordance",
    "ConcordancePairs",
    "CumulativeIncidence",
    "Estimate",
    "StepFunction",
    "Survival",
    "breslow_baseline",
    "brier_score",
    "censoring_survival",
    "cumulative_incidence",
    "dynamic_auc",
    "harrell_concordance",
    "integrated_brier_score",
    "kaplan_meier",
    "log_partial_likelihood",
    "uno_concordance",
]
