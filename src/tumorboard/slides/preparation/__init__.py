"""Preparing slides: from a patient's files to shards of tiles, records, and pictures of what was done."""

from tumorboard.slides.preparation.pictures import OBJECTS, OVERLAY
from tumorboard.slides.preparation.prepare import prepare_patient
from tumorboard.slides.preparation.record import SlideRecord
from tumorboard.slides.preparation.single import tile_slide
from tumorboard.slides.preparation.task import OWN_NAME, PatientTask, SlideTask

__all__ = [
    "OBJECTS",
    "OVERLAY",
    "OWN_NAME",
    "PatientTask",
    "SlideRecord",
    "SlideTask",
    "prepare_patient",
    "tile_slide",
]
