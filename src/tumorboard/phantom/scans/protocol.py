"""Which series a study has: phases, timing, names, thickness, coding, and what is wrong with some of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tumorboard.phantom.anatomy.volume import Contrast
from tumorboard.phantom.patients.patient import ScanKind, SimulatedPatient, generator
from tumorboard.phantom.scans.scanner import CT_SPACINGS_MM, MR_SPACINGS_MM, ScanScanner, StoredValues
from tumorboard.phantom.scans.wording import PORTAL, protocol_name, series_description

CHOICE_ORDER = (
    Contrast.NEPHROGRAPHIC,
    Contrast.ARTERIAL,
    Contrast.DELAYED,
    Contrast.NON_CONTRAST,
    Contrast.T1_POST,
    Contrast.T1,
    Contrast.T2,
)
"""Which series the prognosis is read from: the first of these that a study has."""

_CT_CHOICES = (
    ((Contrast.NON_CONTRAST, Contrast.ARTERIAL, Contrast.NEPHROGRAPHIC, Contrast.DELAYED), 0.20),
    ((Contrast.NON_CONTRAST, Contrast.ARTERIAL, Contrast.NEPHROGRAPHIC), 0.18),
    ((Contrast.NON_CONTRAST, Contrast.NEPHROGRAPHIC, Contrast.DELAYED), 0.16),
    ((Contrast.ARTERIAL, Contrast.NEPHROGRAPHIC), 0.10),
    ((Contrast.NON_CONTRAST, Contrast.NEPHROGRAPHIC), 0.12),
    ((Contrast.NON_CONTRAST, Contrast.ARTERIAL, Contrast.DELAYED), 0.08),
    ((Contrast.NEPHROGRAPHIC,), 0.10),
    ((Contrast.ARTERIAL,), 0.06),
)
_MR_CHOICES = (
    ((Contrast.T2, Contrast.T1, Contrast.T1_POST), 0.75),
    ((Contrast.T1, Contrast.T2), 0.15),
    ((Contrast.T2, Contrast.T1_POST), 0.10),
)
_SECONDS = {
    Contrast.NON_CONTRAST: (-240.0, -150.0),
    Contrast.ARTERIAL: (28.0, 38.0),
    PORTAL: (65.0, 80.0),
    Contrast.NEPHROGRAPHIC: (90.0, 110.0),
    Contrast.DELAYED: (300.0, 480.0),
    Contrast.T2: (-600.0, -500.0),
    Contrast.T1: (-300.0, -200.0),
    Contrast.T1_POST: (70.0, 110.0),
}
_SYNTAXES = (
    (ExplicitVRLittleEndian, 0.72),
    (ImplicitVRLittleEndian, 0.12),
    (RLELossless, 0.05),
    (JPEG2000Lossless, 0.06),
    (JPEGLSLossless, 0.05),
)
_TWELVE_BITS = StoredValues(signed=False, bits=12, intercept=-1024)
_SHARE_PORTAL, _SHARE_SILENT, _SHARE_BOLUS, _SHARE_UNTIMED = 0.2, 0.12, 0.8, 0.06
ORAL = "ORAL"
"""An agent that is drunk, not injected."""

_SHARE_ORAL = 0.08
_SHARE_SPLIT, _SHARE_MISSING, _SHARE_DOUBLED = 0.06, 0.04, 0.04
_SHARE_DOSE_SHEET, _SHARE_CORONAL = 0.15, 0.2
_CORONAL_WIDEST_SPACING_MM = 4.0
_SHARE_OTHER_SPACING = 0.2
_SHARE_FINE, _USUAL_SHARE = 0.22, 0.7
"""How many studies may have as many slices as there is room for, and what share of them the others may."""

_SHARE_SATURATED_T1, _SHARE_SATURATED_T2 = 0.7, 0.4
_THICKEST_OVERLAPPING_MM = 5.0


class Split(StrEnum):
    """How a series is torn apart."""

    NONE = ""
    FOLDERS = "two folders"
    SERIES = "two series"


class Layout(StrEnum):
    """How a study's files lie in the patient's folder."""

    SERIES_FOLDERS = "a folder for each series"
    ONE_FOLDER = "all series in one folder"
    MEDIUM = "as on a disc"


@dataclass(frozen=True)
class PlannedSeries:
    """One series of a study, before any voxel is made.

    Parameters
    ----------
    number : int
        Series number.
    contrast : Contrast
        What its voxels show.
    phase : str
        The contrast, or `PORTAL`.
    description, protocol : str
        What the header says.
    seconds : float
        Time after the injection; negative before it.
    fat_saturated : bool
        Whether an MR sequence suppresses the signal of fat; never of CT.
    bolus : str
        The contrast agent that the header names; empty where the header is silent about it.
    timed : bool
        Whether the header has an acquisition time.
    spacing_mm, thickness_mm : float
    syntax : str
        Transfer syntax.
    stored : StoredValues
    head_first : bool
        Whether instance numbers run from the head to the feet.
    missing_at, doubled_at : float or None
        Where a slice is missing or doubled, from 0 (feet) to 1.
    split : Split
    """

    number: int
    contrast: Contrast
    phase: str
    description: str
    protocol: str
    seconds: float
    fat_saturated: bool
    bolus: str
    timed: bool
    spacing_mm: float
    thickness_mm: float
    syntax: str
    stored: StoredValues
    head_first: bool
    missing_at: float | None
    doubled_at: float | None
    split: Split


@dataclass(frozen=True)
class PlannedStudy:
    """A study, before any voxel is made.

    Parameters
    ----------
    scanner : ScanScanner
    series : tuple of PlannedSeries
        In the order of acquisition.
    chosen : int
        Which of them the prognosis is read from (see `CHOICE_ORDER`).
    coronal_of : int or None
        Of which of them there is a coronal reformat.
    has_dose_sheet : bool
    layout : Layout
    field_mm : float
        Width of the field.
    coverage_mm : float
        Height of the field.
    table_mm : tuple of three floats
        What the scanner's coordinates add to the body's.
    """

    scanner: ScanScanner
    series: tuple[PlannedSeries, ...]
    chosen: int
    coronal_of: int | None
    has_dose_sheet: bool
    layout: Layout
    field_mm: float
    coverage_mm: float
    table_mm: tuple[float, float, float]


def choice_rank(contrast: Contrast) -> int:
    """Give a contrast's place in `CHOICE_ORDER`; lower is taken first."""
    return CHOICE_ORDER.index(contrast)


def plan_study(
    patient: SimulatedPatient, scanner: ScanScanner, *, series: int, slices: tuple[int, int]
) -> PlannedStudy:
    """Plan a patient's study; nothing in it depends on the tumour.

    Parameters
    ----------
    patient : SimulatedPatient
    scanner : ScanScanner
    series : int
        The largest number of series with voxels (localizers, dose sheets and reformats come on top).
    slices : tuple of int
        The smallest and largest number of slices of a series.

    Returns
    -------
    PlannedStudy
    """
    rng = generator(patient.seed, patient.number, "scan protocol")
    contrasts = _contrasts(scanner.kind, series, rng)
    coverage_mm = float(rng.integers(20, 26) * 10)
    most = slices[1] if rng.random() < _SHARE_FINE else max(slices[1] * _USUAL_SHARE, slices[0])
    saturated = _saturated(scanner.kind, rng)
    planned = tuple(
        _series(contrasts, index, scanner, coverage_mm / most, contrasts[index] in saturated, rng)
        for index in range(len(contrasts))
    )
    chosen = min(range(len(planned)), key=lambda index: choice_rank(planned[index].contrast))
    planned = tuple(_with_split(one, index == chosen, rng) for index, one in enumerate(planned))
    fine = planned[chosen].spacing_mm <= _CORONAL_WIDEST_SPACING_MM
    return PlannedStudy(
        scanner=scanner,
        series=planned,
        chosen=chosen,
        coronal_of=chosen if rng.random() < _SHARE_CORONAL and fine else None,
        has_dose_sheet=bool(rng.random() < _SHARE_DOSE_SHEET) and scanner.kind == ScanKind.CT,
        layout=tuple(Layout)[rng.choice(len(Layout), p=(0.6, 0.2, 0.2))],
        field_mm=scanner.field_mm + float(rng.integers(-1, 2) * 10),
        coverage_mm=coverage_mm,
        table_mm=(float(rng.integers(-12, 13)), float(rng.integers(-160, -79)), float(rng.integers(-1500, 1500) / 2)),
    )


def _contrasts(kind: ScanKind, most: int, rng: np.random.Generator) -> tuple[Contrast, ...]:
    """Draw a study's contrasts; where there is no room for all, the one to choose stays."""
    choices = _CT_CHOICES if kind == ScanKind.CT else _MR_CHOICES
    drawn: tuple[Contrast, ...] = choices[rng.choice(len(choices), p=[share for _, share in choices])][0]
    others = sorted(drawn, key=choice_rank)[1:]
    left_out = {others[place] for place in rng.permutation(len(others))[: max(len(drawn) - most, 0)]}
    return tuple(contrast for contrast in drawn if contrast not in left_out)


def _series(
    contrasts: tuple[Contrast, ...],
    index: int,
    scanner: ScanScanner,
    least_mm: float,
    fat_saturated: bool,
    rng: np.random.Generator,
) -> PlannedSeries:
    contrast = contrasts[index]
    phase = str(contrast)
    if contrast == Contrast.NEPHROGRAPHIC and Contrast.ARTERIAL not in contrasts and rng.random() < _SHARE_PORTAL:
        phase = PORTAL
    spacing_mm = _spacing(scanner, least_mm, rng)
    seconds = float(rng.uniform(*_SECONDS[phase]))
    thickness_mm = _thickness(scanner, contrast, spacing_mm)
    syntax = _SYNTAXES[rng.choice(len(_SYNTAXES), p=[share for _, share in _SYNTAXES])][0]
    silent = bool(rng.random() < _SHARE_SILENT)
    after = _SECONDS[phase][0] > 0
    fault = rng.random()
    return PlannedSeries(
        number=index + 2,
        contrast=contrast,
        phase=phase,
        description=series_description(
            scanner, phase, thickness_mm, seconds=seconds, fat_saturated=fat_saturated, silent=silent, rng=rng
        ),
        protocol=protocol_name(scanner),
        seconds=seconds,
        fat_saturated=fat_saturated,
        bolus=_agent(scanner, after, rng),
        timed=bool(rng.random() > _SHARE_UNTIMED),
        spacing_mm=spacing_mm,
        thickness_mm=thickness_mm,
        syntax=str(syntax),
        stored=_TWELVE_BITS if scanner.kind == ScanKind.CT and syntax.is_compressed else scanner.stored,
        head_first=scanner.head_first,
        missing_at=float(rng.uniform(0.1, 0.9)) if fault < _SHARE_MISSING else None,
        doubled_at=float(rng.uniform(0.1, 0.9)) if 0 < fault - _SHARE_MISSING < _SHARE_DOUBLED else None,
        split=Split.NONE,
    )


def _saturated(kind: ScanKind, rng: np.random.Generator) -> frozenset[Contrast]:
    """Draw which weightings have their fat suppressed; before and after the contrast agent it is the same sequence."""
    first, second = rng.random(2)
    if kind == ScanKind.CT:
        return frozenset()
    t1 = {Contrast.T1, Contrast.T1_POST} if first < _SHARE_SATURATED_T1 else set()
    return frozenset(t1 | ({Contrast.T2} if second < _SHARE_SATURATED_T2 else set()))


def _thickness(scanner: ScanScanner, contrast: Contrast, spacing_mm: float) -> float:
    """Give the slice thickness; a 3D acquisition, as T1 is here, knows no gaps."""
    if contrast in (Contrast.T1, Contrast.T1_POST):
        return spacing_mm
    return min(round(spacing_mm * scanner.thickness_ratio, 3), max(spacing_mm, _THICKEST_OVERLAPPING_MM))


def _with_split(planned: PlannedSeries, chosen: bool, rng: np.random.Generator) -> PlannedSeries:
    """Tear a few series apart; the chosen one keeps one identifier, since its mask refers to it."""
    drawn, kind = rng.random(2)
    if drawn >= _SHARE_SPLIT:
        return planned
    return replace(planned, split=Split.FOLDERS if chosen or kind < 0.5 else Split.SERIES)


def _spacing(scanner: ScanScanner, least_mm: float, rng: np.random.Generator) -> float:
    choices = CT_SPACINGS_MM if scanner.kind == ScanKind.CT else MR_SPACINGS_MM
    wanted = scanner.spacing_mm
    if rng.random() < _SHARE_OTHER_SPACING:
        wanted = float(choices[rng.integers(len(choices))])
    fitting = [spacing for spacing in choices if spacing >= max(wanted, least_mm)]
    return fitting[0] if fitting else float(np.ceil(2 * least_mm) / 2)


def _agent(scanner: ScanScanner, after: bool, rng: np.random.Generator) -> str:
    """Name the agent; a drink may stand in the header of a series before the injection."""
    is_ct = scanner.kind == ScanKind.CT
    agents = ("IODINE 300", "APPLIED", "CE", "IV") if is_ct else ("GADOLINIUM", "GADO 0.1 mmol/kg")
    named, which = rng.random(), rng.integers(len(agents))
    if after:
        return agents[which] if named < _SHARE_BOLUS else ""
    return ORAL if is_ct and named < _SHARE_ORAL else ""
