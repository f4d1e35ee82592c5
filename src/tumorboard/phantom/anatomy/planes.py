"""Ready-made images: the three planes through the tumour's largest diameters."""

from __future__ import annotations

import numpy as np

from tumorboard.phantom.anatomy.appearance import MR_CONTRASTS
from tumorboard.phantom.anatomy.body import Body
from tumorboard.phantom.anatomy.labels import label_section
from tumorboard.phantom.anatomy.measurement import Diameter, TumourTruth, measure_tumour
from tumorboard.phantom.anatomy.painting import Acquisition, paint_section
from tumorboard.phantom.anatomy.section import AXES, Plane, Section
from tumorboard.phantom.anatomy.volume import Contrast

FIELD_MM = 220.0
"""Width of a ready-made image, whatever the tumour's size."""
_WINDOW = (-160.0, 240.0)


def plane_images(
    body: Body,
    contrast: Contrast,
    acquisition: Acquisition,
    rng: np.random.Generator,
    *,
    size_px: int = 256,
    field_mm: float = FIELD_MM,
    truth: TumourTruth | None = None,
) -> dict[Plane, np.ndarray]:
    """Give the tumour's three planes, each where its diameter is largest.

    Parameters
    ----------
    body : Body
    contrast : Contrast
    acquisition : Acquisition
    rng : numpy.random.Generator
    size_px : int
    field_mm : float
        Width and height of each image.
    truth : TumourTruth, optional
        From `measure_tumour`; measured here if it is not given.

    Returns
    -------
    dict of ndarray of uint8, shape (size_px, size_px)
        CT from -160 to 240 Hounsfield units; MR between the image's 1st and 99.5th percentile. The patient's right is
        at the left of transversal and coronal images, the front at the left of sagittal ones, the head on top.
    """
    truth = truth if truth is not None else measure_tumour(body)
    images = {}
    for plane in Plane:
        section = plane_section(truth.diameters[plane], size_px, field_mm)
        values = paint_section(body, section, label_section(body, section), contrast, acquisition, rng)
        low, high = np.percentile(values, [1, 99.5]) if contrast in MR_CONTRASTS else _WINDOW
        scaled = np.clip((values - low) * (255 / max(high - low, 1e-6)), 0, 255)
        images[plane] = np.rint(scaled).astype(np.uint8)
    return images


def plane_section(diameter: Diameter, size_px: int, field_mm: float) -> Section:
    """Give the square section around the middle of a diameter."""
    _, row, column = AXES[diameter.plane]
    middle = np.mean(diameter.endpoints_mm, axis=0)
    step = field_mm / size_px
    half = 0.5 * (size_px - 1) * step
    upwards = -1 if diameter.plane != Plane.TRANSVERSAL else 1
    return Section(
        diameter.plane,
        diameter.position_mm,
        size_px,
        size_px,
        float(middle[row] - upwards * half),
        upwards * step,
        float(middle[column] - half),
        step,
    )
