"""The report: one HTML file that stands alone."""

from tumorboard.report.build import build_report

__all__ = ["build_report"]
