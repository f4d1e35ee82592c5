"""The optional column ``proxies``: which inputs of a patient only stand in for what a score asks for.

A cell reads ``necrosis`` or ``necrosis: per cent of the sampled block; grade``: names of clinical columns, each with an
optional note, separated by semicolons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tumorboard.clinical.columns import CLINICAL_NAMES
from tumorboard.errors import UserError
from tumorboard.study.tables import MISSING_SPELLINGS, Column

if TYPE_CHECKING:
    import pandas as pd

Proxies = tuple[tuple[str, str], ...]
"""Pairs of an input's name and a note, which may be empty."""

_ALLOWED = "names of clinical columns, each with an optional ': note', separated by semicolons"


def parse_proxies(text: str) -> Proxies:
    """Read a cell of the column ``proxies``.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    tuple of (str, str)
        Each input's name and its note.

    Raises
    ------
    UserError
        If a name is no clinical column.

    Examples
    --------
    >>> parse_proxies("necrosis: sampled block; grade")
    (('necrosis', 'sampled block'), ('grade', ''))
    """
    if text.strip().lower() in MISSING_SPELLINGS:
        return ()
    pairs = [part.partition(":") for part in text.split(";") if part.strip()]
    found = {name.strip().lower(): note.strip() for name, _, note in pairs}
    unknown = [name for name in found if name not in CLINICAL_NAMES]
    if unknown:
        raise UserError(f"{unknown[0]!r} is no clinical column", where="proxies", fix=f"Allowed: {_ALLOWED}")
    return tuple(found.items())


@dataclass(frozen=True)
class ProxyColumn(Column):
    """The column ``proxies``, kept as text."""

    @property
    def allowed(self) -> str:
        """What may stand in a cell, in words."""
        return _ALLOWED

    def parse(self, text: pd.Series[str]) -> tuple[pd.Series, pd.Series[bool]]:
        """Refuse cells with a name that is no clinical column."""
        bad = {cell: _is_bad(cell) for cell in text.unique()}
        return text, text.map(bad).astype(bool)


def _is_bad(cell: str) -> bool:
    try:
        parse_proxies(cell)
    except UserError:
        return True
    return False


PROXIES = ProxyColumn("proxies")
