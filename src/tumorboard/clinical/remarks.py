"""What a reader has to know of a score's inputs: which stand in for others, which were set aside, and why."""

from __future__ import annotations

from collections.abc import Iterator

from tumorboard.clinical.inputs import Inputs, has_impossible_karnofsky, has_impossible_size
from tumorboard.clinical.possibilities import Score
from tumorboard.clinical.settings import ScoreSettings

_NEEDS = {0: "patients without distant metastases (M0)", 1: "patients with distant metastases (M1)"}
_HAS = {0: "M1", 1: "M0"}


def reason_not_to_apply(score: Score) -> str:
    """Return why a score does not apply to a patient on the other side of M.

    Parameters
    ----------
    score : Score
        A score with ``applies_to_m``.

    Returns
    -------
    str
    """
    side = score.applies_to_m or 0
    return f"The score is for {_NEEDS[side]}; this patient is {_HAS[side]}"


def find_proxies(score: Score, values: Inputs, settings: ScoreSettings) -> Iterator[tuple[str, str]]:
    """Yield the inputs that stand in for what the score was built on, each with a note that may be empty.

    Parameters
    ----------
    score : Score
        The score.
    values : mapping
        Canonical inputs.
    settings : ScoreSettings
        The user's choices.

    Yields
    ------
    name : str
        The input.
    note : str
        Why it is a proxy.
    """
    for name, note in values.get("proxies") or ():
        if name in score.reads and values.get(name) is not None:
            yield name, f"{name} is a proxy: {note}" if note else ""
    if "grade" in score.reads and values.get("grade") is not None and values.get("grade_system") == "ISUP":
        yield "grade", "The score was built on grades of the Fuhrman era; this grade is WHO/ISUP"
    if "n" in score.reads and values.get("n") == "x" and settings.nx_as_n0:
        yield "n", "NX was taken as N0, as asked for"
    if "m" in score.reads and values.get("m") == "x" and settings.mx_as_m0:
        yield "m", "MX was taken as M0, as asked for"
    if score.name == "uiss" and values.get("n") == "1" and values.get("tnm_edition") != 6.0:
        yield "n", "UISS tells N1 from N2 of TNM 1997; editions from the seventh on have N1 alone, taken as N1"
    if score.name == "mskcc" and values.get("calcium") is not None:
        yield "calcium", "MSKCC counts corrected calcium above 10 mg/dL; the column tells the laboratory's upper limit"


def find_notes(score: Score, values: Inputs, settings: ScoreSettings, missing: tuple[str, ...]) -> Iterator[str]:
    """Yield what else a reader has to know.

    Parameters
    ----------
    score : Score
        The score.
    values : mapping
        Canonical inputs.
    settings : ScoreSettings
        The user's choices.
    missing : tuple of str
        The unknown inputs that could change the result.

    Yields
    ------
    str
        A sentence.
    """
    if score.applies_to_m is not None and "m" in missing:
        yield f"The score is for {_NEEDS[score.applies_to_m]}; M is unknown, so it holds only if that is so"
    if "size_cm" in score.reads and has_impossible_size(values):
        yield "size_cm cannot be at this T stage, a slip in coding; it was taken as unknown"
    if "karnofsky" in score.reads and has_impossible_karnofsky(values):
        yield "Karnofsky 0 means dead, a slip in coding; it was taken as unknown"
    if score.name == "ssign" and values.get("t") == "4":
        yield (
            f"Sources disagree on what pT4 counts in SSIGN (0 or 4 points); {settings.ssign_pt4_points} was taken, "
            "not checked against the paper"
        )
    if score.name == "mskcc" and values.get("ldh") == "high":
        yield "MSKCC counts LDH above 1.5 times the upper limit; 'high' does not tell, so 0 and 1 are both possible"
    if score.clear_cell_only and values.get("histology") in ("favourable", "unfavourable"):
        yield "The score was built on clear cell carcinoma; this histology is another"
