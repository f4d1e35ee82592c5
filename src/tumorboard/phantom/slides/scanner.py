"""The slide scanners of the simulated hospitals, and each hospital's stain.

Everything here comes from the site's name and the cohort's seed alone, so that no setting can tell the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tumorboard.phantom.histology.window import Stain
from tumorboard.phantom.patients.patient import generator

_SHARE_OF_20X_SCANNERS = 0.2
_SITE_STRENGTH_SD = (0.14, 0.15, 0.12)
_SITE_HUE_SD = 0.06
_SLIDE_STRENGTH_SD = 0.045
_SLIDE_HUE_SD = 0.012


class ColourCoding(StrEnum):
    """How the pictures of a slide file hold colour."""

    RGB = "rgb"
    YCBCR_422 = "ycbcr 4:2:2"
    YCBCR_420 = "ycbcr 4:2:0"


@dataclass(frozen=True)
class SlideScanner:
    """A site's slide scanner and stain.

    Parameters
    ----------
    serial : str
        The scanner's number, as Aperio writes it (``SS1302``).
    library : str
        Version of the software that wrote the file.
    tile_px : int
        Edge of a tile: 240 or 256 pixels.
    colour : ColourCoding
        RGB, or YCbCr with chroma at half the resolution across (4:2:2) or across and down (4:2:0).
    quality : int
        JPEG quality of the base level, 1 to 100.
    level_factors : tuple of int
        How much smaller each level is, the base's 1 first.
    mpp : float
        µm per pixel of the base level.
    objective : int
        The objective's magnification: 20 or 40.
    gamma : float
        Exponent of the camera's curve; 1 is linear.
    focus_um : float
        Standard deviation of the point spread of a well focused field, in µm.
    noise : float
        Standard deviation of the camera's noise, in levels of 255.
    stain : Stain
        The site's usual stain, and the colour of its glass.
    """

    serial: str
    library: str
    tile_px: int
    colour: ColourCoding
    quality: int
    level_factors: tuple[int, ...]
    mpp: float
    objective: int
    gamma: float
    focus_um: float
    noise: float
    stain: Stain


def slide_scanner(site: str, seed: int) -> SlideScanner:
    """Give a site's scanner: the same for every patient of the site.

    Parameters
    ----------
    site : str
        The hospital.
    seed : int
        The cohort's seed.

    Returns
    -------
    SlideScanner

    Examples
    --------
    >>> scanner = slide_scanner("North", 1)
    >>> scanner == slide_scanner("North", 1), scanner.tile_px in (240, 256)
    (True, True)
    """
    random = generator(seed, 0, f"slide scanner of {site}")
    is_20x = bool(random.random() < _SHARE_OF_20X_SCANNERS)
    plan_40x = (1, 4, 16) if random.random() < 0.7 else (1, 16)
    mpp_40x = round(float(random.uniform(0.23, 0.26)), 4)
    return SlideScanner(
        serial=f"SS{random.integers(1000, 9999)}",
        library=str(random.choice(["v10.0.51", "v11.1.9", "v11.2.1", "v12.0.15"])),
        tile_px=int(random.choice([240, 256])),
        colour=ColourCoding(str(random.choice([coding.value for coding in ColourCoding]))),
        quality=int(random.choice([70, 75, 80, 85])),
        level_factors=(1, 4) if is_20x else plan_40x,
        mpp=0.499 if is_20x else mpp_40x,
        objective=20 if is_20x else 40,
        gamma=float(random.uniform(0.96, 1.04)),
        focus_um=float(random.uniform(0.12, 0.28)),
        noise=float(random.uniform(0.6, 1.4)),
        stain=_site_stain(random),
    )


def stain_of(scanner: SlideScanner, slide_seed: int) -> Stain:
    """Give one slide's stain: its site's, with the smaller variation from batch to batch.

    Parameters
    ----------
    scanner : SlideScanner
        The site's scanner and stain.
    slide_seed : int
        The slide's seed.

    Returns
    -------
    Stain
    """
    random = generator(slide_seed, 0, "stain of the slide")
    return _varied(scanner.stain, random, _SLIDE_HUE_SD, (_SLIDE_STRENGTH_SD,) * 3, scanner.stain.background)


def _site_stain(random: np.random.Generator) -> Stain:
    white = random.uniform(240, 250)
    red, green, blue = (int(value) for value in np.clip(white + random.normal([0.0, 0.0, 1.0], 1.5), 234, 254))
    return _varied(Stain(), random, _SITE_HUE_SD, _SITE_STRENGTH_SD, (red, green, blue))


def _varied(
    stain: Stain,
    random: np.random.Generator,
    hue_sd: float,
    strength_sd: tuple[float, float, float],
    background: tuple[int, int, int],
) -> Stain:
    """Turn each dye's optical densities a little and change its strength by a log-normal factor."""
    dyes = []
    for dye in (stain.haematoxylin, stain.eosin, stain.erythrocyte):
        density = np.clip(np.array(dye) + random.normal(0.0, hue_sd, 3), 0.02, None)
        red, green, blue = (float(value) for value in density * max(dye) / density.max())
        dyes.append((red, green, blue))
    factors = np.array(stain.strength) * np.exp(random.normal(0.0, strength_sd))
    strength = (float(factors[0]), float(factors[1]), float(factors[2]))
    return Stain(dyes[0], dyes[1], dyes[2], strength, background)
