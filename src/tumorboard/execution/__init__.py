"""Running independent work side by side."""

from tumorboard.execution.attempts import Failure, attempt
from tumorboard.execution.processes import available_cores, run_in_order

__all__ = ["Failure", "attempt", "available_cores", "run_in_order"]
