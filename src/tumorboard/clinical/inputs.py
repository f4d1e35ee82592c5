"""One patient's inputs: checked, and brought to the bins that the scores tell apart.

Every cut-off of every score lies between two bins, so that a bin's representative scores as any value of the bin does.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

from tumorboard.clinical.checks import T_LETTERS
from tumorboard.clinical.columns import CLINICAL_COLUMNS
from tumorboard.clinical.proxies import parse_proxies
from tumorboard.clinical.settings import ScoreSettings
from tumorboard.clinical.size_and_stage import judge_size
from tumorboard.errors import UserError
from tumorboard.study.tables import MISSING_SPELLINGS, CategoryColumn, NumberColumn

Inputs = Mapping[str, Any]
"""A patient's inputs by the names of the clinical columns; None, NaN or no entry where unknown."""

_IMPOSSIBLE_SIZE = 0.0  # stands for a size that cannot be at the patient's T
_SEVENTH_EDITION = 7.0
_COLUMNS = {column.name: column for column in CLINICAL_COLUMNS}

# (upper limit, whether the limit itself belongs to the bin, representative)
_BINS: dict[str, tuple[tuple[float, bool, float], ...]] = {
    "age_years": ((51, True, 45.0), (60, True, 55.0), (math.inf, True, 65.0)),
    "size_cm": (
        (5, False, 3.0),
        (7, True, 6.0),
        (10, False, 8.0),
        (10, True, 10.0),
        (math.inf, True, 12.0),
    ),
    "ecog": ((1, False, 0.0), (math.inf, True, 1.0)),
    "karnofsky": ((0, True, 0.0), (80, False, 70.0), (math.inf, True, 90.0)),
    "years_to_treatment": ((1, False, 0.5), (math.inf, True, 2.0)),
    "tnm_edition": ((7, False, 6.0), (math.inf, True, _SEVENTH_EDITION)),
}

_EVERY: dict[str, tuple[Any, ...]] = {
    "t": T_LETTERS,
    "n": (0, 1),
    "m": (0, 1),
    "grade": (1, 2, 3, 4),
    "age_years": (45.0, 55.0, 65.0),
    "size_cm": (3.0, 6.0, 8.0, 10.0, 12.0),
    "necrosis": (0, 1),
    "vascular_invasion": (0, 1),
    "ecog": (0.0, 1.0),
    "karnofsky": (90.0, 70.0),
    "years_to_treatment": (2.0, 0.5),
    "haemoglobin": ("normal", "low"),
    "calcium": ("normal", "high"),
    "neutrophils": ("normal", "high"),
    "platelets": ("normal", "high"),
    "ldh": ("normal", "high"),
    "histology": ("favourable", "clear cell", "unfavourable"),
}


def is_missing(value: object) -> bool:
    """Tell whether an input is unknown: None, NaN, pandas' NA, or a spelling of an empty cell.

    Parameters
    ----------
    value : object
        The input.

    Returns
    -------
    bool
    """
    if isinstance(value, str):
        return value.strip().lower() in MISSING_SPELLINGS
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Real) and math.isnan(value)


def canonical(name: str, value: object) -> Any:  # noqa: ANN401  a bin's type is its column's
    """Return the bin of an input, or None where it is unknown.

    Parameters
    ----------
    name : str
        A clinical column, or ``proxies``.
    value : object
        The input, in any spelling that the column takes.

    Returns
    -------
    object or None
        The canonical word, the flag as 0 or 1, or the representative of the number's bin; a size is the number itself,
        since what it is worth depends on T (see :func:`size_at_stage`).

    Raises
    ------
    UserError
        If the column does not take the value.
    """
    if is_missing(value):
        return None
    if name == "proxies":
        return parse_proxies(str(value)) or None
    column = _COLUMNS[name]
    if isinstance(column, NumberColumn):
        number = _number(column, value)
        return number if name == "size_cm" else _bin(name, number)
    if not isinstance(column, CategoryColumn):
        return str(value)
    word = str(value).strip().lower()
    if word in column.unknown:
        return None
    if word not in column.spellings:
        raise UserError(f"{value!r} is not allowed", where=name, fix=f"Allowed: {column.allowed}")
    found = column.spellings[word]
    return int(found) if found.isdigit() and name in ("grade", "necrosis", "vascular_invasion") else found


def _number(column: NumberColumn, value: object) -> float:
    refused = UserError(f"{value!r} is not allowed", where=column.name, fix=f"Allowed: {column.allowed}")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise refused from None
    too_low = number <= column.low if column.low_open else number < column.low
    broken = column.whole and not number.is_integer() if math.isfinite(number) else True
    if too_low or broken or number > column.high:
        raise refused
    return number


def _bin(name: str, number: float) -> float:
    return next(middle for limit, closed, middle in _BINS[name] if number < limit or (closed and number == limit))


def size_at_stage(t: str | None, size_cm: float | None) -> float | None:
    """Return the bin of a size, given T.

    Parameters
    ----------
    t : str or None
        The canonical T category.
    size_cm : float or None
        The size.

    Returns
    -------
    float or None
        The representative of the size's bin; None where the size is unknown, 0 where it cannot be at this T.
    """
    if size_cm is None:
        return None
    return _IMPOSSIBLE_SIZE if judge_size(t, size_cm) == "impossible" else _bin("size_cm", size_cm)


def has_impossible_size(values: Inputs) -> bool:
    """Tell whether the size cannot be at the patient's T; it is then taken as unknown.

    Parameters
    ----------
    values : mapping
        Canonical inputs.

    Returns
    -------
    bool
    """
    return values.get("size_cm") == _IMPOSSIBLE_SIZE


def has_impossible_karnofsky(values: Inputs) -> bool:
    """Tell whether Karnofsky is 0, which is death; it is then taken as unknown.

    Parameters
    ----------
    values : mapping
        Canonical inputs.

    Returns
    -------
    bool
    """
    return values.get("karnofsky") == 0


def possible_values(name: str, score: str, values: Inputs, settings: ScoreSettings) -> tuple[Any, ...]:
    """Return what an input of a score may be, given what is known of the patient.

    Inputs are taken one by one: a known T category does not narrow an unknown size, nor the other way round. (A size
    that cannot be at the known T is unknown.)

    Parameters
    ----------
    name : str
        The input.
    score : str
        The score's name: MSKCC's LDH limit is above that of the column, and UISS alone tells N2 from N1.
    values : mapping
        Canonical inputs.
    settings : ScoreSettings
        The user's choices.

    Returns
    -------
    tuple
        One value where the input is known; else a representative of each bin.
    """
    value = values.get(name)
    if name == "n":
        # N2 went with the seventh TNM edition
        with_n2 = score == "uiss" and values.get("tnm_edition") != _SEVENTH_EDITION
        return _possible_nodes(value, with_n2, settings)
    if name == "m":
        return (int(value),) if value in ("0", "1") else (0,) if value == "x" and settings.mx_as_m0 else _EVERY["m"]
    impossible = (name == "size_cm" and has_impossible_size(values)) or (name == "karnofsky" and value == 0)
    if value is None or impossible:
        return _EVERY[name]
    if name == "t":
        return tuple(t for t in T_LETTERS if t.startswith(value)) or (value,)
    if name == "ldh" and score == "mskcc" and value == "high":
        return _EVERY["ldh"]
    return (value,)


def _possible_nodes(value: str | None, with_n2: bool, settings: ScoreSettings) -> tuple[int, ...]:
    if value in ("0", "1", "2"):
        return (int(value),)
    if value == "x" and settings.nx_as_n0:
        return (0,)
    return (0, 1, 2) if with_n2 else (0, 1)
