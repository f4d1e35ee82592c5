"""Scan files: DICOM series, DICOM-SEG, NIfTI, and ready-made plane images."""

from tumorboard.phantom.scans.planes import write_planes
from tumorboard.phantom.scans.record import ScanRecord
from tumorboard.phantom.scans.scanner import scan_scanner
from tumorboard.phantom.scans.write import write_scans

__all__ = ["ScanRecord", "scan_scanner", "write_planes", "write_scans"]
