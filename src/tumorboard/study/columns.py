"""What may stand in a column of a user's table: text, numbers with a unit and a range, words, yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LONGEST_FOLLOW_UP_MONTHS = 600.0
"""A longer follow-up is refused: it is nearly always a number of days."""


@dataclass(frozen=True)
class Column:
    """What may stand in a column.

    Parameters
    ----------
    name : str
        The column's name.
    required : bool
        Whether the table must have the column.
    filled : bool
        Whether every cell must be filled.
    """

    name: str
    required: bool = False
    filled: bool = False

    @property
    def allowed(self) -> str:
        """What may stand in a cell, in words."""
        return "any text"

    def parse(self, text: pd.Series[str]) -> tuple[pd.Series, pd.Series[bool]]:
        """Turn the text of filled cells into values.

        Parameters
        ----------
        text : Series of str, shape (n,)
            The cells that are not empty, with outer blanks removed.

        Returns
        -------
        values : Series, shape (n,)
            The values; anything where the cell is bad.
        bad : Series of bool, shape (n,)
            True where a cell holds what is not allowed.
        """
        import pandas as pd

        return text, pd.Series(False, index=text.index)

    def empty(self, index: pd.Index) -> pd.Series:
        """Return the column's value for a table that lacks it."""
        import pandas as pd

        return pd.Series(pd.NA, index=index, dtype="string")


@dataclass(frozen=True)
class NumberColumn(Column):
    """A number with a unit and a range.

    Parameters
    ----------
    unit : str
        The unit, for messages.
    low, high : float
        Smallest and largest allowed value.
    low_open : bool
        Whether ``low`` itself is refused.
    whole : bool
        Whether only whole numbers are allowed.
    hint : str
        What a value outside the range usually means.
    """

    unit: str = ""
    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = False
    whole: bool = False
    hint: str = ""

    @property
    def allowed(self) -> str:
        """The range and the unit, in words."""
        kind = "a whole number" if self.whole else "a number with a decimal point"
        lower = "" if self.low == float("-inf") else f" {'above' if self.low_open else 'from'} {self.low:g}"
        upper = "" if self.high == float("inf") else f" to {self.high:g}"
        unit = f" ({self.unit})" if self.unit else ""
        return f"{kind}{lower}{upper}{unit}{'; ' + self.hint if self.hint else ''}"

    def parse(self, text: pd.Series[str]) -> tuple[pd.Series, pd.Series[bool]]:
        """Read numbers; text, values out of range and infinities are bad."""
        import numpy as np
        import pandas as pd

        values = pd.to_numeric(text, errors="coerce").astype(float)
        bad = pd.Series(~np.isfinite(values.to_numpy()), index=text.index) | (values < self.low) | (values > self.high)
        if self.low_open:
            bad |= values == self.low
        if self.whole:
            bad |= values != np.round(values)
        return values, bad

    def empty(self, index: pd.Index) -> pd.Series:
        """Return an all-missing column of floats."""
        import pandas as pd

        return pd.Series(float("nan"), index=index, dtype=float)


@dataclass(frozen=True)
class CategoryColumn(Column):
    """One of several words.

    Parameters
    ----------
    spellings : mapping of str to str
        Every accepted spelling in lower case, and the value it stands for.
    unknown : frozenset of str
        Spellings in lower case that say "not known" and become an empty cell.
    """

    spellings: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    @property
    def allowed(self) -> str:
        """The values, in words."""
        return ", ".join(dict.fromkeys(self.spellings.values()))

    def parse(self, text: pd.Series[str]) -> tuple[pd.Series, pd.Series[bool]]:
        """Look the words up, whatever their case."""
        lower = text.str.lower()
        values = lower.map(self.spellings).astype("string")
        return values, values.isna() & ~lower.isin(self.unknown)


@dataclass(frozen=True)
class FlagColumn(CategoryColumn):
    """Yes or no, kept as 1.0 and 0.0 (missing as NaN)."""

    spellings: Mapping[str, str] = field(
        default_factory=lambda: (
            dict.fromkeys(("1", "1.0", "yes", "true", "y", "present"), "1")
            | dict.fromkeys(("0", "0.0", "no", "false", "n", "absent"), "0")
        )
    )

    @property
    def allowed(self) -> str:
        """The values, in words."""
        return "0 (no) or 1 (yes)"

    def parse(self, text: pd.Series[str]) -> tuple[pd.Series, pd.Series[bool]]:
        """Read yes and no as 1.0 and 0.0."""
        values, bad = super().parse(text)
        return values.astype("Float64").astype(float), bad

    def empty(self, index: pd.Index) -> pd.Series:
        """Return an all-missing column of floats."""
        import pandas as pd

        return pd.Series(float("nan"), index=index, dtype=float)
