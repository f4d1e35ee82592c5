"""The painter of H&E: any window of a simulated slide at any scale."""

from tumorboard.phantom.histology.regions import Region
from tumorboard.phantom.histology.section import Section
from tumorboard.phantom.histology.tissue import Tissue
from tumorboard.phantom.histology.window import Canvas, Stain, Window

__all__ = ["Canvas", "Region", "Section", "Stain", "Tissue", "Window"]
