"""What pictures looked like in training, so that others can be told to look different."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tumorboard.inputs.pictures import PictureInputs, evenly_spaced


def picture_statistics(pictures: PictureInputs, patients: Sequence[str], images: int) -> dict[str, Any]:
    """Return what patients' pictures look like.

    Parameters
    ----------
    pictures : PictureInputs
    patients : sequence of str
        Those without pictures are passed over.
    images : int
        Of each patient, at even distances; 0 for all.

    Returns
    -------
    dict
        ``patients``; ``mean`` and ``sd`` over patients of a patient's mean of each channel, grey levels of 255;
        ``within_sd``, the mean standard deviation within pictures; ``pixel_mm``, smallest and largest.
    """
    means, within = [], []
    for patient in patients:
        numbers = evenly_spaced(pictures.count(patient), images)
        if numbers:
            read = np.stack([pictures.read(patient, number) for number in numbers]).astype(np.float64)
            means.append(read.mean(axis=(0, 2, 3)))
            within.append(read.std(axis=(2, 3)).mean(axis=0))
    mpp = pictures.values("mpp", patients)
    return {
        "patients": len(means),
        "mean": np.mean(means, axis=0).tolist() if means else None,
        "sd": np.std(means, axis=0).tolist() if means else None,
        "within_sd": np.mean(within, axis=0).tolist() if within else None,
        "pixel_mm": [float(mpp.min()) / 1000, float(mpp.max()) / 1000] if len(mpp) else None,
    }
