"""What a slide holds before a tile is cut: its tissue, its grids, which tiles are good and why the others are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.slides.annotation import Regions, read_annotation
from tumorboard.slides.preparation.task import SlideTask
from tumorboard.slides.slide import Slide
from tumorboard.slides.tiles import TileGrid, TileScale, plan_grid
from tumorboard.slides.tissue import TissueMap, find_tissue, judge
from tumorboard.study.slide_settings import SlideSettings, TissueSettings

if TYPE_CHECKING:
    import pandas as pd

SCALES: tuple[TileScale, ...] = ("10x", "5x")
OUTSIDE = "outside annotation"


@dataclass(frozen=True, eq=False)
class JudgedGrid:
    """A scale's tiles and what was found of each.

    Parameters
    ----------
    grid : TileGrid
    judged : DataFrame
        One row a tile of the grid: shares of its area and ``reason``, empty for a tile that is kept.
    """

    grid: TileGrid
    judged: pd.DataFrame

    @property
    def good(self) -> NDArray[np.int64]:
        """Numbers of the tiles that are kept."""
        return np.flatnonzero(self.judged["reason"].to_numpy() == "")

    @property
    def rejected(self) -> dict[str, int]:
        """How many tiles were left out for each reason; glass is not counted."""
        reasons = self.judged.loc[self.judged["tissue_share"] > 0, "reason"]
        counts = reasons[reasons != ""].value_counts()
        return {str(reason): int(counts[reason]) for reason in sorted(counts.index)}


@dataclass(frozen=True, eq=False)
class Survey:
    """What a slide holds.

    Parameters
    ----------
    tissue : TissueMap
    annotation : Regions or None
        What tiles are limited to.
    scales : dict of str to JudgedGrid
        By ``10x``, ``5x``; without 10x for a slide that was scanned too coarsely for it.
    warnings : tuple of str
    """

    tissue: TissueMap
    annotation: Regions | None
    scales: dict[TileScale, JudgedGrid]
    warnings: tuple[str, ...]


def survey(slide: Slide, task: SlideTask, slides: SlideSettings, tissue: TissueSettings) -> Survey:
    """Look a slide over.

    Parameters
    ----------
    slide : Slide
        The task's, open.
    task : SlideTask
    slides, tissue : settings

    Returns
    -------
    Survey

    Raises
    ------
    FileFormatError
        The slide is damaged or too coarse for both scales, or its annotation cannot be read.
    """
    found = find_tissue(slide, tissue)
    outlined = task.annotation_file
    annotation = (
        read_annotation(outlined, slide, classes=slides.annotation_classes, qupath_frame=slides.annotation_frame)
        if outlined
        else None
    )
    warnings = [*slide.remarks, *found.warnings]
    scales: dict[TileScale, JudgedGrid] = {}
    for scale in SCALES:
        try:
            grid = plan_grid(slide, scale, slides.tile_px)
        except FileFormatError as too_coarse:
            if scale == SCALES[-1]:
                raise
            warnings.append(f"no tiles at {scale}: {too_coarse.what}")
            continue
        judged = judge(found, grid.boxes)
        scales[scale] = JudgedGrid(grid, _limited(judged, grid, annotation, slides.annotation_share))
    return Survey(found, annotation, scales, tuple(_told_once(warnings)))


def _limited(judged: pd.DataFrame, grid: TileGrid, annotation: Regions | None, least: float) -> pd.DataFrame:
    """Leave out the tiles that do not lie within the annotation."""
    if annotation is None:
        return judged
    outside = annotation.share(grid.boxes) < least
    reason = judged["reason"].mask((judged["reason"] == "") & outside, OUTSIDE)
    return judged.assign(reason=reason)


def _told_once(warnings: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(warnings))
