"""The sections of ``study.toml`` on slides: which tiles, and what counts as tissue."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tumorboard.study.section import Section

TUMOUR_CLASSES = (
    "Tumor",
    "Tumour",
    "Viable tumor",
    "Viable tumour",
    "Cancer",
    "Carcinoma",
    "Neoplasm",
    "RCC",
    "ccRCC",
)
"""Classes that are taken for tumour, in any case."""

Share = Annotated[float, Field(ge=0, le=1)]


class SlideSettings(Section):
    """From slides to tiles.

    Parameters
    ----------
    tile_px : int
        Side of a tile that has to be made; a tile that is taken over as the slide holds it keeps its own.
    tiles_10x, tiles_5x : int
        So many tiles of a patient at most, spread evenly over the tissue of all the patient's slides; 0 for all.
    mpp : float
        µm per pixel of slides that do not say it themselves and have none in ``slides.csv``; 0 for none, so that such a
        slide is an error.
    jpeg_quality : int
        Quality of tiles that have to be made; those taken over stay as they are.
    annotation_share : float
        Share of a tile that must lie within the annotated tumour, where a slide has an annotation.
    annotation_classes : tuple of str
        Classes of an annotation that count; upper and lower case are the same.
    annotation_frame : {"bounds", "level 0"}
        What QuPath's coordinates are counted from: the corner of what was scanned, as QuPath does, or that of level 0,
        as it does for slides imported with ``--no-crop``. The same for most formats.
    seed : int
        Seed of the choice of tiles.
    """

    tile_px: Annotated[int, Field(ge=64, le=2048, multiple_of=16)] = 256
    tiles_10x: Annotated[int, Field(ge=0)] = 256
    tiles_5x: Annotated[int, Field(ge=0)] = 76
    mpp: Annotated[float, Field(ge=0, le=5)] = 0.0
    jpeg_quality: Annotated[int, Field(ge=50, le=100)] = 95
    annotation_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    annotation_classes: Annotated[tuple[str, ...], Field(min_length=1)] = TUMOUR_CLASSES
    annotation_frame: Literal["bounds", "level 0"] = "bounds"
    seed: Annotated[int, Field(ge=0)] = 20211


class TissueSettings(Section):
    """Limits of finding tissue and of keeping tiles.

    Optical density (OD) is measured against the slide's own glass. Colour is what green has more of it than the mean
    of red and blue: 0 for anything grey, 0.05 to 0.2 for haematoxylin and eosin.

    Parameters
    ----------
    overview_mpp : float
        µm per pixel at which the slide is judged, 2 to 16.
    least_colour : float
        OD of colour from which tissue may reach, where it joins such as is sure, 0.005 to 0.2.
    sure_colour : float
        OD of colour that makes tissue sure, 0.01 to 0.5.
    lace_share : float
        Share of fine faint lines, in a square of 170 µm, that makes a net of fat cells of what has hardly any colour,
        0.02 to 1; 1 for never.
    bridge_um : float
        Gaps up to this width are closed, such as a torn wall of a fat cell, 0 to 100 µm.
    fill_um2 : float
        Holes up to this area are tissue, such as fat cells and small vessels, 0 to 1,000,000 µm².
    drop_um2 : float
        Pieces of tissue below this area are dropped, 0 to 1,000,000 µm².
    pen_density : float
        Least OD of a pen's ink, 0.1 to 1.
    pen_um2 : float
        Least area of a pen's mark, 1,000 to 1,000,000 µm².
    pen_margin_um : float
        So much around a mark belongs to it: ink fades out, 0 to 200 µm.
    fold_contrast : float
        By how much of its surroundings' OD a line must be darker than on both of its sides to be looked at as a fold:
        1 is the double, 0.1 to 2.
    fold_evidence : float
        What must remain of that once it is weighed by size and the colour of nuclei or blood is taken off, 0 to 1.
    fold_um2 : float
        Least area of a fold, 500 to 1,000,000 µm².
    least_focus : float
        Modulation transfer at one cycle per 4 µm (`focus_of`) below which tissue is out of focus, 0 to 1; 0.35 is a
        point spread with an sd of 0.92 µm.
    focus_checks : int
        How many stored tiles at most are decoded to judge the focus, twice as many where a tile is no larger than about
        64 µm; 0 to 10,000; 0 for none.
    least_tissue_share : float
        Of a tile's area, 0 to 1.
    most_pen_share, most_fold_share, most_blur_share, most_bubble_share, most_border_share : float
        Of a tile's area, 0 to 1; a tile with more is rejected.
    """

    overview_mpp: Annotated[float, Field(ge=2, le=16)] = 8.0
    least_colour: Annotated[float, Field(ge=0.005, le=0.2)] = 0.012
    sure_colour: Annotated[float, Field(ge=0.01, le=0.5)] = 0.032
    lace_share: Annotated[float, Field(ge=0.02, le=1)] = 0.1
    bridge_um: Annotated[float, Field(ge=0, le=100)] = 16.0
    fill_um2: Annotated[float, Field(ge=0, le=1_000_000)] = 10_000.0
    drop_um2: Annotated[float, Field(ge=0, le=1_000_000)] = 10_000.0
    pen_density: Annotated[float, Field(ge=0.1, le=1)] = 0.25
    pen_um2: Annotated[float, Field(ge=1_000, le=1_000_000)] = 6_000.0
    pen_margin_um: Annotated[float, Field(ge=0, le=200)] = 24.0
    fold_contrast: Annotated[float, Field(ge=0.1, le=2)] = 0.21
    fold_evidence: Share = 0.2
    fold_um2: Annotated[float, Field(ge=500, le=1_000_000)] = 3_000.0
    least_focus: Share = 0.35
    focus_checks: Annotated[int, Field(ge=0, le=10_000)] = 40
    least_tissue_share: Share = 0.5
    most_pen_share: Share = 0.02
    most_fold_share: Share = 0.04
    most_blur_share: Share = 0.1
    most_bubble_share: Share = 0.05
    most_border_share: Share = 0.02
