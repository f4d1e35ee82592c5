"""The names of a study folder's files, and writing them whole."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import StudyError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_TABLE_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


@dataclass(frozen=True)
class StudyFolder:
    """A study folder and the names of what lies in it.

    Parameters
    ----------
    root : Path
        The folder.
    """

    root: Path

    @property
    def settings(self) -> Path:
        """What to do: ``study.toml``."""
        return self.root / "study.toml"

    def own_table(self, name: str) -> Path | None:
        """Return a user's table, as CSV, TSV (either may be packed with gzip) or Parquet, or None where there is none.

        Parameters
        ----------
        name : str
            ``patients``, ``slides`` or ``scans``.

        Raises
        ------
        StudyError
            Where it is there twice.
        """
        found = [path for suffix in _TABLE_SUFFIXES if (path := self.root / f"{name}{suffix}").is_file()]
        if len(found) > 1:
            raise StudyError(
                f"{' and '.join(path.name for path in found)} both hold {name}",
                where=str(self.root),
                fix="Keep one of them",
            )
        return found[0] if found else None

    @property
    def cohort(self) -> Path:
        """One row an eligible patient: ``cohort.parquet``."""
        return self.root / "cohort.parquet"

    @property
    def cohort_record(self) -> Path:
        """How the cohort came about, the flow and the settings: ``cohort.json``."""
        return self.root / "cohort.json"

    @property
    def cohort_flow(self) -> Path:
        """The flow of patients as a picture: ``cohort_flow.png``."""
        return self.root / "cohort_flow.png"

    @property
    def cache(self) -> Path:
        """What training can make again and runs share, stages and embeddings: ``cache/``. May be removed."""
        return self.root / "cache"

    @property
    def genes(self) -> Path:
        """All genes of all patients: ``genes.parquet``."""
        return self.root / "genes.parquet"

    @property
    def folds(self) -> Path:
        """Each patient's role in each fold: ``folds.parquet``."""
        return self.root / "folds.parquet"

    @property
    def archive_series(self) -> Path:
        """Which series of which patient lie in the archives: ``archive_series.parquet``."""
        return self.root / "archive_series.parquet"

    @property
    def store(self) -> Path:
        """Tiles and plane images: ``store/``."""
        return self.root / "store"

    @property
    def prepared(self) -> Path:
        """What became of each slide and scan, as tables and pictures: ``prepared/``."""
        return self.root / "prepared"

    @property
    def evaluation(self) -> Path:
        """Metrics, tables and figures: ``evaluation/``."""
        return self.root / "evaluation"

    @property
    def report(self) -> Path:
        """The report in one file: ``report.html``."""
        return self.root / "report.html"

    @property
    def log(self) -> Path:
        """What ran, with versions and input hashes: ``log.jsonl``."""
        return self.root / "log.jsonl"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name beside its place, then rename it.

    Parameters
    ----------
    path : Path
        The file's place; its folder is made where missing.
    write : callable
        Called with the temporary path, which has the same suffix.

    Raises
    ------
    StudyError
        Where the folder cannot be written: no permission, a full disk, a file in its place.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")
        temporary.touch(mode=0o666, exist_ok=False)  # less the umask, which the system takes off
        try:
            write(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StudyError(f"{path.name} cannot be written: {reason}", where=str(path.parent)) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file whole, as UTF-8."""
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(path: Path, content: object) -> None:
    """Write a JSON file whole; numbers that are not finite are refused."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """Write a Parquet table whole."""
    write_whole(path, lambda temporary: frame.to_parquet(temporary, index=False))


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture whole, as PNG or JPEG by its suffix.

    Parameters
    ----------
    path : Path
        Ends in ``.png`` or ``.jpg``.
    picture : ndarray of uint8, shape (height, width, 3)
        Red, green, blue.
    """
    import cv2

    quality = [cv2.IMWRITE_JPEG_QUALITY, 90] if path.suffix == ".jpg" else [cv2.IMWRITE_PNG_COMPRESSION, 6]
    _, encoded = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
    write_whole(path, lambda temporary: temporary.write_bytes(encoded.tobytes()))


def read_json(path: Path, made_by: str) -> dict[str, object]:
    """Read a JSON file of the study.

    Parameters
    ----------
    path : Path
        The file.
    made_by : str
        The command that makes it, for the message.

    Raises
    ------
    StudyError
        Where it is missing or is not JSON.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StudyError(f"there is no {path.name}", where=str(path.parent), fix=f"Run: {made_by}") from None
    except (ValueError, OSError) as error:
        raise StudyError(f"{path.name} is unreadable", where=str(path.parent), fix=f"Run again: {made_by}") from error
    if not isinstance(content, dict):
        raise StudyError(f"{path.name} is not what it should be", where=str(path.parent), fix=f"Run again: {made_by}")
    return content


def read_stage_table(path: Path, made_by: str) -> pd.DataFrame:
    """Read a Parquet table that an earlier stage wrote.

    Parameters
    ----------
    path : Path
        The table.
    made_by : str
        The command that makes it, for the message.

    Raises
    ------
    StudyError
        Where it is missing or unreadable.
    """
    import pandas as pd

    if not path.is_file():
        raise StudyError(f"there is no {path.name}", where=str(path.parent), fix=f"Run: {made_by}")
    try:
        return pd.read_parquet(path)
    except Exception as error:  # pyarrow raises several kinds, all of which mean the same to a user
        raise StudyError(f"{path.name} is unreadable", where=str(path.parent), fix=f"Run again: {made_by}") from error
