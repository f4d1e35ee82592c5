"""The one scan of a patient that is taken, read, with the mask that fits it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from tumorboard.errors import FileFormatError, UserError
from tumorboard.scans.choice import Choice, KindName, Phase, PhaseName, choose, phase_of, worth_seeing
from tumorboard.scans.choice.enhancement import phase_from_image
from tumorboard.scans.choice.phase import UNKNOWN
from tumorboard.scans.preparation.belonging import Belonging, belonging
from tumorboard.scans.preparation.candidates import Candidate, Candidates, is_file, stated_path
from tumorboard.scans.preparation.missing import fill_mask, missing_slices
from tumorboard.scans.preparation.task import ScanSource
from tumorboard.scans.series import SeriesFacts
from tumorboard.scans.tumour import Mask, Tumour, find_tumour, place, read_mask, segmenter
from tumorboard.scans.volume import Volume
from tumorboard.study.scan_settings import ScanSettings

_REASONS_TOLD = 2
_MOST_LOOKED_AT = 8
"""So many series of unknown phase are read at most to see it in their voxels."""


@dataclass(frozen=True, eq=False)
class Taken:
    """The scan that is taken.

    Parameters
    ----------
    candidate : Candidate
    volume : Volume
        In patient axes.
    tumour : Tumour or None
        On the volume's grid; None where there is neither a mask nor a program that outlines.
    choice : Choice
    remarks : tuple of str
        On better series that could not be read, and on a choice that is doubtful.
    """

    candidate: Candidate
    volume: Volume
    tumour: Tumour | None
    choice: Choice
    remarks: tuple[str, ...] = ()


class NothingTakenError(FileFormatError):
    """None of a patient's series can be taken; tells the reason as the error that it stands for does.

    Parameters
    ----------
    error : UserError
    choice : Choice
        What was thought of each series.
    """

    def __init__(self, error: UserError, choice: Choice) -> None:
        super().__init__(error.what, where=error.where, fix=error.fix)
        self.choice = choice


def take_scan(candidates: Candidates, sources: Sequence[ScanSource], settings: ScanSettings) -> Taken:
    """Choose a scan, read it and its mask.

    The best series is taken that can be read and has a mask. Those that a mask was drawn on come before those that only
    share the frame of reference.

    Parameters
    ----------
    candidates : Candidates
    sources : sequence of ScanSource
        The patient's rows, some with a mask.
    settings : ScanSettings

    Returns
    -------
    Taken

    Raises
    ------
    NothingTakenError
        No series can serve, or no mask fits one that can.
    UserError
        The rows contradict each other, or state a series that is not there.
    """
    by_facts = {candidate.facts: candidate for candidate in candidates.each}
    wanted = _wanted(sources)
    masks = [belonging(source, candidates.each, wanted) for source in sources if source.mask]
    phases = {} if wanted else _named_phases(by_facts) | _phases_seen(by_facts, settings)
    faults: dict[SeriesFacts, UserError] = {}
    damaged: dict[SeriesFacts, str] = {}
    for widely in (False, True):
        barred = {} if wanted else _without_mask(by_facts, masks, widely=widely)
        while True:
            refused = barred | {facts: error.line() for facts, error in faults.items()}
            choice = _choose(by_facts, settings, wanted, phases, refused)
            if choice.chosen is None:
                break
            candidate = by_facts[choice.chosen]
            volume = None
            try:
                volume = candidate.read()
                tumour = _tumour(candidate, volume, masks, settings)
            except UserError as error:
                if wanted:
                    raise NothingTakenError(error, choice) from error
                faults[choice.chosen] = error
                if volume is None:
                    damaged[choice.chosen] = _passed_over(choice, error)
                continue
            choice = _with_phase_seen(choice, volume)
            return Taken(candidate, volume, tumour, choice, (*damaged.values(), *_doubts(choice)))
    raise NothingTakenError(_first_fault(masks, faults) or _none(choice), choice)


def _without_mask(
    by_facts: Iterable[SeriesFacts], masks: Sequence[Belonging], *, widely: bool
) -> dict[SeriesFacts, str]:
    """Tell why series may not have any of the masks."""
    if not masks:
        return {}
    reason = next((mask.refusal.line() for mask in masks if mask.refusal), "")
    return {one: reason for one in by_facts if not any(mask.may_lie_on(one, widely=widely) for mask in masks)}


def _first_fault(masks: Sequence[Belonging], faults: Mapping[SeriesFacts, UserError]) -> UserError | None:
    """Return why nothing was taken: the masks that belong nowhere, or the best series' own reason."""
    nowhere = [mask.refusal for mask in masks if not mask.own and mask.refusal]
    if len(nowhere) == len(masks) and nowhere:
        return nowhere[0]
    return next(iter(faults.values()), None)


def _passed_over(choice: Choice, error: UserError) -> str:
    phase = choice.phase.name if choice.phase and choice.phase.name is not PhaseName.UNKNOWN else choice.modality
    return f"a better series ({phase}) could not be read: {error.line()}"


def _doubts(choice: Choice) -> list[str]:
    if choice.modality != "MR" or choice.phase is None or choice.phase.name is not PhaseName.OTHER:
        return []
    return [f"there is no T1-weighted series; this MR was taken all the same ({choice.phase.reason})"]


def _none(choice: Choice) -> FileFormatError:
    """Tell that no series can serve, and of the largest ones why."""
    largest = sorted(choice.rivals, key=lambda rival: -rival.facts.slices)[:_REASONS_TOLD]
    reasons = "; ".join(rival.reason for rival in largest)
    return FileFormatError(
        f"{choice.reason} ({reasons})" if reasons else choice.reason,
        fix="Fetch the patient's other series, or state one in scans.csv (series_uid)",
    )


def _with_phase_seen(choice: Choice, volume: Volume) -> Choice:
    """See the phase in the scan that was taken, where words and times are silent."""
    if choice.phase is None or choice.phase.is_sure:
        return choice
    seen = phase_from_image(volume)
    return choice if seen is None else replace(choice, phase=seen)


def _wanted(sources: Sequence[ScanSource]) -> str | None:
    stated = sorted({source.series_uid for source in sources if source.series_uid})
    if len(stated) > 1:
        raise FileFormatError(
            f"scans.csv states {len(stated)} series for one patient", fix="State one of them (series_uid)"
        )
    return stated[0] if stated else None


def _choose(
    by_facts: dict[SeriesFacts, Candidate],
    settings: ScanSettings,
    wanted: str | None,
    phases: dict[SeriesFacts, Phase],
    refused: dict[SeriesFacts, str],
) -> Choice:
    if len(by_facts) == 1 and (only := next(iter(by_facts))) not in refused and is_file(only):
        return Choice(only, UNKNOWN, "the only scan, a volume file, which tells neither series nor phase", ())
    choice = choose(list(by_facts), settings.prefer, wanted=wanted, phases=phases, refused=refused)
    if choice.chosen is not None:
        return choice
    short = _short_one(choice)
    return choice if short.chosen in refused else short


def _short_one(choice: Choice) -> Choice:
    """Take the only series of images although it is short: whoever states its folder and a mask has seen it."""
    short = [rival for rival in choice.rivals if rival.kind.name is KindName.TOO_FEW]
    if len(short) != 1:
        return choice
    (only,) = short
    reason = f"the only series of images, although {only.kind.reason}"
    return Choice(only.facts, only.phase, reason, tuple(rival for rival in choice.rivals if rival is not only))


def _named_phases(by_facts: Iterable[SeriesFacts]) -> dict[SeriesFacts, Phase]:
    """Read the phase in the names of volume files, which say nothing else of it; their folders are no description."""
    named = {}
    for facts in by_facts:
        if is_file(facts):
            stem = PurePath(stated_path(facts)).name.split(".")[0]
            phase = phase_of(replace(facts, description=stem))
            if phase.is_sure and phase.name is not PhaseName.OTHER:
                named[facts] = phase
    return named


def _phases_seen(by_facts: dict[SeriesFacts, Candidate], settings: ScanSettings) -> dict[SeriesFacts, Phase]:
    """See the phase in the voxels, where words and times are silent and it could change the choice."""
    if len(by_facts) == 1:
        return {}
    silent = worth_seeing(choose(list(by_facts), settings.prefer))
    return {facts: seen for facts in silent[:_MOST_LOOKED_AT] if (seen := _phase_seen(by_facts[facts])) is not None}


def _phase_seen(candidate: Candidate) -> Phase | None:
    try:
        return phase_from_image(candidate.read(), None)
    except UserError:  # it is told where the series is taken
        return None


def _tumour(candidate: Candidate, volume: Volume, masks: Sequence[Belonging], settings: ScanSettings) -> Tumour | None:
    """Find the tumour in the first mask that fits: the row's own before those of the patient's other rows."""
    if not masks:
        return find_tumour(segmenter(settings.segmenter).segment(volume)) if settings.segmenter else None
    facts = candidate.facts
    allowed = [mask for mask in masks if mask.may_lie_on(facts, widely=True)]
    if not allowed:
        raise next(mask.refusal for mask in masks if mask.refusal)
    failures: list[UserError] = []
    for one in sorted(allowed, key=lambda mask: (facts not in mask.own, mask.source not in candidate.sources)):
        try:
            mask = place(_read(one.source, candidate, volume), volume.grid)
            if candidate.series is not None:
                mask = fill_mask(mask, *missing_slices(candidate.series))
            told = (one.remark(facts),) if one.remark(facts) else ()
            return find_tumour(replace(mask, remarks=(*told, *mask.remarks)), one.source.mask_label)
        except UserError as error:
            failures.append(error)
    raise failures[0]


def _read(source: ScanSource, candidate: Candidate, volume: Volume) -> Mask:
    assert source.mask is not None
    facts = candidate.facts
    return read_mask(
        source.mask,
        volume.grid,
        None if is_file(facts) else facts.series_uid or None,
        source.mask_kind,
        source.mask_label,
        frame_uid=facts.frame_uid,
    )
