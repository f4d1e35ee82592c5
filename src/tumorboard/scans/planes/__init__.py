"""From a volume with its tumour to three pictures that keep their place in the patient."""

from tumorboard.scans.planes.cutting import cut_planes
from tumorboard.scans.planes.geometry import GEOMETRY_COLUMNS, PlaneGeometry
from tumorboard.scans.planes.image import PLANE_COLUMNS, Marked, PlaneImage
from tumorboard.scans.planes.ready_made import read_ready_made
from tumorboard.scans.planes.window import WINDOW_COLUMNS, Window

__all__ = [
    "GEOMETRY_COLUMNS",
    "PLANE_COLUMNS",
    "WINDOW_COLUMNS",
    "Marked",
    "PlaneGeometry",
    "PlaneImage",
    "Window",
    "cut_planes",
    "read_ready_made",
]
