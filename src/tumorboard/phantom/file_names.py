"""What the files of a phantom are called, apart from the images themselves."""

from __future__ import annotations

from pathlib import Path

NOTES = Path("truth") / "patients"
"""The folder of the notes on finished patients, ``<patient_id>.json``."""

_LISTS = ("slides.csv", "scans.csv")
_TRUTH_OF_IMAGES = ("truth/slides.csv", "truth/series.csv", "truth/tumours.csv")

IMAGE_TABLES = (*_LISTS, *_TRUTH_OF_IMAGES)
"""The tables that grow with the images; `PatientImages.tables` has the same names."""

TABLES = (
    "patients.csv", *_LISTS, "mutations.maf", "copy_number.tsv", "data_cna.txt",
    "truth/factors.csv", "truth/hazard.json", "truth/oracle.json", *_TRUTH_OF_IMAGES,
)  # fmt: skip
"""Every table, in the order in which the marker notes them: one that its user changed is not replaced."""
