"""What was found below some folders: series with the places of their pixels, and the files left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tumorboard.scans.series import SeriesFacts
from tumorboard.study.image_files import LeftOut

Triple = tuple[float, float, float]
KeyValue = str | float | None


@dataclass(frozen=True, slots=True)
class PixelFile:
    """How one DICOM file holds its pixels.

    Parameters
    ----------
    path : Path
    syntax : str
        Transfer syntax.
    pixels_at : int
        Byte at which the value of the pixels begins; of a deflated file, counted in the inflated data set.
    data_set_at : int
        Byte of the file at which the data set begins.
    is_encapsulated : bool
        Whether the pixels are compressed, frame by frame.
    rows, columns, frames : int
    samples : int
        Values a pixel: 1, or 3 for colour.
    photometric : str
        PhotometricInterpretation.
    bits_allocated, bits_stored, high_bit : int
    is_signed : bool
    padding : tuple of int or None
        Lowest and highest stored value that stands for "outside the image".
    """

    path: Path
    syntax: str
    pixels_at: int
    data_set_at: int
    is_encapsulated: bool
    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    padding: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of a series: a file, or one frame of a multi-frame file.

    Parameters
    ----------
    file : PixelFile
    index : int
        Which frame of the file, from 0.
    sop_uid : str
    number : int or None
        InstanceNumber, or the frame's place in its file; slices are never put in order by it.
    position : tuple of float or None
        ImagePositionPatient, mm: centre of the first pixel.
    orientation : tuple of six floats or None
        ImageOrientationPatient: direction along a row, then down a column.
    spacing : tuple of float or None
        PixelSpacing, mm: of rows, then of columns.
    slope, intercept : float or None
        Rescale; None where the header is silent.
    rescale_type : str
        RescaleType, upper case, empty where the header is silent.
    tilt_degrees : float
        GantryDetectorTilt; 0 where the header is silent.
    keys : tuple
        What tells apart images of one place, in the order of `KEYS` in `splitting`.
    """

    file: PixelFile
    index: int
    sop_uid: str
    number: int | None
    position: Triple | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None
    slope: float | None
    intercept: float | None
    rescale_type: str
    tilt_degrees: float
    keys: tuple[KeyValue, ...] = ()


@dataclass(frozen=True)
class Series:
    """A series, or that part of one which is a single stack of slices.

    Parameters
    ----------
    facts : SeriesFacts
        Of this part, where the series was split: its own slices, times and temporal position.
    files : tuple of Path
        In an order that does not depend on their names.
    patient_key : str
        Equal for files of one patient, different for two; made anew by each process and no identifier. Empty where the
        headers do not name the patient.
    frames : tuple of Frame
        Its images; empty for objects that are none, such as masks, contours and reports.
    part, parts : int
        Which stack of the series this is, from 1, and of how many.
    remarks : tuple of str
        Why it was split, for example. Often empty.
    """

    facts: SeriesFacts
    files: tuple[Path, ...]
    patient_key: str
    frames: tuple[Frame, ...] = field(default=(), repr=False)
    part: int = 1
    parts: int = 1
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class FoundSeries:
    """Everything that lies below some folders.

    Parameters
    ----------
    series : tuple of Series
        In the order of study, series number and series.
    left_out : tuple of LeftOut
        Files that belong to no series, in the order of their paths.
    """

    series: tuple[Series, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def patients(self) -> int:
        """How many patients the files are of, as far as their headers name them."""
        return len({series.patient_key for series in self.series if series.patient_key})
