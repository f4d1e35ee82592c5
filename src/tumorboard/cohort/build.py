"""Building a cohort: from sources to ``cohort.parquet``, ``genes.parquet`` and ``folds.parquet``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.archives import ArchiveIndex, read_index
from tumorboard.clinical.columns import CLINICAL_NAMES
from tumorboard.cohort.cbioportal import read_cbioportal
from tumorboard.cohort.eligibility import Flow, apply_requirements
from tumorboard.cohort.endpoints import OUTCOME_COLUMNS, choose_endpoint
from tumorboard.cohort.folds import deal_folds
from tumorboard.cohort.own_images import read_own_images
from tumorboard.cohort.own_tables import read_own_tables
from tumorboard.cohort.plausibility import find_follow_up_in_days, treat_impossible_as_missing
from tumorboard.cohort.records import RECORD_COLUMNS, Finding, PatientRecords
from tumorboard.errors import SettingsError, StudyError
from tumorboard.genomics import GeneTable
from tumorboard.study.files import StudyFolder
from tumorboard.study.settings import StudySettings

if TYPE_CHECKING:
    import pandas as pd

MODALITIES = ("slide", "ct", "mr", "mutations", "copy_number")

_AVAILABILITY = ("clinical", "slide", "ct", "mr", "scan", "segmentation", "mutations", "copy_number")


@dataclass(frozen=True, eq=False)
class Cohort:
    """A cohort as it was built.

    Parameters
    ----------
    patients : DataFrame
        One row an eligible patient: identifier, site, the endpoint (``time_months``, ``event``, ``competing``,
        ``landmark_status``), clinical columns, every endpoint's own columns, and ``has_…`` for what exists.
    genes : GeneTable
        Genes of the eligible patients.
    folds : DataFrame or None
        Roles in cross-validation; None where the eligible patients have too few events for it.
    flow : Flow
        Who was dropped for what.
    findings : tuple of Finding
        What a reader should know.
    series : DataFrame or None
        The archive's series of the eligible patients.
    settings : StudySettings
        The settings it was built with.
    inputs : tuple of Path
        The files that were read.
    """

    patients: pd.DataFrame
    genes: GeneTable
    folds: pd.DataFrame | None
    flow: Flow
    findings: tuple[Finding, ...]
    series: pd.DataFrame | None
    settings: StudySettings
    inputs: tuple[Path, ...]

    def summary(self) -> dict[str, object]:
        """Return the cohort in numbers, as ``tumorboard cohort --json`` prints it."""
        patients = self.patients
        known = patients[patients["time_months"].notna()]
        status = known["landmark_status"].value_counts()
        return {
            "patients": self.flow.patients,
            "required": list(self.settings.cohort.require),
            "eligible": len(patients),
            "endpoint": self.settings.cohort.endpoint,
            "with_endpoint": len(known),
            "events": int(known["event"].sum()),
            "competing_events": int(known["competing"].sum()),
            "five_year": {name: int(status.get(name, 0)) for name in ("dead", "alive", "excluded")},
            "landmark_months": self.settings.cohort.landmark_months,
            "modalities": {name: int(patients[f"has_{name}"].sum()) for name in MODALITIES},
            "scan": int(patients["has_scan"].sum()),
            "segmentation": int(patients["has_segmentation"].sum()),
            "mutations_and_copy_number": int((patients["has_mutations"] & patients["has_copy_number"]).sum()),
            "flow": self.flow.to_json(),
            "dropped": [{"patient_id": patient, "reason": reason} for patient, reason in self.flow.dropped],
            "findings": [finding.to_json() for finding in self.findings],
        }


def build_cohort(folder: StudyFolder, settings: StudySettings) -> Cohort:
    """Build a study's cohort.

    Parameters
    ----------
    folder : StudyFolder
        The study; its own tables are read unless the settings name cBioPortal files.
    settings : StudySettings
        The settings.

    Raises
    ------
    UserError
        For missing files, bad cells, or nobody left.
    """
    records = _read_records(folder, settings)
    index = read_index(settings.cohort.index) if settings.cohort.index else None
    everyone, image_tables = _with_own_images(folder, settings, _with_patients_of_archive(records.patients, index))
    patients, findings = treat_impossible_as_missing(_with_images_of_archive(everyone, index))
    findings += find_follow_up_in_days(patients)
    patients = choose_endpoint(
        _with_genes(patients, records.genes), settings.cohort.endpoint, settings.cohort.landmark_months
    )
    flow = apply_requirements(patients, settings.cohort.require)
    eligible = patients[flow.eligible].sort_values("patient_id", ignore_index=True)
    if eligible.empty:
        raise SettingsError(
            f"none of {len(patients)} patients has all of {', '.join(settings.cohort.require)}",
            where="cohort.require",
            fix="Require less: " + "; ".join(f"{step.reason}: {step.dropped} dropped" for step in flow.steps),
        )
    genes, strangers = _genes_of(records.genes, frozenset(patients["patient_id"]), frozenset(eligible["patient_id"]))
    folds, too_few = _folds(eligible, settings)
    return Cohort(
        patients=_ordered(eligible),
        genes=genes,
        folds=folds,
        flow=flow,
        findings=tuple(records.findings + findings + strangers + too_few),
        series=None if index is None else index.series[index.series["patient_id"].isin(set(eligible["patient_id"]))],
        settings=settings,
        inputs=(*records.inputs, *image_tables),
    )


def _read_records(folder: StudyFolder, settings: StudySettings) -> PatientRecords:
    if not settings.cohort.tables:
        return read_own_tables(folder, settings.cohort.endpoint, encoding=settings.cohort.encoding)
    tables = Path(settings.cohort.tables)
    tables = tables if tables.is_absolute() else folder.root / tables
    if not tables.is_dir():
        raise StudyError(
            "there is no such folder", where=str(tables), fix="Name the folder of cBioPortal files with --tables"
        )
    return read_cbioportal(tables, encoding=settings.cohort.encoding)


def _with_patients_of_archive(patients: pd.DataFrame, index: ArchiveIndex | None) -> pd.DataFrame:
    """Add the patients whom the archive's index alone knows."""
    import pandas as pd

    only = [] if index is None else sorted(set(index.patients) - set(patients["patient_id"]))
    if not only:
        return patients
    columns = {column.name: column.empty(pd.RangeIndex(len(only))) for column in RECORD_COLUMNS}
    unknown = pd.DataFrame(columns).assign(patient_id=only, has_clinical=False, proxies="")
    return pd.concat([patients, unknown.reindex(columns=patients.columns)], ignore_index=True)


def _with_own_images(
    folder: StudyFolder, settings: StudySettings, patients: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[Path, ...]]:
    """Mark who has images by the study's own tables beside cBioPortal's; give the files read."""
    if not settings.cohort.tables:
        return patients, ()  # the user's own tables were read together
    own = read_own_images(folder, frozenset(patients["patient_id"]), encoding=settings.cohort.encoding)
    return own.marked(patients), own.inputs


def _with_images_of_archive(patients: pd.DataFrame, index: ArchiveIndex | None) -> pd.DataFrame:
    """Mark who has images in the archive or in the study."""
    for kind in ("slide", "ct", "mr", "segmentation"):
        own = (
            patients[f"has_{kind}"].astype("boolean").fillna(False).astype(bool) if f"has_{kind}" in patients else False
        )
        there = False if index is None else patients["patient_id"].isin(index.patients_with(kind))
        patients = patients.assign(**{f"has_{kind}": there | own})
    return patients


def _with_genes(patients: pd.DataFrame, genes: GeneTable) -> pd.DataFrame:
    scan = patients["has_ct"] | patients["has_mr"]
    if "has_scan" in patients:  # features of scans stand for scans
        scan |= patients["has_scan"].astype("boolean").fillna(False).astype(bool)
    return patients.assign(
        has_scan=scan,
        has_mutations=patients["patient_id"].isin(genes.profiled.get("mutations", frozenset())),
        has_copy_number=patients["patient_id"].isin(genes.profiled.get("copy_number", frozenset())),
    )


def _genes_of(genes: GeneTable, known: frozenset[str], eligible: frozenset[str]) -> tuple[GeneTable, list[Finding]]:
    findings = []
    for profile, patients in genes.profiled.items():
        strangers = len(patients - known)
        if strangers:
            text = f"{strangers} profiled patients are in no patient table: their genes are not used"
            findings.append(Finding("left out", profile, strangers, text))
    return genes.restricted(eligible), findings


def _folds(eligible: pd.DataFrame, settings: StudySettings) -> tuple[pd.DataFrame | None, list[Finding]]:
    events = int(eligible["event"].sum())
    if events < settings.folds.count:
        text = f"{events} events are too few for {settings.folds.count} folds: no folds were dealt"
        return None, [Finding("incomplete", "folds", len(eligible), text)]
    return deal_folds(eligible, settings.folds), []


def _ordered(patients: pd.DataFrame) -> pd.DataFrame:
    outcome = ["time_months", "event", "competing", "landmark_status"]
    endpoints = [column.name for column in OUTCOME_COLUMNS]
    has = [f"has_{name}" for name in _AVAILABILITY]
    columns = ["patient_id", "site", *outcome, *CLINICAL_NAMES, "proxies", *endpoints, *has]
    return patients[columns].astype(dict.fromkeys(has, bool))
