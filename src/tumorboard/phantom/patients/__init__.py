"""The simulated patients: latent factors, outcomes, tables."""

from tumorboard.phantom.patients.cohort import SimulatedCohort, simulate_cohort
from tumorboard.phantom.patients.oracles import oracle
from tumorboard.phantom.patients.patient import (
    HistologyFactors,
    RadiologyFactors,
    ScanKind,
    SimulatedPatient,
    generator,
)
from tumorboard.phantom.patients.tables import write_tables

__all__ = [
    "HistologyFactors",
    "RadiologyFactors",
    "ScanKind",
    "SimulatedCohort",
    "SimulatedPatient",
    "generator",
    "oracle",
    "simulate_cohort",
    "write_tables",
]
