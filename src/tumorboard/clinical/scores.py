"""The scores that ``tumorboard score`` gives, each with the inputs it reads."""

from __future__ import annotations

from tumorboard.clinical import assure, grant, imdc, leibovich, mskcc, ssign, staging, uiss
from tumorboard.clinical.possibilities import Outcome, Score
from tumorboard.clinical.settings import ScoreSettings


def _uiss(_: ScoreSettings, t: str, n: int, m: int, grade: int, ecog: float) -> Outcome:
    return Outcome(None, uiss.uiss_group(t, n, m, grade, ecog))


def _ssign(settings: ScoreSettings, t: str, n: int, m: int, size_cm: float, grade: int, necrosis: bool) -> Outcome:
    points = ssign.ssign_points(t, n, m, size_cm, grade, necrosis, pt4_points=settings.ssign_pt4_points)
    return Outcome(points, ssign.ssign_group(points))


def _leibovich(_: ScoreSettings, t: str, n: int, size_cm: float, grade: int, necrosis: bool) -> Outcome:
    points = leibovich.leibovich_points(t, n, size_cm, grade, necrosis)
    return Outcome(points, leibovich.leibovich_group(points))


def _grant(_: ScoreSettings, age_years: float, t: str, n: int, grade: int) -> Outcome:
    points = grant.grant_points(age_years, t, n, grade)
    return Outcome(points, grant.grant_group(points))


def _assure_dfs(
    _: ScoreSettings, n: int, size_cm: float, histology: str, grade: int, necrosis: bool, vascular_invasion: bool
) -> Outcome:
    points = assure.assure_dfs_points(n, size_cm, histology, grade, necrosis, vascular_invasion)
    return Outcome(points, assure.assure_dfs_group(points))


def _assure_os(
    _: ScoreSettings, age_years: float, n: int, size_cm: float, histology: str, grade: int, necrosis: bool
) -> Outcome:
    points = assure.assure_os_points(age_years, n, size_cm, histology, grade, necrosis)
    return Outcome(points, assure.assure_os_group(points))


def _imdc(
    _: ScoreSettings, karnofsky: float, years: float, haemoglobin: str, calcium: str, neutrophils: str, platelets: str
) -> Outcome:
    points = imdc.imdc_points(karnofsky, years, haemoglobin, calcium, neutrophils, platelets)
    return Outcome(points, imdc.risk_group(points))


def _mskcc(_: ScoreSettings, karnofsky: float, ldh: str, haemoglobin: str, calcium: str, years: float) -> Outcome:
    points = mskcc.mskcc_points(karnofsky, ldh, haemoglobin, calcium, years)
    return Outcome(points, imdc.risk_group(points))


def _stage(_: ScoreSettings, t: str, n: int, m: int) -> Outcome:
    return Outcome(None, staging.stage_group(t, n, m))


SCORES: tuple[Score, ...] = (
    Score("uiss", "UISS", ("t", "n", "m", "grade", "ecog"), uiss.GROUPS, _uiss),
    Score(
        "ssign", "SSIGN", ("t", "n", "m", "size_cm", "grade", "necrosis"), ssign.GROUPS, _ssign,
        clear_cell_only=True,
    ),
    Score(
        "leibovich_2003", "Leibovich 2003", ("t", "n", "size_cm", "grade", "necrosis"), leibovich.GROUPS, _leibovich,
        applies_to_m=0, clear_cell_only=True,
    ),
    Score("grant", "GRANT", ("age_years", "t", "n", "grade"), grant.GROUPS, _grant, applies_to_m=0),
    Score(
        "assure_dfs", "ASSURE DFS", ("n", "size_cm", "histology", "grade", "necrosis", "vascular_invasion"),
        assure.GROUPS, _assure_dfs, applies_to_m=0,
    ),
    Score(
        "assure_os", "ASSURE OS", ("age_years", "n", "size_cm", "histology", "grade", "necrosis"),
        assure.GROUPS, _assure_os, applies_to_m=0,
    ),
    Score(
        "imdc", "IMDC",
        ("karnofsky", "years_to_treatment", "haemoglobin", "calcium", "neutrophils", "platelets"),
        imdc.GROUPS, _imdc, applies_to_m=1,
    ),
    Score(
        "mskcc", "MSKCC", ("karnofsky", "ldh", "haemoglobin", "calcium", "years_to_treatment"),
        mskcc.GROUPS, _mskcc, applies_to_m=1,
    ),
    Score("stage", "Stage", ("t", "n", "m"), staging.GROUPS, _stage),
)  # fmt: skip
"""Every score, in the order of the answers."""

SCORE_NAMES: tuple[str, ...] = tuple(score.name for score in SCORES)
