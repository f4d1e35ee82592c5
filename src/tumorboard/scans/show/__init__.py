"""What was made of a patient's scan, for a look."""

from tumorboard.scans.show.sheet import draw_sheet

__all__ = ["draw_sheet"]
