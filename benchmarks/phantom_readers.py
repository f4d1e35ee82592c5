"""Every file of a phantom in the readers that others use: how many were read, which warned, which failed.

OpenSlide and tifffile read slides (every level, every associated image); pydicom, SimpleITK and highdicom read scans
and segmentations, SimpleITK each diagnostic series as a volume; nibabel and SimpleITK read NIfTI; dciodvfy (Debian:
dicom3tools), where installed, validates DICOM. A series that lacks a slice or has one twice, as truth/series.csv says,
should be warned of, and is counted apart.

    python benchmarks/phantom_readers.py [DIR] [--patients 60]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import highdicom
import nibabel
import openslide
import pandas as pd
import pydicom
import SimpleITK
import tifffile

from tumorboard.phantom import PRESETS, PhantomRequest, write_phantom
from tumorboard.study.files import StudyFolder, write_json

RESULTS = Path(__file__).parent / "results" / "phantom_readers.json"


def with_openslide(path: Path) -> None:
    """Read a strip of every level, and the three associated images."""
    with openslide.OpenSlide(path) as slide:
        if slide.properties["openslide.vendor"] != "aperio":
            raise ValueError("not opened as Aperio")
        for level, (width, _) in enumerate(slide.level_dimensions):
            slide.read_region((0, 0), level, (width, 64))
        if set(slide.associated_images) != {"label", "macro", "thumbnail"}:
            raise ValueError("associated images are missing")
        for picture in slide.associated_images.values():
            picture.load()


def with_tifffile(path: Path) -> None:
    """Decode every page."""
    with tifffile.TiffFile(path) as slide:
        for page in slide.pages:
            page.asarray()


def with_pydicom(path: Path) -> None:
    """Read every attribute and the pixels, complaining about what the standard forbids."""
    pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
    dataset = pydicom.dcmread(path)
    for element in dataset.iterall():
        _ = element.value
    if dataset.pixel_array.size == 0:
        raise ValueError("no pixels")


def with_highdicom(path: Path) -> None:
    """Read a segmentation and its segments."""
    found = highdicom.seg.segread(path)
    if found.number_of_segments < 1:
        raise ValueError("no segment")


def with_nibabel(path: Path) -> None:
    """Read the voxels."""
    nibabel.load(path).get_fdata()


def with_simpleitk(path: Path) -> None:
    """Read one file."""
    SimpleITK.ReadImage(str(path))


class Heard(SimpleITK.LoggerBase):
    """Collects what SimpleITK's library would print."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def DisplayText(self, text: str) -> None:  # noqa: N802 (SimpleITK's name)
        """Take a line."""
        self.lines += [line for line in text.splitlines() if line.strip() and not line.startswith("WARNING: In")]

    DisplayErrorText = DisplayWarningText = DisplayGenericOutputText = DisplayDebugText = DisplayText


def volumes_with_simpleitk(folder: Path) -> dict[str, object]:
    """Read every diagnostic series as a volume; tell what is said of the whole ones and of those with a known flaw."""
    series = pd.read_csv(folder / "truth" / "series.csv", dtype=str)
    series = series[series["role"] == "diagnostic"]
    reader, heard = SimpleITK.ImageSeriesReader(), Heard()
    heard.SetAsGlobalITKLogger()
    told: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    read = Counter[bool]()
    for row in series.itertuples():
        flawed = isinstance(row.missing_z_mm, str) or isinstance(row.doubled_z_mm, str)
        place = folder / "scans" / row.patient_id
        names = reader.GetGDCMSeriesFileNames(str(place), row.series_uid, False, True)
        heard.lines.clear()
        reader.SetFileNames(names)
        volume = reader.Execute()
        read[flawed] += volume.GetNumberOfPixels() > 0
        told[flawed].update(line.split("):")[-1].split(",")[0].strip() for line in heard.lines)
    return {
        "whole": {"series": read[False], "told": dict(told[False])},
        "a slice missing or double": {"series": read[True], "told": dict(told[True])},
    }


def tried(read: Callable[[Path], object], paths: Iterable[Path]) -> dict[str, object]:
    """Read each file; return how many, and what was said of which kind."""
    count, told = 0, Counter[str]()
    for path in paths:
        count += 1
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                read(path)
            except Exception as error:  # whatever a reader says is what is measured
                told[f"error: {error}"] += 1
        told.update(f"warning: {warning.message}" for warning in caught)
    return {"files": count, "told": dict(told)}


def validated(paths: Iterable[Path]) -> dict[str, object]:
    """Run dciodvfy on each file; return how many, and each error and warning."""
    count, told = 0, Counter[str]()
    for path in paths:
        count += 1
        done = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        told.update(line for line in lines if line.startswith(("Error", "Warning")))
    return {"files": count, "told": dict(told)}


def main() -> None:
    """Make the phantom where it is missing, read everything, write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="phantom-"))
    request = PhantomRequest(asked.patients, asked.seed, PRESETS["demo"])
    write_phantom(StudyFolder(folder), request, progress=lambda done, _, step: print(done, step, end="\r", flush=True))
    slides = sorted((folder / "slides").glob("*.svs"))
    scans = [path for path in sorted((folder / "scans").rglob("*")) if path.is_file()]
    nifti = [path for path in scans if path.name.endswith((".nii", ".nii.gz"))]
    dicom = [path for path in scans if path not in nifti]
    segmentations = [path for path in dicom if pydicom.dcmread(path, specific_tags=["Modality"]).Modality == "SEG"]
    results: dict[str, object] = {
        "patients": asked.patients,
        "seed": asked.seed,
        "OpenSlide, slides": tried(with_openslide, slides),
        "tifffile, slides": tried(with_tifffile, slides),
        "pydicom, DICOM": tried(with_pydicom, dicom),
        "SimpleITK, DICOM": tried(with_simpleitk, dicom),
        "SimpleITK, series as volumes": volumes_with_simpleitk(folder),
        "highdicom, DICOM-SEG": tried(with_highdicom, segmentations),
        "nibabel, NIfTI": tried(with_nibabel, nifti),
        "SimpleITK, NIfTI": tried(with_simpleitk, nifti),
        "dciodvfy, DICOM": validated(dicom) if shutil.which("dciodvfy") else "not installed",
    }
    write_json(RESULTS, results)
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
