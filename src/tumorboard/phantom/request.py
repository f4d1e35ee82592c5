"""What phantom is wanted, and whether a folder may take it."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tumorboard.errors import StudyError
from tumorboard.phantom.presets import Contents, Effort, Preset, effort
from tumorboard.study.files import StudyFolder, read_json, write_json
from tumorboard.study.log import fingerprint

MARKER = ".tumorboard-phantom"
TABLES = ("patients.csv", "slides.csv", "scans.csv", "mutations.maf", "copy_number.tsv")
_NOTE = "The images and tables in this folder were made by 'tumorboard phantom'; no real patient is behind them."
_SPARE = 1.1


@dataclass(frozen=True)
class PhantomRequest:
    """What phantom is wanted.

    Parameters
    ----------
    patients : int
    seed : int
        Seed of every draw.
    preset : Preset
    contents : Contents
        Image files, ready-made tiles and planes, or tables alone.
    leaky_sites : bool
        Sites follow the outcome: the trap that a site-grouped split must find.
    independent : bool
        Draw patients independently, as real cohorts are, in place of spreading the draws evenly.
    """

    patients: int
    seed: int
    preset: Preset
    contents: Contents = Contents.FILES
    leaky_sites: bool = False
    independent: bool = False

    def with_slide_side(self, pixels: int) -> PhantomRequest:
        """Give the same phantom with slides of another side, in pixels at 0.25 µm."""
        return replace(self, preset=replace(self.preset, slide_side_px=pixels))

    def effort(self, workers: int) -> Effort:
        """Estimate what it will take with so many processes."""
        return effort(self.preset, self.patients, self.contents, workers)

    def record(self) -> dict[str, object]:
        """Return what decides every byte, for the marker in the folder."""
        preset = asdict(self.preset) | {"scan_slices": list(self.preset.scan_slices)}
        preset.pop("patients")
        return {
            "patients": self.patients,
            "seed": self.seed,
            "preset": preset,
            "contents": str(self.contents),
            "leaky_sites": self.leaky_sites,
            "independent": self.independent,
        }


def claim_folder(folder: StudyFolder, request: PhantomRequest) -> None:
    """Mark a folder as this phantom's, so that stopped work can go on in it and in no other.

    Raises
    ------
    StudyError
        For a file in the folder's place, a folder with other files or with another phantom, or a table that was
        changed since it was written.
    """
    root, marker = folder.root, folder.root / MARKER
    fix = "Name a folder that is empty or new"
    if root.exists() and not root.is_dir():
        raise StudyError("this is a file, not a folder", where=str(root), fix=fix)
    if not marker.is_file():
        if root.exists() and any(root.iterdir()):
            raise StudyError("the folder holds other files", where=str(root), fix=fix)
        _write_marker(folder, request, {})
        return
    made = read_json(marker, f"tumorboard phantom {root}")
    if made.get("request") != request.record():
        raise StudyError(
            f"the folder holds another phantom ({_differences(made.get('request'), request.record())})",
            where=str(root),
            fix=f"{fix}, or ask for the same phantom to go on with it",
        )
    tables = made.get("tables")
    for name, digest in tables.items() if isinstance(tables, dict) else ():
        if (root / name).is_file() and fingerprint([root / name])[name] != digest:
            raise StudyError(f"{name} has been changed since it was written", where=str(root), fix=fix)


def remember_tables(folder: StudyFolder, request: PhantomRequest) -> None:
    """Note in the marker what the tables were when they were written: a table that its user changed is not replaced."""
    _write_marker(folder, request, fingerprint(path for name in TABLES if (path := folder.root / name).is_file()))


def _write_marker(folder: StudyFolder, request: PhantomRequest, tables: dict[str, str]) -> None:
    write_json(folder.root / MARKER, {"made": _NOTE, "request": request.record(), "tables": tables})


def refuse_full_disk(root: Path, request: PhantomRequest) -> None:
    """Refuse what would not fit on the disk, before anything is begun.

    Raises
    ------
    StudyError
        With both numbers.
    """
    free = free_gigabytes(root)
    needed = request.effort(1).gigabytes
    if needed * _SPARE > free:
        raise StudyError(
            f"about {needed:.1f} GB are needed and {free:.1f} GB are free",
            where=str(root),
            fix="Ask for fewer patients, a smaller preset, --tiles-only or --tables-only",
        )


def free_gigabytes(root: Path) -> float:
    """Give the room on the disk where a folder lies or would lie."""
    existing = next(path for path in (root.absolute(), *root.absolute().parents) if path.exists())
    return shutil.disk_usage(existing).free / 1e9


def _differences(made: object, asked: dict[str, object]) -> str:
    if not isinstance(made, dict):
        return "its marker is unreadable"
    told = [
        f"{name.replace('_', ' ')} {made.get(name)}, not {value}"
        for name, value in asked.items()
        if made.get(name) != value and name != "preset"
    ]
    if made.get("preset") != asked["preset"]:
        told.append("another preset or side of slides")
    return "; ".join(told)
