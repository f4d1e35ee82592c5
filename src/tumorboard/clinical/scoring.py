"""All clinical scores of one patient, or of a table of patients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tumorboard.clinical.columns import CLINICAL_NAMES
from tumorboard.clinical.inputs import Inputs, canonical, possible_values, size_at_stage
from tumorboard.clinical.possibilities import Score, find_possibilities
from tumorboard.clinical.remarks import find_notes, find_proxies, reason_not_to_apply
from tumorboard.clinical.result import ScoreResult
from tumorboard.clinical.scores import SCORE_NAMES, SCORES
from tumorboard.clinical.settings import ScoreSettings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_READ = (*CLINICAL_NAMES, "proxies")
_ORDINAL = {"uiss": 0, "stage": 1}
"""Scores without points; in the table of numbers their groups count from here."""

_TOLD_APART: dict[str, Callable[[Any], Any]] = {
    "grade_system": lambda system: "ISUP" if system == "ISUP" else None,
    "histology": lambda histology: None if histology == "clear cell" else "unfavourable",
}
"""What a column still says to a score that does not take it as an input; see :mod:`tumorboard.clinical.remarks`."""


def score_patient(inputs: Inputs, settings: ScoreSettings | None = None) -> dict[str, ScoreResult]:
    """Compute every clinical score of one patient.

    Parameters
    ----------
    inputs : mapping
        Values by the names of the clinical columns; unknown ones are None, NaN or left out. ``proxies`` may name inputs
        that stand in for others, as in ``"necrosis: sampled block; grade"``. Other keys are not read.
    settings : ScoreSettings, optional
        The user's choices.

    Returns
    -------
    dict of str to ScoreResult
        One result a score, in the order of ``SCORE_NAMES``.

    Raises
    ------
    UserError
        If an input is not what its column takes.

    Examples
    --------
    >>> results = score_patient({"t": "3a", "n": 0, "m": 0, "size_cm": 8, "grade": 3})
    >>> results["ssign"].points, results["ssign"].group, results["ssign"].missing
    ((5, 7), ('5-6', '7-9'), ('necrosis',))
    """
    settings = settings or ScoreSettings()
    values = {name: canonical(name, inputs.get(name)) for name in _READ}
    values["size_cm"] = size_at_stage(values["t"], values["size_cm"])
    return {score.name: _score(score, values, settings) for score in SCORES}


def _score(score: Score, values: Inputs, settings: ScoreSettings) -> ScoreResult:
    domains = tuple(possible_values(name, score.name, values, settings) for name in score.reads)
    possible = find_possibilities(score, settings, domains)
    if not possible.groups:
        mx = ("m",) if values.get("m") == "x" else ()
        return ScoreResult(points=None, group=(), proxy=mx, notes=(reason_not_to_apply(score),))
    proxies = list(find_proxies(score, values, settings))
    marked = {name for name, _ in proxies}
    notes = [note for _, note in proxies if note]
    notes += find_notes(score, values, settings, possible.missing)
    return ScoreResult(
        points=possible.points,
        group=possible.groups,
        missing=possible.missing,
        proxy=tuple(name for name in score.reads if name in marked),
        notes=tuple(dict.fromkeys(notes)),
    )


@dataclass(frozen=True)
class TableScores:
    """The scores of a table of patients, each distinct result kept once.

    Parameters
    ----------
    patient_ids : Series of str, shape (n,)
        The patients, in the order and with the index of the table.
    distinct : dict of str to list of ScoreResult
        The distinct results of each score.
    codes : dict of str to ndarray of int, shape (n,)
        For each score, every patient's place in ``distinct``.
    """

    patient_ids: pd.Series[str]
    distinct: dict[str, list[ScoreResult]]
    codes: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.patient_ids)

    def patient(self, row: int) -> dict[str, ScoreResult]:
        """Return the scores of the patient in a row, counted from 0."""
        return {name: self.distinct[name][int(self.codes[name][row])] for name in SCORE_NAMES}

    def records(self) -> Iterator[dict[str, object]]:
        """Yield one JSON record a patient: ``patient_id`` and a key for each score."""
        as_json = {name: [result.to_json() for result in self.distinct[name]] for name in SCORE_NAMES}
        codes = {name: self.codes[name].tolist() for name in SCORE_NAMES}
        for row, patient_id in enumerate(self.patient_ids):
            yield {"patient_id": str(patient_id)} | {name: as_json[name][codes[name][row]] for name in SCORE_NAMES}

    def count_missing(self) -> dict[str, dict[str, int]]:
        """Return, for each input, in how many patients each score misses it."""
        counts: dict[str, dict[str, int]] = {}
        for name in SCORE_NAMES:
            for result, patients in self._tally(name):
                for missing in result.missing:
                    scores = counts.setdefault(missing, {})
                    scores[name] = scores.get(name, 0) + patients
        return counts

    def count_notes(self) -> dict[str, int]:
        """Return each note and the number of patients to whom it belongs, the most frequent first.

        A note that several scores give counts as often as in the score that gives it most.
        """
        most: Counter[str] = Counter()
        for name in SCORE_NAMES:
            counts: Counter[str] = Counter()
            for result, patients in self._tally(name):
                counts.update(dict.fromkeys(result.notes, patients))
            most |= counts
        return dict(most.most_common())

    def _tally(self, name: str) -> list[tuple[ScoreResult, int]]:
        import numpy as np

        patients = np.bincount(self.codes[name], minlength=len(self.distinct[name])).tolist()
        return list(zip(self.distinct[name], patients, strict=True))

    def to_numbers(self) -> pd.DataFrame:
        """Return one row a patient with numbers for evaluation.

        Returns
        -------
        DataFrame
            ``patient_id``, and for each score ``<name>_min`` and ``<name>_max`` (NaN where the score does not apply)
            and ``<name>_group`` (empty where none or several are possible). UISS, which has no points, counts its
            groups from 0 (low) to 5 (met-high), and stage from 1 to 4.
        """
        return self._frame({score.name: [_numbers(score, r) for r in self.distinct[score.name]] for score in SCORES})

    def to_text(self) -> pd.DataFrame:
        """Return one row a patient for readers: points, every possible group, what is missing, proxies and notes."""
        return self._frame({score.name: [_text(score, r) for r in self.distinct[score.name]] for score in SCORES})

    def _frame(self, cells: dict[str, list[dict[str, Any]]]) -> pd.DataFrame:
        import pandas as pd

        parts = {"patient_id": self.patient_ids}
        for name, rows in cells.items():
            block = pd.DataFrame(rows).take(self.codes[name])
            for column in block.columns:
                parts[f"{name}_{column}"] = block[column].set_axis(self.patient_ids.index)
        return pd.DataFrame(parts)


def _numbers(score: Score, result: ScoreResult) -> dict[str, Any]:
    low, high = result.points or (float("nan"), float("nan"))
    if score.name in _ORDINAL and result.group:
        places = [score.groups.index(group) + _ORDINAL[score.name] for group in result.group]
        low, high = min(places), max(places)
    group = result.group[0] if len(result.group) == 1 else ""
    return {"min": float(low), "max": float(high), "group": group}


def _text(score: Score, result: ScoreResult) -> dict[str, Any]:
    low, high = ("", "") if result.points is None else (f"{points:g}" for points in result.points)
    points = {} if score.name in _ORDINAL else {"points_min": low, "points_max": high}
    lists = {
        "group": result.group, "missing": result.missing, "proxy": result.proxy, "notes": result.notes,
    }  # fmt: skip
    return points | {name: "; ".join(words) for name, words in lists.items()}


def score_table(frame: pd.DataFrame, settings: ScoreSettings | None = None) -> TableScores:
    """Compute every clinical score of a table of patients.

    Each distinct set of inputs is scored once, so that a million patients take seconds.

    Parameters
    ----------
    frame : DataFrame
        One row a patient; ``patient_id`` (else the index) and any of the clinical columns and ``proxies``.
    settings : ScoreSettings, optional
        The user's choices.

    Returns
    -------
    TableScores

    Raises
    ------
    UserError
        If an input is not what its column takes.
    """
    import pandas as pd

    settings = settings or ScoreSettings()
    columns = {name: _code_column(frame[name], name) for name in _READ if name in frame.columns}
    if "size_cm" in columns:
        columns["size_cm"] = _sizes_at_stage(columns.get("t"), *columns["size_cm"])
    ids = frame["patient_id"] if "patient_id" in frame.columns else pd.Series(frame.index, index=frame.index)
    distinct: dict[str, list[ScoreResult]] = {}
    codes: dict[str, np.ndarray] = {}
    for score in SCORES:
        read = {
            name: _merge_bins(score, name, *columns[name]) for name in _columns_that_count(score) if name in columns
        }
        distinct[score.name], codes[score.name] = _score_distinct(score, read, len(frame), settings)
    return TableScores(patient_ids=ids.astype(str), distinct=distinct, codes=codes)


def scores_frame(frame: pd.DataFrame, settings: ScoreSettings | None = None) -> pd.DataFrame:
    """Return the scores of a table as numbers; see :func:`score_table` and :meth:`TableScores.to_numbers`."""
    return score_table(frame, settings).to_numbers()


def _columns_that_count(score: Score) -> tuple[str, ...]:
    """Return a score's inputs and the columns that change how they are read."""
    more = {"n": ("tnm_edition",) if score.name == "uiss" else (), "grade": ("grade_system",)}
    names = [*score.reads, *(name for read in score.reads for name in more.get(read, ())), "proxies"]
    return tuple(dict.fromkeys([*names, "histology"] if score.clear_cell_only else names))


def _code_column(series: pd.Series[Any], name: str) -> tuple[np.ndarray, list[Any]]:
    """Return each cell's place among the column's distinct bins, and the bins; None is the first of them."""
    import numpy as np
    import pandas as pd

    places, found = pd.factorize(series)
    bins: dict[Any, int] = {None: 0}
    of_found = [bins.setdefault(canonical(name, value), len(bins)) for value in found.tolist()]
    # factorize gives -1 to missing cells, which takes the last entry: None
    return np.asarray([*of_found, 0], dtype=np.int64)[places], list(bins)


def _sizes_at_stage(
    stages: tuple[np.ndarray, list[Any]] | None, codes: np.ndarray, sizes: list[Any]
) -> tuple[np.ndarray, list[Any]]:
    """Return each patient's place among the bins of size given T, and the bins; each distinct pair is judged once."""
    import numpy as np

    t_codes, t_bins = stages or (np.zeros_like(codes), [None])
    pairs, inverse = np.unique(t_codes * len(sizes) + codes, return_inverse=True)
    bins: dict[Any, int] = {None: 0}
    places = [
        bins.setdefault(size_at_stage(t_bins[pair // len(sizes)], sizes[pair % len(sizes)]), len(bins))
        for pair in pairs.tolist()
    ]
    return np.asarray(places, dtype=np.int64)[inverse.reshape(-1)], list(bins)


def _merge_bins(score: Score, name: str, codes: np.ndarray, bins: list[Any]) -> tuple[np.ndarray, list[Any]]:
    """Merge the bins of a column that this score cannot tell apart, so that fewer distinct patients are left."""
    import numpy as np

    if name in score.inputs or name not in _TOLD_APART:
        return codes, bins
    merged: dict[Any, int] = {None: 0}
    places = [merged.setdefault(_TOLD_APART[name](value), len(merged)) if value else 0 for value in bins]
    return np.asarray(places, dtype=np.int64)[codes], list(merged)


def _score_distinct(
    score: Score, columns: dict[str, tuple[np.ndarray, list[Any]]], rows: int, settings: ScoreSettings
) -> tuple[list[ScoreResult], np.ndarray]:
    import numpy as np

    key = np.zeros(rows, dtype=np.int64)
    for codes, bins in columns.values():
        key = key * len(bins) + codes
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    results = []
    for row in first.tolist():
        values = {name: bins[codes[row]] for name, (codes, bins) in columns.items()}
        results.append(_score(score, values, settings))
    return results, inverse.reshape(-1)
