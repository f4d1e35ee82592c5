"""How large a phantom is, and what it will take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Contents(StrEnum):
    """What is written of each patient's images."""

    FILES = "files"
    TILES = "tiles"
    TABLES = "tables"


@dataclass(frozen=True)
class Preset:
    """How large a phantom is.

    Parameters
    ----------
    name : str
    patients : int
        How many, unless told otherwise.
    slide_side_px : int
        About the side of a slide in pixels of 0.25 µm; a 20x scanner makes half as many of them.
    scan_size_px : int
        Rows and columns of a CT slice.
    scan_slices : tuple of int
        Fewest and most slices of a series.
    series : int
        At most so many series of diagnostic images of a patient.
    tiles_10x, tiles_5x : int
        Ready-made tiles of a patient, where no slide files are asked for.
    """

    name: str
    patients: int
    slide_side_px: int
    scan_size_px: int
    scan_slices: tuple[int, int]
    series: int
    tiles_10x: int
    tiles_5x: int


PRESETS = {
    "demo": Preset("demo", 60, 4096, 256, (40, 80), 2, 8, 4),
    "paper": Preset("paper", 230, 20_000, 512, (60, 130), 3, 64, 24),
    "large": Preset("large", 1150, 40_000, 512, (100, 320), 4, 256, 76),
}


@dataclass(frozen=True)
class Effort:
    """What a phantom will take.

    Parameters
    ----------
    megapixels : float
        Pixels of all slides or tiles, in millions.
    gigabytes : float
        On the disk.
    seconds : float
        With the given number of processes, on a processor of a few years' age.
    memory_gigabytes : float
        Of all processes together.
    """

    megapixels: float
    gigabytes: float
    seconds: float
    memory_gigabytes: float


_SHARE_WITH_SLIDE, _SHARE_WITH_SCAN = 0.95, 0.90
_SHARE_AT_20X = 0.1
_SERIES_OF_MOST, _SLICES_ABOVE_FEWEST = 0.95, 0.2

# measured with benchmarks/phantom_speed.py; only ever shown as "about"
_SECONDS_PER_MEGAPIXEL, _BYTES_PER_PIXEL = 0.11, 0.29
_SECONDS_PER_MEGAVOXEL, _BYTES_PER_VOXEL = 0.13, 2.0
_SECONDS_PER_TILE, _BYTES_PER_TILE = 0.08, 25_000
_SECONDS_PER_PLANES, _BYTES_PER_PLANES = 0.5, 150_000
_TABLE_PATIENTS_PER_SECOND, _TABLE_BYTES = 5_000, 1100
_SECONDS_TO_START = 5
_OWN_GIGABYTES, _GIGABYTES_PER_PROCESS = 0.4, 0.7


def effort(preset: Preset, patients: int, contents: Contents, workers: int) -> Effort:
    """Estimate what a phantom will take, before it is begun.

    Parameters
    ----------
    preset : Preset
    patients : int
    contents : Contents
    workers : int
        Processes.

    Returns
    -------
    Effort
    """
    tables = patients / _TABLE_PATIENTS_PER_SECOND + 1
    if contents is Contents.TABLES:
        return Effort(0, patients * _TABLE_BYTES / 1e9, tables, _OWN_GIGABYTES + patients * 2.2e-6)
    memory = _OWN_GIGABYTES + workers * _GIGABYTES_PER_PROCESS
    slides, scans = patients * _SHARE_WITH_SLIDE, patients * _SHARE_WITH_SCAN
    if contents is Contents.TILES:
        tiles = slides * (preset.tiles_10x + preset.tiles_5x)
        seconds = tiles * _SECONDS_PER_TILE + scans * _SECONDS_PER_PLANES
        gigabytes = (tiles * _BYTES_PER_TILE + scans * _BYTES_PER_PLANES) / 1e9
        return Effort(tiles * 256**2 / 1e6, gigabytes, _SECONDS_TO_START + tables + seconds / workers, memory)
    megapixels = slides * preset.slide_side_px**2 * (1 - 0.75 * _SHARE_AT_20X) / 1e6
    fewest, most = preset.scan_slices
    slices = fewest + _SLICES_ABOVE_FEWEST * (most - fewest)
    megavoxels = scans * preset.series * _SERIES_OF_MOST * slices * preset.scan_size_px**2 / 1e6
    seconds = megapixels * _SECONDS_PER_MEGAPIXEL + megavoxels * _SECONDS_PER_MEGAVOXEL
    gigabytes = (megapixels * _BYTES_PER_PIXEL + megavoxels * _BYTES_PER_VOXEL) / 1e3
    return Effort(megapixels, gigabytes, _SECONDS_TO_START + tables + seconds / workers, memory)
