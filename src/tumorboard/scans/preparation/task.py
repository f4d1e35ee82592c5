"""A patient's scans that are to be prepared: where they lie, what was said of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading import data_files
from tumorboard.scans.volume import Plane
from tumorboard.study.image_fingerprint import fingerprint
from tumorboard.study.scan_settings import ScanSettings

FORMAT = 2
"""Raised whenever the same scan and settings give other planes: shards of an earlier format are made anew."""

_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
OWN_NAME = re.compile(r".+-(?:[0-9a-f]{8}|[0-9a-f]{12})")
"""How files of this stage are called, less their endings; those of an earlier format have eight digits."""


@dataclass(frozen=True)
class ScanSource:
    """A row of ``scans.csv``.

    Parameters
    ----------
    stated_path : str
        Its path as the table has it; what the results call it.
    path : Path
        A folder of series in any disorder, a DICOM or volume file, or an image of one plane.
    modality : {"CT", "MR"}
    series_uid : str or None
        The series that the user wants.
    plane : str or None
        Of an image of one plane.
    pixel_mm : float or None
        Likewise.
    mask : Path or None
        What outlines the tumour.
    mask_kind : str or None
    mask_label : int or None
        The label that is the tumour.
    """

    stated_path: str
    path: Path
    modality: Literal["CT", "MR"]
    series_uid: str | None = None
    plane: Plane | None = None
    pixel_mm: float | None = None
    mask: Path | None = None
    mask_kind: str | None = None
    mask_label: int | None = None

    def inputs(self) -> dict[str, Any]:
        """Return all that comes of this row depends on.

        Raises
        ------
        FileFormatError
            A file is not there.
        OSError
            It cannot be read.
        """
        return {
            "scan": _fingerprint(self.path, "scan"),
            "mask": None if self.mask is None else _mask_digest(self.mask),
            "modality": self.modality,
            "series_uid": self.series_uid,
            "plane": self.plane,
            "pixel_mm": self.pixel_mm,
            "mask_kind": self.mask_kind,
            "mask_label": self.mask_label,
        }


@dataclass(frozen=True)
class PatientScans:
    """All scans of a patient, one of which becomes three planes, and how.

    Parameters
    ----------
    patient_id : str
        Whose they are.
    sources : tuple of ScanSource
        At least one; kept in the order of their paths, so that the table's order makes no difference.
    store, pictures : Path
        Folders of the shards and of what there is to look at.
    settings : ScanSettings
    """

    patient_id: str
    sources: tuple[ScanSource, ...]
    store: Path
    pictures: Path
    settings: ScanSettings

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", tuple(sorted(self.sources, key=_place)))

    @cached_property
    def key(self) -> str:
        """A name for the patient's files: the first path's own, and twelve digits that are the patient's alone."""
        plain = _PLAIN.sub("_", self.sources[0].path.name.split(".")[0]).strip("._") or "scan"
        return f"{plain[:80]}-{hashlib.sha256(self.patient_id.encode()).hexdigest()[:12]}"

    @property
    def shard(self) -> Path:
        """Where the planes are kept."""
        return self.store / "scans" / f"{self.key}.shard"

    @property
    def sheet(self) -> Path:
        """The picture of the three planes."""
        return self.pictures / f"{self.key}.jpg"

    @property
    def is_ready_made(self) -> bool:
        """Whether the planes were made elsewhere.

        Raises
        ------
        FileFormatError
            Some rows name a plane and others do not.
        """
        named = [source.plane is not None for source in self.sources]
        if any(named) and not all(named):
            raise FileFormatError(
                "some of the patient's rows in scans.csv name a plane and others do not",
                fix="Give either series or ready-made planes",
            )
        return all(named)

    def inputs(self) -> dict[str, Any]:
        """Return all that the patient's planes depend on.

        Raises
        ------
        FileFormatError, OSError
            A file is missing or cannot be read.
        """
        return {
            "format": FORMAT,
            "sources": [source.inputs() for source in self.sources],
            "settings": self.settings.model_dump(mode="json"),
        }


def _place(source: ScanSource) -> tuple[str, ...]:
    stated = (source.stated_path, source.modality, source.series_uid, source.plane, source.mask)
    return (*(str(value or "") for value in stated), repr(source))


def _fingerprint(path: Path, what: str) -> str:
    _refuse_absent(path, what)
    return fingerprint(path, data_files(path))


def _mask_digest(path: Path) -> str:
    """Digest a mask whole: one that was edited keeps its size, and blocks spread over it may miss what changed."""
    _refuse_absent(path, "mask")
    return fingerprint(path, data_files(path), whole=True)


def _refuse_absent(path: Path, what: str) -> None:
    if not path.exists():
        raise FileFormatError(f"there is no such {what}: {path.name}", fix="Correct its path in scans.csv")
