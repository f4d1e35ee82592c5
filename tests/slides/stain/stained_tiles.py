"""Tiles of two stains, mixed by Beer and Lambert's law."""

import cv2
import numpy as np

STAIN = np.column_stack([(0.65, 0.70, 0.29), (0.09, 0.95, 0.28)])
STAIN = STAIN / np.linalg.norm(STAIN, axis=0)
BLUER = np.column_stack([(0.75, 0.60, 0.20), (0.20, 0.90, 0.20)])
BLUER = BLUER / np.linalg.norm(BLUER, axis=0)


def amounts(seed, side=64):
    """Nuclei of haematoxylin in a cytoplasm of eosin, with some gaps; shape (side, side, 2)."""
    random = np.random.default_rng(seed)

    def field(smooth):
        values = cv2.GaussianBlur(random.normal(0, 1, (side, side)), (0, 0), smooth)
        return (values - values.mean()) / values.std()

    nuclei = 1 / (1 + np.exp(-8 * (field(2.5) - 0.8)))
    eosin = np.clip(0.7 + 0.25 * field(4), 0.3, 1.2) * (1 - nuclei) * (field(6) < 1.3)
    haematoxylin = np.clip(1.3 + 0.3 * field(1), 0.5, 2) * nuclei
    return np.dstack([haematoxylin, eosin])


def mixed(amounts_of_stains, vectors=STAIN, strength=(1.0, 1.0), light=240):
    density = (amounts_of_stains * strength) @ vectors.T
    return np.clip(np.round(light * np.exp(-density) - 1), 0, 255).astype(np.uint8)
