"""The body in a scan: kidneys, tumour, organs, as labels and as voxels of a phase."""

from tumorboard.phantom.anatomy.body import Body, field_of_view, simulate_body
from tumorboard.phantom.anatomy.labels import (
    kidney_in,
    label_section,
    label_volume,
    tumour_in,
    tumour_mask,
)
from tumorboard.phantom.anatomy.measurement import Diameter, TumourTruth, measure_mask, measure_tumour
from tumorboard.phantom.anatomy.organ import Organ
from tumorboard.phantom.anatomy.painting import Acquisition, between_slices, paint_section, paint_volume
from tumorboard.phantom.anatomy.planes import plane_images
from tumorboard.phantom.anatomy.section import Plane, Section
from tumorboard.phantom.anatomy.volume import Contrast, Grid, Volume

__all__ = [
    "Acquisition",
    "Body",
    "Contrast",
    "Diameter",
    "Grid",
    "Organ",
    "Plane",
    "Section",
    "TumourTruth",
    "Volume",
    "between_slices",
    "field_of_view",
    "kidney_in",
    "label_section",
    "label_volume",
    "measure_mask",
    "measure_tumour",
    "paint_section",
    "paint_volume",
    "plane_images",
    "simulate_body",
    "tumour_in",
    "tumour_mask",
]
