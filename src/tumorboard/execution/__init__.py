"""Running independent work side by side."""

from tumorboard.execution.processes import available_cores, run_in_order

__all__ = ["available_cores", "run_in_order"]
