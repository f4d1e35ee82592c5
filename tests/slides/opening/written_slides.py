"""The same picture as a slide of several formats."""

import struct
from dataclasses import replace
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pydicom
import tifffile
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, generate_uid

from tumorboard.phantom.slides import ColourCoding, slide_scanner, write_svs

WIDTH, HEIGHT, MPP = 1531, 1273, 0.2467
FACTORS = (1, 4, 16)
WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"


def painted(width=WIDTH, height=HEIGHT, seed=3):
    """A picture without flat places: a shift of one pixel shows."""
    random = np.random.default_rng(seed)
    hue = cv2.resize(
        random.normal(0, 25, (height // 60, width // 60, 3)), (width, height), interpolation=cv2.INTER_CUBIC
    )
    grain = cv2.GaussianBlur(random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 1.5)[..., None] * 60
    return np.clip(np.array([190, 140, 180]) + hue + grain, 0, 255).astype(np.uint8)


def painter(picture):
    return lambda left, top, width, height: picture[top : top + height, left : left + width]


def write_aperio(path, picture, *, colour=ColourCoding.YCBCR_422, tile_px=256, mpp=MPP, objective=40, factors=FACTORS):
    scanner = replace(
        slide_scanner("a site", 1),
        quality=92,
        colour=colour,
        tile_px=tile_px,
        mpp=mpp,
        objective=objective,
        level_factors=factors,
    )
    write_svs(path, painter(picture), picture.shape[1], picture.shape[0], scanner, title="one", seed=2)
    return path


def stored_levels(path):
    """The pictures of an SVS's levels as tifffile decodes them, from the finest."""
    with tifffile.TiffFile(path) as file:
        return [page.asarray() for page in file.pages if page.is_tiled]


def write_generic_tiff(path, levels, *, mpp=MPP, compression="zlib", unit="CENTIMETER", resolution=None):
    with tifffile.TiffWriter(path) as file:
        for number, level in enumerate(levels):
            scale = mpp * levels[0].shape[1] / level.shape[1]
            file.write(
                level,
                tile=(256, 256),
                photometric="rgb",
                compression=compression,
                subfiletype=int(number > 0),
                resolution=resolution or (1e4 / scale, 1e4 / scale),
                resolutionunit=unit,
                metadata=None,
            )
    return path


def write_ome(path, levels, *, size=(MPP, "µm"), compression="zlib", planar=False, name="", labels=(), **options):
    """An OME-TIFF: smaller levels below the first page, label pictures beside it."""
    if size is not None:
        for side in "XY":
            options |= {f"PhysicalSize{side}": size[0], f"PhysicalSize{side}Unit": size[1]}
    with tifffile.TiffWriter(path, ome=True) as file:
        for label in labels:
            file.write(label, photometric="rgb", metadata={"axes": "YXS", "Name": "label"})
        for number, level in enumerate(levels):
            below = {"subfiletype": 1} if number else {"subifds": len(levels) - 1}
            file.write(
                np.ascontiguousarray(level.transpose(2, 0, 1)) if planar else level,
                tile=(256, 256),
                photometric="minisblack" if planar else "rgb",
                compression=compression,
                metadata=None if number else {"axes": "CYX" if planar else "YXS", "Name": name, **options},
                **below,
            )
    return path


def jpeg_tiles(level, tile_px, *, rgb=False, subsampling="422", quality=92):
    """The level's tiles in JPEG, row by row, padded with white."""
    rows, columns = -(-level.shape[0] // tile_px), -(-level.shape[1] // tile_px)
    padded = np.full((rows * tile_px, columns * tile_px, 3), 255, np.uint8)
    padded[: level.shape[0], : level.shape[1]] = level
    coding = {"outcolorspace": "RGB", "subsampling": "444"} if rgb else {"subsampling": subsampling}
    streams = []
    for row in range(0, rows * tile_px, tile_px):
        for column in range(0, columns * tile_px, tile_px):
            tile = np.ascontiguousarray(padded[row : row + tile_px, column : column + tile_px])
            streams.append(bytes(imagecodecs.jpeg8_encode(tile, level=quality, colorspace="RGB", **coding)))
    return streams


def unmarked(stream):
    """A JPEG stream without APP segments, its components named 1, 2, 3: Aperio's way to store RGB, told by the file."""
    parts, position = [stream[:2]], 2
    while True:
        marker, length = stream[position + 1], struct.unpack_from(">H", stream, position + 2)[0]
        segment = bytearray(stream[position : position + 2 + length])
        names = {0xC0: range(10, 19, 3), 0xDA: range(5, 10, 2)}.get(marker, ())  # start of frame, start of scan
        for name, place in enumerate(names, start=1):
            segment[place] = name
        if not 0xE0 <= marker <= 0xEF:
            parts.append(bytes(segment))
        position += 2 + length
        if marker == 0xDA:
            return b"".join([*parts, stream[position:]])


def instance(frames, size, tile_px, *, series, mpp=MPP, power=40, rgb=False, kind="VOLUME", **changes):
    """One instance of a DICOM slide with the elements that readers use."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = WHOLE_SLIDE
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = JPEGBaseline8Bit
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = WHOLE_SLIDE, meta.MediaStorageSOPInstanceUID
    data.StudyInstanceUID = data.FrameOfReferenceUID = series
    data.SeriesInstanceUID, data.Modality = series, "SM"
    data.ImageType = ["ORIGINAL", "PRIMARY", kind, "NONE" if kind == "VOLUME" else "RESAMPLED"]
    data.DimensionOrganizationType = "TILED_FULL"
    data.SamplesPerPixel, data.PlanarConfiguration = 3, 0
    data.PhotometricInterpretation = "RGB" if rgb else "YBR_FULL_422"
    data.NumberOfFrames, data.Rows, data.Columns = len(frames), tile_px, tile_px
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.TotalPixelMatrixColumns, data.TotalPixelMatrixRows = size
    data.TotalPixelMatrixFocalPlanes, data.NumberOfOpticalPaths = 1, 1
    data.ImagedVolumeWidth, data.ImagedVolumeHeight = size[0] * mpp / 1000, size[1] * mpp / 1000
    path = Dataset()
    path.OpticalPathIdentifier = "1"
    if power is not None:
        path.ObjectiveLensPower = str(power)
    data.OpticalPathSequence = [path]
    measures = Dataset()
    measures.PixelSpacing, measures.SliceThickness = [f"{mpp / 1000:.9g}"] * 2, "0"
    shared = Dataset()
    shared.PixelMeasuresSequence = [measures]
    data.SharedFunctionalGroupsSequence = [shared]
    for name, value in changes.items():
        setattr(data, name, value)
    return data


def save(data, frames, path, *, table="basic", fragments=1):
    """Write an instance; ``table`` is which table of offsets it has: basic, extended or none."""
    if table == "extended":
        pixels, data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths = encapsulate_extended(frames)
    else:
        pixels = encapsulate(frames, has_bot=table == "basic", fragments_per_frame=fragments)
    data.PixelData = pixels
    data["PixelData"].is_undefined_length = True
    data["PixelData"].VR = "OB"
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path


def write_dicom(
    folder, levels, *, tile_px=256, mpp=MPP, table="basic", rgb=False, subsampling="422", series=None, **changes
):
    """A DICOM slide: one instance a level."""
    folder.mkdir(parents=True, exist_ok=True)
    series = series or generate_uid()
    for number, level in enumerate(levels):
        frames = jpeg_tiles(level, tile_px, rgb=rgb, subsampling=subsampling)
        if rgb:
            frames = [unmarked(frame) for frame in frames]
        size = (level.shape[1], level.shape[0])
        scale = mpp * levels[0].shape[1] / level.shape[1]
        data = instance(frames, size, tile_px, series=series, mpp=scale, rgb=rgb, **changes)
        save(data, frames, folder / f"{number}.dcm", table=table)
    return folder


def write_scan_slice(path: Path):
    """A DICOM file that is no slide: a slice of a CT."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    data.SeriesInstanceUID, data.Modality = generate_uid(), "CT"
    pydicom.dcmwrite(path, data, enforce_file_format=True)
    return path
