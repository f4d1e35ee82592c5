"""How large a tumour is: its volume, and its largest diameter in each plane."""

from tumorboard.scans.diameter.measurement import (
    Diameter,
    Ends,
    TumourSize,
    at_right_angles,
    bounding_box,
    measure,
)
from tumorboard.scans.diameter.stored_order import doubt, slice_axis, with_transversal_axis

__all__ = [
    "Diameter",
    "Ends",
    "TumourSize",
    "at_right_angles",
    "bounding_box",
    "doubt",
    "measure",
    "slice_axis",
    "with_transversal_axis",
]
