"""Simulated patients."""

from tumorboard.phantom.tables import SimulatedPatients, simulate_patients

__all__ = ["SimulatedPatients", "simulate_patients"]
