"""Finding a slide's tissue."""

from __future__ import annotations

import numpy as np

from tumorboard.slides.slide import Slide
from tumorboard.slides.tissue.blur import judge_focus
from tumorboard.slides.tissue.dark import dark_things
from tumorboard.slides.tissue.density import density_of, steps
from tumorboard.slides.tissue.folds import folds
from tumorboard.slides.tissue.ink import coloured_ink, marked
from tumorboard.slides.tissue.lace import lace
from tumorboard.slides.tissue.masks import Channel, Mask, as_true, at_least, both, either, inverse, without
from tumorboard.slides.tissue.overview import read_overview
from tumorboard.slides.tissue.settings import TissueSettings
from tumorboard.slides.tissue.shapes import closed, holding, widened, without_holes
from tumorboard.slides.tissue.tissue_map import TissueMap

_RIM_UM = 24.0
"""So far around a bubble its rim may look like a fold."""


def find_tissue(slide: Slide, settings: TissueSettings) -> TissueMap:
    """Find where a slide has tissue, and where it is spoilt.

    Parameters
    ----------
    slide : Slide
    settings : TissueSettings

    Returns
    -------
    TissueMap

    Raises
    ------
    FileFormatError
        The file is damaged where it is read.
    """
    overview = read_overview(slide, settings.overview_mpp)
    density = density_of(overview)
    glass = density.glass
    colour = density.colour()
    coloured = at_least(colour, steps(settings.sure_colour))
    dark = dark_things(density, coloured, overview.mpp, settings)
    pen = either(dark.pen, marked(coloured_ink(density, coloured, settings), overview.mpp, settings))
    hidden = either(pen, dark.border)
    tissue = tissue_mask(colour, hidden, overview.mpp, settings)
    # of a large slide each map is 10 MB
    del colour, coloured
    tissue = either(tissue, lace(overview, density, tissue, hidden, settings))
    hidden = either(hidden, dark.bubble)
    fold = folds(density, without(tissue, widened(dark.bubble, _RIM_UM / overview.mpp)), overview.mpp, settings)
    focus = judge_focus(slide, overview, density, tissue, hidden, settings)
    del density, hidden
    blur = both(focus.soft_pixels(tissue), tissue)
    scanned = overview.scanned
    return TissueMap(
        overview=overview.picture,
        mpp=overview.mpp,
        downsample=overview.downsample,
        tissue=as_true(tissue),
        pen=as_true(pen),
        fold=as_true(fold),
        blur=as_true(blur),
        bubble=as_true(dark.bubble),
        border=as_true(dark.border),
        focus=focus.measured,
        glass=glass,
        settings=settings,
        scanned_share=1.0 if scanned is None else int(np.count_nonzero(scanned)) / scanned.size,
        damaged_tiles=overview.damaged_tiles,
    )


def tissue_mask(colour: Channel, hidden: Mask, mpp: float, settings: TissueSettings) -> Mask:
    """Make the mask of tissue from its colour: faint parts count where they join such as are sure.

    Parameters
    ----------
    colour : ndarray of uint8, shape (height, width)
        In steps of density.
    hidden : ndarray of uint8, shape (height, width)
        Where nothing can be said: ink and borders.
    mpp : float
        µm per pixel.
    settings : TissueSettings
    """
    seen = inverse(hidden)
    faint = both(at_least(colour, steps(settings.least_colour)), seen)
    sure = both(at_least(colour, steps(settings.sure_colour)), seen)
    joined = without_holes(closed(faint, settings.bridge_um / mpp), settings.fill_um2 / mpp**2)
    return both(holding(joined, sure, settings.drop_um2 / mpp**2), seen)
