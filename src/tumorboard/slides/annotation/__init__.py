"""Tumour annotations of QuPath, Aperio ImageScope and DICOM, which limit where tiles are cut."""

from tumorboard.slides.annotation.drawing import Frame
from tumorboard.slides.annotation.filling import Grid
from tumorboard.slides.annotation.read import find_annotation, read_annotation
from tumorboard.slides.annotation.regions import Polygon, Regions
from tumorboard.study.slide_settings import TUMOUR_CLASSES

__all__ = ["TUMOUR_CLASSES", "Frame", "Grid", "Polygon", "Regions", "find_annotation", "read_annotation"]
