"""One picture of a scan: resampled, windowed, with the tumour's mask in the same place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorboard.scans.planes.geometry import PlaneGeometry
from tumorboard.scans.planes.image import Marked, PlaneImage
from tumorboard.scans.planes.resampling import PlaneSampler
from tumorboard.scans.planes.window import Window
from tumorboard.scans.volume import Volume

_MUCH_OUTSIDE = 0.5


@dataclass(frozen=True, eq=False)
class Source:
    """What pictures are taken from.

    Parameters
    ----------
    volume : Volume
        In patient axes.
    tumour : Marked or None
        On the volume's grid; None where no mask is known.
    window : Window
    bits : {8, 16}
        Of a pixel.
    """

    volume: Volume
    tumour: Marked | None
    window: Window
    bits: int


def take_picture(source: Source, geometry: PlaneGeometry, size_px: int) -> PlaneImage:
    """Take a picture, with remarks where it shows little of the scan or nothing of the tumour.

    Parameters
    ----------
    source : Source
    geometry : PlaneGeometry
    size_px : int
        Side of the picture.
    """
    sampler = PlaneSampler(source.volume.grid, geometry, size_px)
    inside = sampler.inside()
    values = np.where(inside, sampler.values(source.volume.voxels), np.float32(source.window.low))
    pixels = source.window.to_grey(values, source.bits)
    outside = 1 - float(inside.mean())
    remarks = []
    if outside > _MUCH_OUTSIDE:
        remarks.append(f"{100 * outside:.0f} % of the {geometry.plane} picture lie beyond the scan")
    mask = np.zeros(pixels.shape, np.uint8)
    if source.tumour is not None:
        mask = _half_or_more(sampler.share(source.tumour.mask, source.tumour.start))
        if not mask.any():
            remarks.append(f"the tumour is smaller than a pixel of the {geometry.plane} picture")
    return PlaneImage(pixels, mask, geometry, source.window, outside, tuple(remarks))


def _half_or_more(share: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.where(share >= 0.5, 255, 0).astype(np.uint8)
