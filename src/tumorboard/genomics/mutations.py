"""Somatic mutations from MAF files (https://docs.gdc.cancer.gov/Data/File_Formats/MAF_Format)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tumorboard.errors import CellFault, UserError
from tumorboard.genomics.barcodes import SampleTable, patients_of_samples
from tumorboard.genomics.gene_table import GeneTable
from tumorboard.study.tables import LARGEST_FAULT_LIST, raise_faults, read_text_table

SILENT_CLASSES = frozenset(
    {
        "Silent", "Intron", "3'UTR", "5'UTR", "3'Flank", "5'Flank", "IGR", "RNA", "lincRNA", "Targeted_Region",
        "De_novo_Start_InFrame", "De_novo_Start_OutOfFrame",
    }
)  # fmt: skip
"""Classes that do not change the protein and are left out."""

_COLUMNS = ("Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode")
_ALLOWED = {
    "Hugo_Symbol": "a gene symbol",
    "Variant_Classification": "a class such as Missense_Mutation",
    "Tumor_Sample_Barcode": "a sample barcode",
}


@dataclass(frozen=True)
class MutationReading:
    """What was read from a MAF.

    Parameters
    ----------
    table : GeneTable
        Mutated genes by patient.
    variants, silent, other_samples : int
        Variants read, left out as silent, and left out because the sample is not of the primary tumour.
    """

    table: GeneTable
    variants: int
    silent: int
    other_samples: int


def read_maf(
    path: Path,
    *,
    sample_table: SampleTable | None = None,
    profiled: frozenset[str] | None = None,
    encoding: str = "utf-8-sig",
) -> MutationReading:
    """Read the mutated genes of each patient.

    Parameters
    ----------
    path : Path
        A MAF, plain or gzip.
    sample_table : mapping of str to (str, bool), optional
        Patient of each sample, and whether the sample is of the primary tumour; others are left out.
    profiled : frozenset of str, optional
        All patients who were sequenced; without it, those with at least one variant in the file count as sequenced and
        a sequenced patient without any variant cannot be told from one who was not sequenced.
    encoding : str
        The text's encoding.

    Raises
    ------
    UserError
        For a file without gene symbols, classes or barcodes.
    TableError
        For rows without a gene, a class or a barcode.
    """
    text = read_text_table(path, separator="\t", comment="#", only=_COLUMNS, encoding=encoding)
    missing = [name for name in _COLUMNS if name not in text.frame.columns]
    if missing:
        raise UserError(
            f"the column {', '.join(missing)} is missing", where=path.name, fix="A MAF needs " + ", ".join(_COLUMNS)
        )
    frame = text.frame
    raise_faults(
        [
            CellFault(text.file, row + text.first_line, name, "", _ALLOWED[name])
            for name in ("Tumor_Sample_Barcode", "Hugo_Symbol", "Variant_Classification")
            for row in frame.index[frame[name] == ""][:LARGEST_FAULT_LIST].tolist()
        ]
    )
    who = patients_of_samples(frame["Tumor_Sample_Barcode"], sample_table or {})
    silent = frame["Variant_Classification"].isin(SILENT_CLASSES)
    kept = who["primary"] & ~silent
    found = who.loc[kept, ["patient_id"]].assign(profile="mutations", feature=frame.loc[kept, "Hugo_Symbol"], value=1)
    sequenced = profiled if profiled is not None else frozenset(who.loc[who["primary"], "patient_id"])
    strangers = frozenset(found["patient_id"]) - sequenced
    if strangers:
        raise UserError(
            f"{len(strangers)} patients, the first {min(strangers)}, have variants but are not in the "
            "list of sequenced samples",
            where=path.name,
            fix="Add them to the list, or remove the list",
        )
    table = GeneTable(found.drop_duplicates(ignore_index=True), {"mutations": sequenced})
    return MutationReading(table, len(frame), int(silent.sum()), int((~who["primary"]).sum()))
