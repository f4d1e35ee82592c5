"""Which images of which patients lie in the Imaging Data Commons, read offline from its published index.

The package ``idc-index-data`` ships the index of all series. A diagnostic slide is a formalin-fixed, paraffin-embedded
H&E slide ("FFPE HE … DX1" in the series description); frozen sections are not diagnostic. Segmentations are all
contours (RTSTRUCT), and masks (SEG) of the radiology collections ``rcc_aid`` and ``bamf_aimi_annotations`` only, since
other masks are maps of lymphocytes on slides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tumorboard.errors import MissingExtraError, SettingsError

if TYPE_CHECKING:
    import pandas as pd

_DIAGNOSTIC_SLIDE = re.compile(r"^FFPE HE\b.*\bDX\w*$")
_TUMOUR_SEGMENTATIONS = ("rcc_aid", "bamf_aimi_annotations")

_COLUMNS = (
    "collection_id", "analysis_result_id", "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "Modality",
    "SeriesDescription", "instanceCount", "series_size_MB", "aws_bucket", "crdc_series_uuid", "license_short_name",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ArchiveIndex:
    """The series of one collection that this program can use.

    Parameters
    ----------
    collection : str
        The collection's name.
    version : str
        Version of the index.
    patients : tuple of str
        All patients of the collection, with or without a usable series.
    series : DataFrame
        One row a series: ``patient_id``, ``kind`` (slide, ct, mr, segmentation), the series and study identifiers,
        description, number of files, size in MB, and where the files lie.
    """

    collection: str
    version: str
    patients: tuple[str, ...]
    series: pd.DataFrame

    def patients_with(self, kind: str) -> frozenset[str]:
        """Return the patients with at least one series of a kind."""
        return frozenset(self.series.loc[self.series["kind"] == kind, "patient_id"])


def read_index(collection: str) -> ArchiveIndex:
    """Read the index of one collection.

    Parameters
    ----------
    collection : str
        Such as ``tcga_kirc`` or ``cptac_ccrcc``.

    Raises
    ------
    MissingExtraError
        Where the package with the index is not installed.
    SettingsError
        For a collection that the index does not have.
    """
    try:
        import idc_index_data
    except ImportError:
        raise MissingExtraError("idc-index-data", "archives", "the index of the Imaging Data Commons") from None
    import pyarrow.parquet

    name = collection.lower().replace("-", "_")
    path = idc_index_data.IDC_INDEX_PARQUET_FILEPATH
    frame: pd.DataFrame = pyarrow.parquet.read_table(
        path, columns=list(_COLUMNS), filters=[("collection_id", "==", name)]
    ).to_pandas()
    if frame.empty:
        raise SettingsError(
            f"the index of the Imaging Data Commons has no collection {collection!r}",
            where="index",
            fix="Use a name such as tcga_kirc or cptac_ccrcc",
        )
    version = str(getattr(idc_index_data, "__version__", "")) or _installed_version()
    return ArchiveIndex(name, version, tuple(sorted(frame["PatientID"].unique())), _usable_series(frame))


def _installed_version() -> str:
    from importlib.metadata import version

    return version("idc-index-data")


def _usable_series(frame: pd.DataFrame) -> pd.DataFrame:
    kinds: list[str] = [
        _kind(modality, description, analysis)
        for modality, description, analysis in zip(
            frame["Modality"],
            frame["SeriesDescription"].fillna(""),
            frame["analysis_result_id"].fillna(""),
            strict=True,
        )
    ]
    renamed = frame.assign(kind=kinds).rename(
        columns={
            "PatientID": "patient_id", "StudyInstanceUID": "study_instance_uid",
            "SeriesInstanceUID": "series_instance_uid", "Modality": "dicom_modality",
            "SeriesDescription": "description", "instanceCount": "files", "series_size_MB": "size_mb",
            "license_short_name": "licence",
        }
    )  # fmt: skip
    usable = renamed[renamed["kind"] != ""]
    return usable.sort_values(["patient_id", "kind", "series_instance_uid"], ignore_index=True)


def _kind(modality: str, description: str, analysis: str) -> str:
    if modality in ("CT", "MR"):
        return modality.lower()
    if modality == "SM" and _DIAGNOSTIC_SLIDE.match(description):
        return "slide"
    if modality == "RTSTRUCT" or (modality == "SEG" and analysis in _TUMOUR_SEGMENTATIONS):
        return "segmentation"
    return ""
