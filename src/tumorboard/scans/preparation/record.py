"""What became of a patient's scans, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from tumorboard.scans.volume import PLANES

Status = Literal["prepared", "no mask", "failed"]


@dataclass(frozen=True)
class SeriesRecord:
    """What was thought of one series.

    Parameters
    ----------
    series_uid : str
    description : str
    modality : str
    slices : int
    kind : str
        An image, a localizer, a reformat, ...
    phase : str
        Of contrast; empty where it does not matter.
    verdict : {"chosen", "passed over", "left out"}
    reason : str
    """

    series_uid: str
    description: str
    modality: str
    slices: int
    kind: str
    phase: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class ScanRecord:
    """What became of a patient's scans.

    Parameters
    ----------
    patient_id : str
    path : str
        Of the scan that was taken, as the user's table has it; of the first one where none was.
    status : {"prepared", "no mask", "failed"}
    reason : str
        Why it failed, or how to get a mask.
    modality : str
        CT or MR.
    series_uid, phase, choice : str
        The series that was taken, its phase, and why it was; without a mask, the one to outline the tumour on.
    slices : int or None
    slice_mm, pixel_mm : float or None
        Of the scan.
    volume_ml : float or None
        Of the tumour that was measured.
    components, cysts : int or None
        Connected masses and cysts of the mask.
    touches : tuple of str
        Borders of the scan that the tumour reaches.
    diameters_mm, perpendiculars_mm : dict of str to float
        By plane: the largest diameter, and the largest width at right angles to it.
    starts_mm, ends_mm : dict of str to str
        By plane: the two ends of the largest diameter, ``x y z`` in the patient (LPS).
    slices_used : dict of str to int
        By plane: the slice, in patient axes, that holds the largest diameter.
    field_mm : float or None
        Side of what a picture shows.
    images : int
        Pictures in the store, neighbours among them.
    warnings : tuple of str
    series : tuple of SeriesRecord
        Every series that was found, the one that was taken first.
    """

    patient_id: str
    path: str
    status: Status
    reason: str = ""
    modality: str = ""
    series_uid: str = ""
    phase: str = ""
    choice: str = ""
    slices: int | None = None
    slice_mm: float | None = None
    pixel_mm: float | None = None
    volume_ml: float | None = None
    components: int | None = None
    cysts: int | None = None
    touches: tuple[str, ...] = ()
    diameters_mm: dict[str, float] = field(default_factory=dict)
    perpendiculars_mm: dict[str, float] = field(default_factory=dict)
    starts_mm: dict[str, str] = field(default_factory=dict)
    ends_mm: dict[str, str] = field(default_factory=dict)
    slices_used: dict[str, int] = field(default_factory=dict)
    field_mm: float | None = None
    images: int = 0
    warnings: tuple[str, ...] = ()
    series: tuple[SeriesRecord, ...] = ()

    def to_notes(self) -> dict[str, Any]:
        """Return it as plain JSON types, without whose it is."""
        notes = asdict(self)
        del notes["patient_id"]
        return notes | {name: list(notes[name]) for name in ("touches", "warnings", "series")}

    @classmethod
    def from_notes(cls, patient_id: str, notes: Mapping[str, Any]) -> Self:
        """Return the record of an earlier run."""
        parts: dict[str, Any] = {name: tuple(notes[name]) for name in ("touches", "warnings")}
        series = tuple(SeriesRecord(**each) for each in notes["series"])
        return cls(patient_id=patient_id, **{**notes, **parts, "series": series})

    def to_row(self) -> dict[str, object]:
        """Return a row of ``prepared/scans.csv``."""
        return {
            "patient_id": self.patient_id,
            "path": self.path,
            "status": self.status,
            "reason": self.reason,
            "modality": self.modality,
            "series_uid": self.series_uid,
            "phase": self.phase,
            "choice": self.choice,
            "rivals": sum(series.verdict == "passed over" for series in self.series),
            "slices": self.slices,
            "slice_mm": self.slice_mm,
            "pixel_mm": self.pixel_mm,
            "volume_ml": self.volume_ml,
            "components": self.components,
            "cysts": self.cysts,
            "touches": "; ".join(self.touches),
            **{f"{plane}_mm": self.diameters_mm.get(plane) for plane in PLANES},
            **{f"{plane}_perpendicular_mm": self.perpendiculars_mm.get(plane) for plane in PLANES},
            **{f"{plane}_start_mm": self.starts_mm.get(plane) for plane in PLANES},
            **{f"{plane}_end_mm": self.ends_mm.get(plane) for plane in PLANES},
            **{f"{plane}_slice": self.slices_used.get(plane) for plane in PLANES},
            "field_mm": self.field_mm,
            "images": self.images,
            "warnings": "; ".join(self.warnings),
        }

    def series_rows(self) -> list[dict[str, object]]:
        """Return the patient's rows of ``prepared/series.csv``."""
        return [{"patient_id": self.patient_id, **asdict(series)} for series in self.series]
