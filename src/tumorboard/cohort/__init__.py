"""Patients, endpoints, which modalities exist, eligibility and folds."""

from tumorboard.cohort.build import Cohort, build_cohort
from tumorboard.cohort.files import read_cohort, read_folds, read_genes, write_cohort
from tumorboard.cohort.folds import check_folds, deal_folds

__all__ = [
    "Cohort",
    "build_cohort",
    "check_folds",
    "deal_folds",
    "read_cohort",
    "read_folds",
    "read_genes",
    "write_cohort",
]
