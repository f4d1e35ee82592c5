"""The CT or MR scanner of a hospital: fixed by the site's name and the seed, and independent of any outcome."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tumorboard.phantom.patients.patient import ScanKind, generator

CT_SPACINGS_MM = (1.0, 1.25, 2.5, 3.0, 4.0, 5.0)
MR_SPACINGS_MM = (3.0, 4.0, 5.0, 6.0)


class Wording(StrEnum):
    """In which manner a hospital names its series."""

    KERNEL = "phase, thickness and kernel"
    PLAIN = "plain English"
    REGION = "regions and abbreviations"
    GERMAN = "German"
    FRENCH = "French"


@dataclass(frozen=True)
class StoredValues:
    """How Hounsfield units are stored.

    Parameters
    ----------
    signed : bool
    bits : int
        Bits stored, of 16.
    intercept : int
        Hounsfield units of the stored value 0; the slope is 1.
    """

    signed: bool
    bits: int
    intercept: int


@dataclass(frozen=True)
class ScanScanner:
    """A hospital's scanner and its habits.

    Parameters
    ----------
    kind : ScanKind
    manufacturer, model, station, software : str
        Invented names.
    kvp : int
        Peak tube voltage in kV; CT.
    tesla : float
        Field strength; MR.
    kernel : str
        Name of the reconstruction kernel; CT.
    sharpness : float
        From 0 (soft) to 1 (sharp).
    spacing_mm : float
        Distance of slices in the hospital's usual series.
    thickness_ratio : float
        Slice thickness by spacing: above 1 slices overlap, below 1 they leave gaps.
    field_mm : float
        Usual width of the reconstructed field.
    noise : float
        Standard deviation in soft tissue: Hounsfield units at 5 mm for CT, units of MR signal (fat about 1,000).
    stored : StoredValues
    wording : Wording
    head_first : bool
        Whether instance numbers run from the head to the feet.
    """

    kind: ScanKind
    manufacturer: str
    model: str
    station: str
    software: str
    kvp: int
    tesla: float
    kernel: str
    sharpness: float
    spacing_mm: float
    thickness_ratio: float
    field_mm: float
    noise: float
    stored: StoredValues
    wording: Wording
    head_first: bool


@dataclass(frozen=True)
class _Maker:
    name: str
    ct_model: str
    mr_model: str
    kernels: tuple[tuple[str, float], ...]
    stored: StoredValues
    wordings: tuple[Wording, ...]


_MAKERS = (
    _Maker(
        "SIMULATED VENDOR A",
        "Phantom Definition 64",
        "Phantom Vision 1.5T",
        (("B30f", 0.3), ("B31f", 0.35), ("B40f", 0.5)),
        StoredValues(signed=False, bits=12, intercept=-1024),
        (Wording.KERNEL, Wording.GERMAN),
    ),
    _Maker(
        "SIMULATED VENDOR B",
        "Phantom SpeedScan VCT",
        "Phantom HDxt",
        (("STANDARD", 0.4), ("SOFT", 0.25), ("DETAIL", 0.6)),
        StoredValues(signed=True, bits=16, intercept=-1024),
        (Wording.PLAIN, Wording.REGION),
    ),
    _Maker(
        "SIMULATED VENDOR C",
        "Phantom Brilliant 16",
        "Phantom Achiever",
        (("B", 0.4), ("C", 0.55)),
        StoredValues(signed=False, bits=12, intercept=-1024),
        (Wording.FRENCH, Wording.PLAIN),
    ),
    _Maker(
        "SIMULATED VENDOR D",
        "Phantom Aquarius ONE",
        "Phantom Vantage",
        (("FC08", 0.35), ("FC13", 0.5)),
        StoredValues(signed=True, bits=16, intercept=0),
        (Wording.REGION, Wording.GERMAN),
    ),
)


def scan_scanner(site: str, seed: int, kind: ScanKind) -> ScanScanner:
    """Give a hospital's scanner.

    Parameters
    ----------
    site : str
        The hospital.
    seed : int
        The cohort's.
    kind : ScanKind
        CT or MR.

    Returns
    -------
    ScanScanner
    """
    rng = generator(seed, 0, f"{kind.value} scanner of {site}")
    maker = _MAKERS[rng.integers(len(_MAKERS))]
    is_ct = kind == ScanKind.CT
    kernel, sharpness = maker.kernels[rng.integers(len(maker.kernels))]
    spacings, weights = (
        (CT_SPACINGS_MM, (0.1, 0.15, 0.15, 0.15, 0.1, 0.35)) if is_ct else (MR_SPACINGS_MM, (0.2, 0.3, 0.3, 0.2))
    )
    thickness_ratio = rng.choice((1.0, 1.25, 1.6), p=(0.65, 0.2, 0.15)) if is_ct else rng.choice((1.0, 0.9, 0.8))
    stored = maker.stored if is_ct else StoredValues(signed=False, bits=12, intercept=0)
    return ScanScanner(
        kind=kind,
        manufacturer=maker.name,
        model=maker.ct_model if is_ct else maker.mr_model,
        station=f"{kind.value.upper()}{int(rng.integers(1000, 9999))}",
        software=f"simulated {int(rng.integers(1, 9))}.{int(rng.integers(10))}",
        kvp=int(rng.choice((100, 120, 130, 140), p=(0.1, 0.7, 0.1, 0.1))),
        tesla=float(rng.choice((1.5, 3.0))),
        kernel=kernel,
        sharpness=sharpness,
        spacing_mm=float(rng.choice(spacings, p=weights)),
        thickness_ratio=float(thickness_ratio),
        field_mm=float(rng.integers(36, 43) * 10),
        noise=float(rng.uniform(9, 17) if is_ct else rng.uniform(12, 40)),
        stored=stored,
        wording=maker.wordings[rng.integers(len(maker.wordings))],
        head_first=bool(rng.random() < 0.6),
    )
