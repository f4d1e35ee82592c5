"""The one exception hierarchy of the program.

::

    TumorboardError                 anything this program raises on purpose
    ├── UserError                   a user's mistake: one line, exit code 2
    │   ├── SettingsError           a bad value or an unknown key in study.toml or on the command line
    │   ├── StudyError              a study folder that is missing, incomplete or out of date
    │   ├── TableError              a table with bad cells; carries every one of them
    │   ├── FileFormatError         a file that is empty, truncated or not what its name says
    │   │   └── UnknownScaleError   a slide that does not say its µm per pixel
    │   ├── OutcomeError            times, events or risks that cannot be: negative, not finite, of unequal length
    │   └── MissingExtraError       an optional part is not installed; carries the command that installs it
    └── UndefinedEstimateError      a statistic that does not exist for these patients; carries the reason

A message says what is wrong, which value, where, and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TumorboardError(Exception):
    """Base of everything that this program raises on purpose."""

    exit_code = 1


class UserError(TumorboardError):
    """A user's mistake, told in one line.

    Parameters
    ----------
    what : str
        What is wrong, with the offending value.
    where : str, optional
        The file, row, column, setting or option.
    fix : str, optional
        What to do next.
    """

    exit_code = 2

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(self.line())

    def line(self) -> str:
        """Return the message as one line: ``where: what. fix``."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}. {self.fix}" if self.fix else head


class SettingsError(UserError):
    """A bad value or an unknown key in ``study.toml`` or on the command line."""


class StudyError(UserError):
    """A study folder that is missing, incomplete or out of date."""


class FileFormatError(UserError):
    """A file that is empty, truncated or not what its name says."""


class UnknownScaleError(FileFormatError):
    """A slide that does not say its µm per pixel, nor its objective."""


class OutcomeError(UserError):
    """Times, events, risks or folds that cannot be: negative, not finite, of unequal length."""


@dataclass(frozen=True)
class CellFault:
    """One bad cell of a table.

    Parameters
    ----------
    file : str
        The table's file name.
    row : int or None
        Line of the file, the header being line 1; None where the fault is the whole column's.
    column : str
        Name of the column.
    value : str
        What stands in the cell.
    allowed : str
        What may stand there.
    """

    file: str
    row: int | None
    column: str
    value: str
    allowed: str

    def line(self) -> str:
        """Return the fault as one line."""
        where = f"row {self.row}, column {self.column}" if self.row is not None else f"column {self.column}"
        return f"{self.file}, {where}: {self.value!r} is not allowed; allowed: {self.allowed}"


class TableError(UserError):
    """A table with bad cells.

    Parameters
    ----------
    faults : sequence of CellFault
        Every bad cell that was found, in the order of the rows.
    """

    def __init__(self, faults: Sequence[CellFault]) -> None:
        if not faults:
            raise ValueError("a TableError needs at least one fault")
        self.faults = tuple(faults)
        more = f" (and {len(faults) - 1} more bad cells; --json lists all)" if len(faults) > 1 else ""
        super().__init__(faults[0].line() + more)


class MissingExtraError(UserError):
    """An optional part of the program is not installed.

    Parameters
    ----------
    package : str
        The package that could not be imported.
    extra : str
        The extra of ``tumorboard`` that brings it.
    purpose : str
        What it is needed for.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package = package
        self.extra = extra
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed",
            fix=f"Install it with: pip install 'tumorboard[{extra}]'",
        )


class UndefinedEstimateError(TumorboardError):
    """A statistic that does not exist for these patients, such as a concordance without comparable pairs.

    Parameters
    ----------
    reason : str
        Why it does not exist, in words fit for a report.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
