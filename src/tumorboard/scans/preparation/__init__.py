"""A patient's scans, from files to a shard of planes, a sheet to look at and a record."""

from tumorboard.scans.preparation.prepare import prepare_patient
from tumorboard.scans.preparation.record import ScanRecord, SeriesRecord
from tumorboard.scans.preparation.task import OWN_NAME, PatientScans, ScanSource

__all__ = ["OWN_NAME", "PatientScans", "ScanRecord", "ScanSource", "SeriesRecord", "prepare_patient"]
