"""The instances of one DICOM slide: which files of a folder belong to it, and what each holds."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import FileFormatError
from tumorboard.slides.opening.base import one_line

if TYPE_CHECKING:
    from pydicom import Dataset

    from tumorboard.slides.opening.dicom_frames import DicomFrames

WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
"""VL Whole Slide Microscopy Image Storage."""

_TAGS = [
    "SOPClassUID",
    "SeriesInstanceUID",
    "ImageType",
    "TotalPixelMatrixColumns",
    "TotalPixelMatrixRows",
    "TotalPixelMatrixFocalPlanes",
    "NumberOfOpticalPaths",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "BitsAllocated",
    "PhotometricInterpretation",
    "DimensionOrganizationType",
    "ConcatenationUID",
    "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths",
]
_PREFIX_AT, _PREFIX = 128, b"DICM"
_SPARSE = "TILED_SPARSE"
_FRAME_PLACES = b"\x00\x52\x30\x92"  # the tag of the per-frame functional groups
_LARGEST_FRAME_PX, _LARGEST_SIDE_PX = 2**27, 2**24


@dataclass(frozen=True)
class Instance:
    """One file of a DICOM slide.

    Parameters
    ----------
    path : Path
    series : str
        The series that it belongs to.
    is_level : bool
        Whether it is a level of the slide, and no label, overview or thumbnail.
    width, height : int
        Pixels of its level.
    frame_width, frame_height, frames : int
        Pixels of a frame, and how many it has.
    focal_planes, optical_paths : int
        How often it holds the whole slide.
    coding : tuple of str
        Transfer syntax, photometric interpretation, samples a pixel, bits a sample.
    is_tiled_full : bool
        Whether frames lie row by row and none is left out.
    has_frame_places : bool
        Whether it states the place of each frame; looked for where it must.
    is_part : bool
        Whether it is a part of a concatenation.
    extended_offsets, extended_lengths : bytes
        The extended offset table; empty where it has none.
    pixels_at : int
        Byte of the file where the element of the pixels begins.
    """

    path: Path
    series: str
    is_level: bool
    width: int
    height: int
    frame_width: int
    frame_height: int
    frames: int
    focal_planes: int
    optical_paths: int
    coding: tuple[str, str, str, str]
    is_tiled_full: bool
    has_frame_places: bool
    is_part: bool
    extended_offsets: bytes
    extended_lengths: bytes
    pixels_at: int

    @property
    def grid(self) -> tuple[int, int]:
        """Columns and rows of frames that the level has."""
        return -(-self.width // self.frame_width), -(-self.height // self.frame_height)

    def check(self) -> None:
        """Refuse what OpenSlide does not read, or on what it ends the whole program.

        Raises
        ------
        FileFormatError
            There are several focal planes, fewer frames than the size needs, or the size is none.
        """
        if self.focal_planes > 1:
            raise FileFormatError(
                f"the slide has {self.focal_planes} focal planes, and OpenSlide reads slides of one",
                where=str(self.path),
                fix="Export one focal plane",
            )
        fault = ""
        if min(self.width, self.height, self.frame_width, self.frame_height, self.frames) < 1:
            fault = f"a level of {self.width} x {self.height} pixels in {self.frames} frames"
        elif (
            self.frame_width * self.frame_height > _LARGEST_FRAME_PX or max(self.width, self.height) > _LARGEST_SIDE_PX
        ):
            fault = f"{self.width} x {self.height} pixels, frames of {self.frame_width} x {self.frame_height}"
        elif self.is_tiled_full and not self.is_part and self.frames < self.grid[0] * self.grid[1]:
            fault = f"{self.frames} frames, but its size needs {self.grid[0] * self.grid[1]}"
        elif not self.has_frame_places:
            fault = "TILED_SPARSE, but not where each frame lies"
        if fault:
            raise FileFormatError(f"is damaged: it states {fault}", where=str(self.path), fix="Fetch or copy it again")


class DicomSeries:
    """The levels of one DICOM slide.

    Parameters
    ----------
    first : Instance
        One file of it.
    instances : tuple of Instance, optional
        All files of it; by default they are looked for beside the first one when they are needed.
    """

    def __init__(self, first: Instance, instances: tuple[Instance, ...] | None = None) -> None:
        self.first = first
        self._given = instances
        self._open: list[DicomFrames] = []

    @cached_property
    def levels(self) -> tuple[Instance, ...]:
        """Its levels, without label, overview and thumbnail."""
        beside = self._given if self._given is not None else tuple(_instances(self.first.path.parent))
        return tuple(instance for instance in beside if instance.is_level and instance.series == self.first.series)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know: of several optical paths, the first is read."""
        if self.first.optical_paths > 1:
            return (f"the slide has {self.first.optical_paths} optical paths; the first was taken",)
        return ()

    def level(self, width: int, height: int) -> DicomFrames | None:
        """Return the stored JPEG frames of the level of this size; None where they cannot be taken as they are.

        Raises
        ------
        FileFormatError
            The instance is damaged.
        """
        from tumorboard.slides.opening.dicom_frames import open_frames

        of_size = [instance for instance in self.levels if (instance.width, instance.height) == (width, height)]
        for instance in of_size:
            instance.check()
        frames = open_frames(of_size[0]) if len(of_size) == 1 else None
        if frames is not None:
            self._open.append(frames)
        return frames

    def close(self) -> None:
        """Close the files."""
        for frames in self._open:
            frames.close()


def series_of_folder(folder: Path) -> DicomSeries:
    """Find the one slide in a folder.

    Parameters
    ----------
    folder : Path
        Holds the instances of one series; other files, DICOM annotations among them, are passed over.

    Returns
    -------
    DicomSeries

    Raises
    ------
    FileFormatError
        There is no slide, or there are several.
    """
    instances = list(_instances(folder))
    series = sorted({instance.series for instance in instances})
    if len(series) > 1:
        raise FileFormatError(
            f"the folder holds {len(series)} series of DICOM slides, and a slide is one series",
            where=str(folder),
            fix="Put each series into a folder of its own, or name one of its files",
        )
    first = next((instance for instance in instances if instance.is_level), None)
    if first is None:
        found = "instances of a DICOM slide, but no level of it (ImageType VOLUME)" if instances else "no DICOM slide"
        raise FileFormatError(
            f"the folder holds {found}", where=str(folder), fix="Name a slide file, or the folder of one DICOM series"
        )
    return DicomSeries(first, tuple(instances))


def series_of_file(path: Path) -> DicomSeries:
    """Give the slide that a file is an instance of.

    Raises
    ------
    FileFormatError
        The file is no instance of a slide.
    """
    instance = read_instance(path)
    if instance is None:
        raise FileFormatError(
            "is DICOM but no slide (whole slide microscopy image)", where=str(path), fix="Name a file of the slide"
        )
    return DicomSeries(instance)


def is_dicom(path: Path) -> bool:
    """Tell whether a file begins as DICOM files do."""
    with path.open("rb") as file:
        file.seek(_PREFIX_AT)
        return file.read(len(_PREFIX)) == _PREFIX


def _instances(folder: Path) -> list[Instance]:
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return [found for path in files if is_dicom(path) and (found := read_instance(path)) is not None]


def read_instance(path: Path) -> Instance | None:
    """Read what places an instance's pixels; None where the file is no whole slide image.

    Raises
    ------
    FileFormatError
        It is damaged DICOM.
    """
    import pydicom

    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values that pydicom takes all the same
            header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=_TAGS)
            pixels_at = file.tell()
            if header.get("SOPClassUID") != WHOLE_SLIDE:
                return None
            file.seek(0)
            sparse = header.get("DimensionOrganizationType") == _SPARSE
            return _instance(path, header, pixels_at, not sparse or _FRAME_PLACES in file.read(pixels_at))
    except Exception as error:  # pydicom raises many kinds, all of which mean the same to a user
        raise FileFormatError(
            f"is damaged DICOM: {one_line(error)}", where=str(path), fix="Fetch or copy it again"
        ) from error


def _instance(path: Path, header: Dataset, pixels_at: int, has_frame_places: bool) -> Instance:
    def number(name: str, default: int) -> int:
        value = header.get(name)
        return default if value is None else int(value)

    coding = (header.file_meta.get("TransferSyntaxUID"), header.get("PhotometricInterpretation"))
    return Instance(
        path,
        series=str(header.get("SeriesInstanceUID", "")),
        is_level="VOLUME" in [str(kind) for kind in header.get("ImageType") or ()],
        width=number("TotalPixelMatrixColumns", 0),
        height=number("TotalPixelMatrixRows", 0),
        frame_width=number("Columns", 0),
        frame_height=number("Rows", 0),
        frames=number("NumberOfFrames", 1),
        focal_planes=number("TotalPixelMatrixFocalPlanes", 1),
        optical_paths=number("NumberOfOpticalPaths", 1),
        coding=(str(coding[0]), str(coding[1]), str(number("SamplesPerPixel", 0)), str(number("BitsAllocated", 0))),
        is_tiled_full=header.get("DimensionOrganizationType") != _SPARSE,
        has_frame_places=has_frame_places,
        is_part="ConcatenationUID" in header,
        extended_offsets=bytes(header.get("ExtendedOffsetTable") or b""),
        extended_lengths=bytes(header.get("ExtendedOffsetTableLengths") or b""),
        pixels_at=pixels_at,
    )
