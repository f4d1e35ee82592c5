"""Patients, endpoints, which modalities exist, eligibility and folds."""
