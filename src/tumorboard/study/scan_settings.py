"""The section of ``study.toml`` on scans: which series, and what the three planes show."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tumorboard.study.section import Section

Percent = Annotated[float, Field(ge=0, le=100)]
HounsfieldUnits = Annotated[float, Field(ge=-1024, le=3071)]


class ScanSettings(Section):
    """From series to planes.

    Parameters
    ----------
    prefer : {"CT", "MR"}
        Which is taken of a patient who has both.
    size_px : int
        Side of a plane's picture.
    field_mm : float
        Side of what it shows. The same for all patients, so that a large tumour looks large; only where the tumour
        with its margin does not fit is it wider, and that is said.
    margin_mm : float
        So much is seen around the tumour at least.
    window_low, window_high : float
        Hounsfield units that become black and white.
    mr_low, mr_high : float
        Percentiles of the body's voxels that become black and white in MR.
    bits : {8, 16}
        Of a pixel.
    neighbours : int
        So many planes on either side of each are kept too, for augmentation.
    neighbour_mm : float
        Distance of neighbouring planes.
    segmenter : str
        Program that outlines tumours without a mask, such as ``totalsegmentator``; empty for none, so that such a scan
        is told and left out.
    """

    prefer: Literal["CT", "MR"] = "CT"
    size_px: Annotated[int, Field(ge=32, le=1024)] = 256
    field_mm: Annotated[float, Field(ge=40, le=600)] = 180.0
    margin_mm: Annotated[float, Field(ge=0, le=100)] = 10.0
    window_low: HounsfieldUnits = -160.0
    window_high: HounsfieldUnits = 240.0
    mr_low: Percent = 1.0
    mr_high: Percent = 99.0
    bits: Literal[8, 16] = 8
    neighbours: Annotated[int, Field(ge=0, le=10)] = 2
    neighbour_mm: Annotated[float, Field(gt=0, le=20)] = 3.0
    segmenter: str = ""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for low, high in (("window_low", "window_high"), ("mr_low", "mr_high")):
            if getattr(self, low) >= getattr(self, high):
                raise ValueError(f"{low} must be below {high}")
        return self
