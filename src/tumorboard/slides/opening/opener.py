"""Opens a slide with what fits it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tumorboard.errors import FileFormatError
from tumorboard.slides.opening.base import one_line
from tumorboard.slides.opening.dicom_series import DicomSeries, is_dicom, series_of_file, series_of_folder
from tumorboard.slides.opening.not_a_slide import check_companions, check_readable, no_slide
from tumorboard.slides.opening.ome_xml import is_ome
from tumorboard.slides.opening.scale import check_stated_mpp
from tumorboard.slides.opening.tiff_structure import check_whole, is_tiff
from tumorboard.slides.slide import Slide


def open_slide(path: Path, *, mpp: float | None = None) -> Slide:
    """Open a slide.

    Parameters
    ----------
    path : Path
        A slide's file, a MIRAX file beside its folder, one file of a DICOM slide, or a folder with the files of one.
    mpp : float, optional
        µm per pixel of level 0 that the user states. It wins over the file; the slide's remarks name a contradiction.
        By default the file's MPP is taken, or else its objective power (10x is 1.0 µm per pixel).

    Returns
    -------
    Slide
        To be closed; a context manager. It can be pickled and is then opened anew in the other process.

    Raises
    ------
    SettingsError
        The stated scale is not between 0.05 and 5 µm per pixel.
    FileFormatError
        The path is missing, empty, cut off, damaged or no slide; or its scale is unknown or contradicts itself.
    """
    if mpp is not None:
        check_stated_mpp(mpp)
    check_readable(path)
    if path.is_dir():
        return _open_dicom(path, series_of_folder(path), mpp)
    if is_dicom(path):
        return _open_dicom(path, series_of_file(path), mpp)
    check_companions(path)
    return _open_tiff(path, mpp) if is_tiff(path) else _open_other(path, mpp)


def reopen(path: Path, mpp: float | None) -> Slide:
    """Open a slide as `open_slide` does; what a pickled slide becomes."""
    return open_slide(path, mpp=mpp)


def _open_dicom(path: Path, series: DicomSeries, mpp: float | None) -> Slide:
    import openslide

    from tumorboard.slides.opening.openslide_slide import OpenSlideSlide

    file = series.first.path
    if series.first.is_level:
        series.first.check()
    try:
        handle = openslide.OpenSlide(file)
    except openslide.OpenSlideError as error:
        raise _damaged(path, "DICOM", error) from error
    return OpenSlideSlide(path, file, handle, series, mpp)


def _open_tiff(path: Path, mpp: float | None) -> Slide:
    """Open a TIFF of whatever maker: with OpenSlide where it knows it whole, else page by page."""
    import openslide

    from tumorboard.slides.opening.openslide_slide import OpenSlideSlide
    from tumorboard.slides.opening.tiff_slide import TiffSlide

    if path.suffix.lower() != ".ndpi":
        check_whole(path)
    try:
        handle = openslide.OpenSlide(path)
    except openslide.OpenSlideUnsupportedFormatError:
        return TiffSlide(path, mpp)
    except openslide.OpenSlideError as error:
        try:
            return TiffSlide(path, mpp)
        except FileFormatError:
            raise _damaged(path, "TIFF", error) from error
    if _is_ome(handle.properties):
        handle.close()
        return TiffSlide(path, mpp)  # OpenSlide sees neither its smaller levels nor its scale
    return OpenSlideSlide(path, path, handle, None, mpp)


def _open_other(path: Path, mpp: float | None) -> Slide:
    import openslide

    from tumorboard.slides.opening.openslide_slide import OpenSlideSlide

    try:
        handle = openslide.OpenSlide(path)
    except openslide.OpenSlideUnsupportedFormatError:
        raise no_slide(path) from None
    except openslide.OpenSlideError as error:
        raise _damaged(path, path.suffix.lstrip(".").upper(), error) from error
    return OpenSlideSlide(path, path, handle, None, mpp)


def _is_ome(properties: Mapping[str, str]) -> bool:
    return properties.get("openslide.vendor") == "generic-tiff" and is_ome(properties.get("tiff.ImageDescription", ""))


def _damaged(path: Path, kind: str, error: Exception) -> FileFormatError:
    return FileFormatError(
        f"is a damaged or unsupported {kind} slide: {one_line(error)}",
        where=str(path),
        fix="Fetch it again, or export it as tiled TIFF, SVS or OME-TIFF",
    )
