"""What became of a slide, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

Status = Literal["prepared", "no tiles", "failed"]
_FAULTS_TOLD = 3


@dataclass(frozen=True)
class SlideRecord:
    """What became of a slide.

    Parameters
    ----------
    patient_id : str
    path : str
        As the user's table has it.
    status : str
        ``prepared``; ``no tiles`` where nothing usable was found; ``failed``.
    reason : str
        Why it failed.
    format : str
    mpp : float or None
        µm per pixel of level 0.
    mpp_source : str
    levels : tuple of tuple
        Width and height in pixels and µm per pixel of each level.
    tissue_mm2, tissue_share, blur_share, pen_share, fold_share : float or None
        Area of tissue; its share of what was scanned; shares of the tissue.
    candidates : dict of str to int
        Tiles by scale that are good.
    tiles : dict of str to int
        Tiles by scale that were taken.
    methods : dict of str to str
        How the tiles of a scale were made.
    rejected : dict of str to int
        Tiles at 10x (5x where there is no 10x) with tissue that were left out, by reason.
    damaged : int
        Tiles that could not be cut.
    warnings : tuple of str
    """

    patient_id: str
    path: str
    status: Status
    reason: str = ""
    format: str = ""
    mpp: float | None = None
    mpp_source: str = ""
    levels: tuple[tuple[int, int, float], ...] = ()
    tissue_mm2: float | None = None
    tissue_share: float | None = None
    blur_share: float | None = None
    pen_share: float | None = None
    fold_share: float | None = None
    candidates: dict[str, int] = field(default_factory=dict)
    tiles: dict[str, int] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    damaged: int = 0
    warnings: tuple[str, ...] = ()

    def as_written(self, tiles: dict[str, int], faults: Sequence[str] = ()) -> Self:
        """Put what was really written into the record of what was to be: tiles that were damaged are missing.

        Parameters
        ----------
        tiles : dict of str to int
            Tiles by scale.
        faults : sequence of str
            What was wrong with those that are missing, as far as it is known of each.

        Returns
        -------
        SlideRecord
        """
        damaged = sum(self.tiles.values()) - sum(tiles.values())
        told = f"{damaged} tiles are damaged in the file and were left out"
        if faults:
            more = f", and {len(faults) - _FAULTS_TOLD} more" if len(faults) > _FAULTS_TOLD else ""
            told += f": {'; '.join(faults[:_FAULTS_TOLD])}{more}"
        status: Status = "prepared" if sum(tiles.values()) else "no tiles"
        warnings = (*self.warnings, f"{told}.") if damaged else self.warnings
        return replace(self, status=status, tiles=tiles, damaged=damaged, warnings=warnings)

    def to_notes(self) -> dict[str, Any]:
        """Return it as plain JSON types, without whose it is and where it lies."""
        notes = asdict(replace(self, levels=(), warnings=()))
        del notes["patient_id"], notes["path"]
        return notes | {"levels": [list(level) for level in self.levels], "warnings": list(self.warnings)}

    @classmethod
    def from_notes(cls, patient_id: str, path: str, notes: Mapping[str, Any]) -> Self:
        """Make it again from what `to_notes` returned."""
        lists = {"levels": tuple(tuple(level) for level in notes["levels"]), "warnings": tuple(notes["warnings"])}
        return cls(patient_id, path, **(dict(notes) | lists))

    def to_row(self) -> dict[str, Any]:
        """Return it as one row of a table."""
        return {
            "patient_id": self.patient_id,
            "path": self.path,
            "status": self.status,
            "reason": self.reason,
            "format": self.format,
            "mpp": self.mpp,
            "mpp_source": self.mpp_source,
            "width_px": self.levels[0][0] if self.levels else None,
            "height_px": self.levels[0][1] if self.levels else None,
            "levels": len(self.levels) or None,
            "tissue_mm2": self.tissue_mm2,
            "tissue_share": self.tissue_share,
            "blur_share": self.blur_share,
            "pen_share": self.pen_share,
            "fold_share": self.fold_share,
            **{f"good_{scale}": self.candidates.get(scale) for scale in ("10x", "5x")},
            **{f"tiles_{scale}": self.tiles.get(scale) for scale in ("10x", "5x")},
            **{f"method_{scale}": self.methods.get(scale, "") for scale in ("10x", "5x")},
            "rejected": "; ".join(f"{reason}: {count}" for reason, count in self.rejected.items()),
            "damaged_tiles": self.damaged,
            "warnings": "; ".join(self.warnings),
        }
