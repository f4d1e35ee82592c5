"""Cross-validated clinical and genetic models: the bar that a network must beat."""

from tumorboard.evaluation.baselines.cross_validation import cross_validate
from tumorboard.evaluation.baselines.features import PatientFeatures, build_features
from tumorboard.evaluation.baselines.models import BASELINES, BaselineModel, available_baselines

__all__ = ["BASELINES", "BaselineModel", "PatientFeatures", "available_baselines", "build_features", "cross_validate"]
