"""How series are named: what stands in a SeriesDescription and a ProtocolName.

The manners are those of the 2,650 series of TCGA-KIRC in the Imaging Data Commons (package ``idc-index-data``): phase
with thickness and kernel, plain words, regions alone, abbreviations, names that are silent about the phase, and none.
"""

from __future__ import annotations

import numpy as np

from tumorboard.phantom.anatomy.volume import Contrast
from tumorboard.phantom.scans.scanner import ScanScanner, Wording

PORTAL = "portal venous"
"""What a phase at 65 to 80 s is called; its voxels are those of the nephrographic phase."""

_CT_PHASES: dict[Wording, dict[str, tuple[str, ...]]] = {
    Wording.KERNEL: {
        Contrast.NON_CONTRAST: ("Non_Contrast", "Native", "Unenhanced", "KIDNEYS I-", "W/O Abd.", "Kids w/o"),
        Contrast.ARTERIAL: ("Arterial", "ART", "Arterial Phase", "LATE ART", "{seconds} Sec", "CORTICOMED"),
        PORTAL: ("Venous Phase", "PORTAL", "PV", "{seconds} Sec"),
        Contrast.NEPHROGRAPHIC: ("Nephrographic", "NEPHRO", "Nephro Phase", "{seconds} Sec", "Kidneys {seconds}s"),
        Contrast.DELAYED: ("delay {minutes}min", "Delayed", "EXCRETORY", "Late {seconds}s", "{minutes} min delay"),
    },
    Wording.PLAIN: {
        Contrast.NON_CONTRAST: ("PRE-CONTRAST", "NON CON", "WITHOUT CONTRAST", "PRE KIDNEYS", "C-"),
        Contrast.ARTERIAL: ("LATE ARTERIAL", "ARTERIAL PHASE", "ART KIDNEYS", "C+ ARTERIAL", "CORTICOMEDULLARY"),
        PORTAL: ("PORTAL VENOUS", "PORTAL", "VENOUS"),
        Contrast.NEPHROGRAPHIC: ("NEPHROGRAPHIC", "NEPHROGRAM PHASE", "POST CONTRAST NEPHRO", "KIDNEYS {seconds} SEC"),
        Contrast.DELAYED: ("{minutes} MIN DELAY", "DELAYED", "EXCRETORY PHASE", "DELAY KIDNEYS BLADDER"),
    },
    Wording.REGION: {
        Contrast.NON_CONTRAST: ("A/P (RENAL) W/O", "ABD PRE", "CT ABD KIDNEY NC", "RENAL MASS -C"),
        Contrast.ARTERIAL: ("A/P (RENAL) ART", "ABD +C ART", "CT ABD KIDNEY ARTERIAL"),
        PORTAL: ("A/P (RENAL) PV", "ABD +C VEN"),
        Contrast.NEPHROGRAPHIC: ("A/P (RENAL) NEPH", "ABD +C NEPHRO", "CT ABD KIDNEY NEPHROGRAPHIC"),
        Contrast.DELAYED: ("CT ABD KIDNEY {minutes} MIN EXCRETION", "ABD DEL", "RENAL - A/P DELAY"),
    },
    Wording.GERMAN: {
        Contrast.NON_CONTRAST: ("Abdomen nativ", "Nieren nativ", "nativ"),
        Contrast.ARTERIAL: ("Abdomen art.", "Nieren arteriell", "spätarteriell", "art. Phase"),
        PORTAL: ("Abdomen pv", "portalvenös", "venös"),
        Contrast.NEPHROGRAPHIC: ("nephrographische Phase", "Nieren nephro", "Abdomen nephrogr. {seconds}s"),
        Contrast.DELAYED: ("Spätphase", "Ausscheidungsphase", "Spätphase {minutes}min"),
    },
    Wording.FRENCH: {
        Contrast.NON_CONTRAST: ("SANS IV", "SANS INJECTION", "ABDO SPC"),
        Contrast.ARTERIAL: ("TEMPS ARTERIEL", "ARTERIEL TARDIF", "IV ART"),
        PORTAL: ("TEMPS PORTAL", "PORTAL"),
        Contrast.NEPHROGRAPHIC: ("TEMPS NEPHROGRAPHIQUE", "NEPHRO", "TEMPS TUBULAIRE"),
        Contrast.DELAYED: ("TEMPS TARDIF", "TARDIF EXCRETEUR", "TARDIF {minutes} MIN"),
    },
}

_Sequences = dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
_MR_SEQUENCES: dict[Wording, _Sequences] = {  # without, then with saturation of fat
    Wording.KERNEL: {
        Contrast.T1: (("t1_vibe_tra_bh", "t1_vibe_tra_in"), ("t1_vibe_fs_tra_p2_bh_320", "t1_vibe_fs_tra")),
        Contrast.T1_POST: (
            ("t1_vibe_tra_bh POST", "t1_vibe_tra_KM {seconds}s"),
            ("ax T1 vibe fs post", "t1_vibe_fs_tra_p2_320_BH POST", "t1_vibe_fs_tra_KM {seconds}s"),
        ),
        Contrast.T2: (("t2_haste_tra_p2_mbh_320", "t2_haste_tra"), ("t2_tse_tra_fs", "t2_haste_fs_tra")),
    },
    Wording.PLAIN: {
        Contrast.T1: (("Axial T1", "Axial T1 in-phase"), ("Axial 3D T1 fat sat",)),
        Contrast.T1_POST: (("Axial T1 post", "Axial T1 + GAD"), ("Axial 3D T1 fat sat post",)),
        Contrast.T2: (("Axial T2", "Axial T2 HASTE"), ("Axial T2 fat sat",)),
    },
    Wording.REGION: {
        Contrast.T1: (("Ax spgr", "AX T1 IN PHASE"), ("AX 3D LAVA PRE", "lava pre")),
        Contrast.T1_POST: (("Ax spgr post", "AX T1 +C"), ("AX 3D LAVA POST", "lava post", "Ax LAVA +C")),
        Contrast.T2: (("frfse t2", "ax ssfse"), ("AX FRFSE-XL T2 FS", "ax ssfse fs")),
    },
    Wording.GERMAN: {
        Contrast.T1: (("T1 tra nativ",), ("T1 VIBE FS tra",)),
        Contrast.T1_POST: (("T1 tra nach KM",), ("T1 VIBE FS tra +KM",)),
        Contrast.T2: (("T2 tra", "T2 HASTE tra atemangehalten"), ("T2 FS tra", "T2 HASTE FS tra")),
    },
    Wording.FRENCH: {
        Contrast.T1: (("AX T1 SANS GADO",), ("T1 AX FS",)),
        Contrast.T1_POST: (("AX T1 GADO",), ("T1 AX FS GADO {seconds}s",)),
        Contrast.T2: (("T2 AX TR",), ("AX T2 FS",)),
    },
}

_CT_SILENT = (
    "AXIAL",
    "ABDOMEN",
    "AP Routine",
    "A/P (RENAL)",
    "C/A/P (RENAL)",
    "Recon 2:",
    "CT ABD KIDNEY PROTOCOL",
    "",
)
_MR_SILENT = ("ABDOMEN AX", "cp-body-array/BH_RENAL_AXI", "tra", "")

_PROTOCOLS = {
    Wording.KERNEL: "Kidney_MultiPhase",
    Wording.PLAIN: "6.1 RENAL MASS",
    Wording.REGION: "ABD PEL KIDNEY PROTOCOL",
    Wording.GERMAN: "Nieren_mehrphasig",
    Wording.FRENCH: "REIN MASSE",
}

_LOCALIZERS = {
    Wording.KERNEL: "Topogram  0.6  T20s",
    Wording.PLAIN: "SCOUT",
    Wording.REGION: "SCOUT AP/LAT",
    Wording.GERMAN: "Topogramm",
    Wording.FRENCH: "MODE RADIO",
}


def series_description(
    scanner: ScanScanner,
    phase: str,
    thickness_mm: float,
    *,
    seconds: float,
    fat_saturated: bool,
    silent: bool,
    rng: np.random.Generator,
) -> str:
    """Name a series.

    Parameters
    ----------
    scanner : ScanScanner
        Its hospital's manner is taken.
    phase : str
        A `Contrast`, or `PORTAL`.
    thickness_mm : float
        Slice thickness, which some write down.
    seconds : float
        Time after the injection, which some write down: to 5 s, or to whole minutes.
    fat_saturated : bool
        Of MR; those that are not silent say it.
    silent : bool
        Whether the name says nothing about the phase.
    rng : numpy.random.Generator

    Returns
    -------
    str
        At most 64 characters (DICOM's long string); may be empty.
    """
    is_mr = phase in (Contrast.T1, Contrast.T1_POST, Contrast.T2)
    words: tuple[str, ...]
    if silent:
        words = _MR_SILENT if is_mr else _CT_SILENT
    else:
        words = _MR_SEQUENCES[scanner.wording][phase][fat_saturated] if is_mr else _CT_PHASES[scanner.wording][phase]
    name = words[rng.integers(len(words))].format(seconds=5 * round(seconds / 5), minutes=round(seconds / 60))
    if name and not is_mr and scanner.wording == Wording.KERNEL:
        name = f"{name}  {thickness_mm:.1f}  {scanner.kernel}"
    return name


def protocol_name(scanner: ScanScanner) -> str:
    """Give the name of the hospital's kidney protocol."""
    return _PROTOCOLS[scanner.wording]


def localizer_description(scanner: ScanScanner, *, is_ct: bool) -> str:
    """Name a localizer."""
    return _LOCALIZERS[scanner.wording] if is_ct else "3 plane loc"


def coronal_description(scanner: ScanScanner, description: str) -> str:
    """Name a coronal reformat of a series."""
    if scanner.wording == Wording.GERMAN:
        return f"{description} kor MPR".strip()
    return f"{description}  cor".strip() if scanner.wording == Wording.KERNEL else f"COR {description}".strip()
