"""The one scan of a patient that is taken, read, with the mask that fits it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tumorboard.errors import FileFormatError, UserError
from tumorboard.scans.choice import Choice, KindName, Phase, choose, worth_seeing
from tumorboard.scans.choice.enhancement import phase_from_image
from tumorboard.scans.choice.phase import UNKNOWN
from tumorboard.scans.preparation.candidates import Candidate, Candidates
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
    tumour : Tumour
        On the volume's grid.
    choice : Choice
    """

    candidate: Candidate
    volume: Volume
    tumour: Tumour
    choice: Choice


def take_scan(candidates: Candidates, sources: Sequence[ScanSource], settings: ScanSettings) -> Taken:
    """Choose a scan, read it and its mask; where a mask does not fit the best series, the next best one is taken.

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
    UserError
        No series can serve, or no mask fits one that can.
    """
    by_facts = {candidate.facts: candidate for candidate in candidates.each}
    wanted = _wanted(sources)
    phases = {} if wanted else _phases_seen(by_facts, settings)
    refused: dict[SeriesFacts, UserError] = {}
    while True:
        choice = _choose(by_facts, settings, wanted, phases, refused)
        if choice.chosen is None:
            raise next(iter(refused.values()), _none(choice))
        candidate = by_facts[choice.chosen]
        try:
            volume = candidate.read()
            tumour = _tumour(candidate, volume, sources, settings)
        except UserError as error:
            if wanted:
                raise
            refused[choice.chosen] = error
            continue
        return Taken(candidate, volume, tumour, _with_phase_seen(choice, volume))


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
    refused: dict[SeriesFacts, UserError],
) -> Choice:
    if len(by_facts) == 1 and (only := next(iter(by_facts))) not in refused and by_facts[only].series is None:
        return Choice(only, UNKNOWN, "the only scan, a volume file, which tells neither series nor phase", ())
    choice = choose(
        list(by_facts),
        settings.prefer,
        wanted=wanted,
        usable=(lambda facts: facts not in refused) if refused else None,
        phases=phases,
    )
    return _short_one(choice) if choice.chosen is None and not refused else choice


def _short_one(choice: Choice) -> Choice:
    """Take the only series of images although it is short: whoever states its folder and a mask has seen it."""
    short = [rival for rival in choice.rivals if rival.kind.name is KindName.TOO_FEW]
    if len(short) != 1:
        return choice
    (only,) = short
    reason = f"the only series of images, although {only.kind.reason}"
    return Choice(only.facts, only.phase, reason, tuple(rival for rival in choice.rivals if rival is not only))


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


def _tumour(candidate: Candidate, volume: Volume, sources: Sequence[ScanSource], settings: ScanSettings) -> Tumour:
    """Find the tumour in the first mask that fits: the row's own before those of the patient's other rows."""
    own = candidate.source
    with_mask = sorted((source for source in sources if source.mask), key=lambda source: source is not own)
    if not with_mask:
        return find_tumour(segmenter(settings.segmenter).segment(volume))
    failures: list[UserError] = []
    for source in with_mask:
        try:
            mask = place(_read(source, candidate, volume), volume.grid)
            if candidate.series is not None:
                mask = fill_mask(mask, *missing_slices(candidate.series))
            return find_tumour(mask, source.mask_label)
        except UserError as error:
            failures.append(error)
    raise failures[0]


def _read(source: ScanSource, candidate: Candidate, volume: Volume) -> Mask:
    assert source.mask is not None
    facts = candidate.facts
    return read_mask(
        source.mask,
        volume.grid,
        facts.series_uid or None,
        source.mask_kind,
        source.mask_label,
        frame_uid=facts.frame_uid,
    )
