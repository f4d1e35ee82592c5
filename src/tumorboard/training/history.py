"""A fold's history: one row an epoch, as a table and, where asked for, for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tumorboard.errors import MissingExtraError
from tumorboard.study.files import write_text

COLUMNS = (
    "stage",
    "epoch",
    "fit_loss",
    "select_loss",
    "select_c_index",
    "learning_rate",
    "encoders_frozen",
    "seconds",
)  # fmt: skip
FILE = "history.csv"


def write_history(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``history.csv``: epochs from 1 in each stage; what does not exist is empty.

    Parameters
    ----------
    folder : Path
        The fold's.
    rows : sequence of mapping
        With the keys of `COLUMNS`.
    """
    import pandas as pd

    table = pd.DataFrame(list(rows), columns=list(COLUMNS))
    write_text(folder / FILE, table.to_csv(index=False, lineterminator="\n", float_format="%.9g"))


class TensorBoard:
    """The history as TensorBoard's events, below the fold's folder; what an earlier start wrote is written anew.

    Parameters
    ----------
    folder : Path
        The fold's.
    rows : sequence of mapping
        The epochs so far.

    Raises
    ------
    MissingExtraError
        TensorBoard is not installed.
    """

    def __init__(self, folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtraError("tensorboard", "tensorboard", "training.tensorboard = true") from error
        events = folder / "tensorboard"
        for old in events.glob("events.out.tfevents.*"):
            old.unlink()
        self._writer = SummaryWriter(str(events))
        for row in rows:
            self.add(row)

    def add(self, row: Mapping[str, Any]) -> None:
        """Add an epoch."""
        for name in ("fit_loss", "select_loss", "select_c_index", "learning_rate"):
            if row[name] is not None:
                self._writer.add_scalar(f"{row['stage']}/{name}", row[name], row["epoch"])

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()
