"""A new patient's raw files as a study of one patient, so that they are prepared as the study's own were.

A patient's folder holds the tables of a study folder, of one patient: ``patients.csv`` (one row), ``slides.csv``,
``scans.csv``, ``features.csv``, ``mutations.maf``, ``copy_number.tsv``. Each may be missing. What no table names is
looked for:

- slides: files with the suffix of a slide, and a folder ``slide`` or ``slides`` of DICOM files
- scan: a folder ``scan``, ``scans``, ``ct`` or ``mr`` of DICOM files, or a volume file of one of these names
- its mask: a file or folder whose name begins with ``mask`` or ``segmentation``
- genes: the one ``*.maf``, and ``copy_number*`` or ``*cna*``
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorboard.errors import StudyError, UserError
from tumorboard.prediction.patient_genes import write_copy_number, write_mutations
from tumorboard.prediction.patient_scan import find_scans
from tumorboard.slides.opening.formats import FORMATS
from tumorboard.study.files import StudyFolder, write_text
from tumorboard.study.settings import StudySettings, settings_template
from tumorboard.study.text_table import read_text_table

if TYPE_CHECKING:
    import pandas as pd

_SLIDE_SUFFIXES = tuple(
    sorted({suffix for each in FORMATS for suffix in each.suffixes if suffix.startswith(".")} - {".dcm"})
)
_SLIDE_FOLDERS = ("slide", "slides")
_PATHS = {"slides": ("path", "annotation"), "scans": ("path", "mask"), "features": ("path",)}


@dataclass(frozen=True)
class PatientFiles:
    """What was found of a new patient.

    Parameters
    ----------
    patient_id : str
        As the tables name the patient; without any, the folder's name.
    slides, scans : int
        Rows of their tables.
    features, mutations, copy_number : bool
    remarks : tuple of str
        On what was found without a table, in words fit for a report.
    """

    patient_id: str
    slides: int
    scans: int
    features: bool
    mutations: bool
    copy_number: bool
    remarks: tuple[str, ...]


def gather_patient(folder: Path, workspace: Path, settings: StudySettings) -> PatientFiles:
    """Write the study of one patient, whose tables name the patient's files where they lie.

    Parameters
    ----------
    folder : Path
        The patient's. Nothing is written into it.
    workspace : Path
        An empty folder.
    settings : StudySettings
        Those with which the model's study was prepared; who is eligible is nobody's question here.

    Returns
    -------
    PatientFiles

    Raises
    ------
    StudyError
        There is no such folder, it holds nothing that is known, or its tables name several patients.
    UserError
        A table cannot be read, a scan's modality is not known, or genes are of somebody else.
    """
    own = StudyFolder(folder)
    if not folder.is_dir():
        raise StudyError("there is no such folder of a patient", where=str(folder))
    tables = {
        name: read_text_table(path, encoding="utf-8-sig").frame
        for name in ("patients", *_PATHS)
        if (path := own.own_table(name)) is not None
    }
    patient = _patient_of(folder, tables)
    remarks: list[str] = []
    found = {name: _absolute(table, folder, _PATHS[name]) for name, table in tables.items() if name in _PATHS}
    finders: dict[str, Callable[[], tuple[pd.DataFrame | None, list[str]]]] = {
        "slides": lambda: _find_slides(folder, patient),
        "scans": lambda: find_scans(folder, patient, settings.scans.prefer),
    }
    for name, find in finders.items():
        if name not in found:
            table, told = find()
            remarks += told
            if table is not None:
                found[name] = table
    for name, table in found.items():
        write_text(workspace / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    flags, told = _write_genes(folder, workspace, patient)
    remarks += told
    if not tables and not found and not flags:
        raise StudyError(
            "nothing of a patient was found here",
            where=str(folder),
            fix="Put in a slide, a folder 'scan' with a mask, a MAF, or patients.csv; see 'tumorboard predict --help'",
        )
    _write_patients(workspace, tables.get("patients"), patient, flags)
    cohort = settings.cohort.model_copy(update={"tables": "", "index": "", "require": (), "encoding": "utf-8-sig"})
    write_text(workspace / "study.toml", settings_template(settings.model_copy(update={"cohort": cohort})))
    return PatientFiles(
        patient,
        slides=len(found["slides"]) if "slides" in found else 0,
        scans=len(found["scans"]) if "scans" in found else 0,
        features="features" in found,
        mutations="mutations_profiled" in flags,
        copy_number="copy_number_profiled" in flags,
        remarks=tuple(remarks),
    )


def _patient_of(folder: Path, tables: dict[str, pd.DataFrame]) -> str:
    """Return the one patient whom the tables name."""
    for name, table in tables.items():
        if "patient_id" not in table:
            raise UserError("the column patient_id is missing", where=str(folder / f"{name}.csv"))
    rows = tables.get("patients")
    if rows is not None and len(rows) != 1:
        raise StudyError(
            f"the table of patients has {len(rows)} rows", where=str(folder), fix="Give each patient a folder"
        )
    named = sorted({str(value) for table in tables.values() for value in table["patient_id"] if value})
    if len(named) > 1:
        raise StudyError(f"the tables name {len(named)} patients", where=str(folder), fix="Give each patient a folder")
    return named[0] if named else folder.resolve().name


def _absolute(table: pd.DataFrame, folder: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Return a table whose paths no longer depend on where it lies."""
    root = folder.resolve()
    named = [column for column in columns if column in table]
    return table.assign(**{column: [str(root / path) if path else "" for path in table[column]] for column in named})


def _find_slides(folder: Path, patient: str) -> tuple[pd.DataFrame | None, list[str]]:
    import pandas as pd

    root = folder.resolve()
    folders = [path for path in root.iterdir() if path.is_dir() and path.name.lower() in _SLIDE_FOLDERS]
    places = [root, *folders]
    files = sorted(
        path
        for place in places
        for path in place.iterdir()
        if path.is_file() and path.name.lower().endswith(_SLIDE_SUFFIXES) and not _is_hidden_or_mask(path)
    )
    dicom = sorted(place for place in folders if any(place.rglob("*.dcm")))
    paths = [*files, *dicom]
    if not paths:
        return None, []
    rows = pd.DataFrame({"patient_id": patient, "path": [str(path) for path in paths]})
    return rows, [f"slides.csv is not there; taken as slides: {', '.join(path.name for path in paths)}"]


def _is_hidden_or_mask(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower().startswith(("mask", "segmentation"))


def _write_genes(folder: Path, workspace: Path, patient: str) -> tuple[dict[str, str], list[str]]:
    """Write the patient's genes; return what was profiled as columns of the table of patients, and remarks."""
    flags: dict[str, str] = {}
    remarks: list[str] = []
    named: tuple[tuple[str, tuple[str, ...], Callable[..., list[str]], str], ...] = (
        ("mutations_profiled", ("*.maf", "*.maf.gz"), write_mutations, "mutations.maf"),
        ("copy_number_profiled", ("copy_number*", "*cna*"), write_copy_number, "copy_number.tsv"),
    )
    for flag, patterns, write, target in named:
        files = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
        if len(files) > 1:
            raise StudyError(
                f"{' and '.join(path.name for path in files)} may both be {target}",
                where=str(folder),
                fix="Keep one of them",
            )
        if files:
            remarks += write(files[0], workspace / target, patient)
            flags[flag] = "1"
    return flags, remarks


def _write_patients(workspace: Path, stated: pd.DataFrame | None, patient: str, flags: dict[str, str]) -> None:
    import pandas as pd

    row: dict[str, Any] = {"patient_id": patient} if stated is None else dict(stated.iloc[0])
    row |= {flag: value for flag, value in flags.items() if not row.get(flag)}
    write_text(workspace / "patients.csv", pd.DataFrame([row]).to_csv(index=False, lineterminator="\n"))
