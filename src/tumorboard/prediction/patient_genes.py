"""One patient's mutations and copy numbers, whoever else is in the files, under the patient's own name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.errors import UserError
from tumorboard.genomics.barcodes import patients_of_samples
from tumorboard.study.files import write_text
from tumorboard.study.text_table import read_text_table

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_MAF_COLUMNS = ("Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode")
_BESIDE_SAMPLES = ("NAME", "Hugo_Symbol", "ENTITY_STABLE_ID", "DESCRIPTION", "Entrez_Gene_Id", "Cytoband", "Locus ID")


def write_mutations(source: Path, target: Path, patient: str) -> list[str]:
    """Write the patient's variants of a MAF.

    Parameters
    ----------
    source : Path
        A MAF. One without a variant says that none was found.
    target : Path
    patient : str

    Returns
    -------
    list of str
        Remarks.

    Raises
    ------
    UserError
        A column is missing, or the variants are of several patients of whom none is this one.
    """
    if _has_header_alone(source):
        # a silent variant is no mutation, but says that the patient was sequenced
        write_text(target, "\t".join(_MAF_COLUMNS) + f"\nNONE\tSilent\t{patient}\n")
        return [f"{source.name} holds no variant: none was found"]
    frame = read_text_table(source, separator="\t", comment="#", only=_MAF_COLUMNS, encoding="utf-8-sig").frame
    missing = [name for name in _MAF_COLUMNS if name not in frame]
    if missing:
        raise UserError(f"the column {', '.join(missing)} is missing", where=source.name)
    is_own, remarks = _own_samples(frame["Tumor_Sample_Barcode"], patient, source)
    kept = frame[is_own].assign(Tumor_Sample_Barcode=patient)[list(_MAF_COLUMNS)]
    write_text(target, kept.to_csv(index=False, sep="\t", lineterminator="\n"))
    return remarks


def _has_header_alone(source: Path) -> bool:
    if source.suffix == ".gz":
        return False
    try:
        lines = [line for line in source.read_text(encoding="utf-8-sig").splitlines() if line and line[0] != "#"]
    except (OSError, UnicodeDecodeError):
        return False  # reading it as a table tells why
    return len(lines) == 1 and set(_MAF_COLUMNS) <= set(lines[0].split("\t"))


def write_copy_number(source: Path, target: Path, patient: str) -> list[str]:
    """Write the patient's column of an arm-level or GISTIC table.

    Parameters
    ----------
    source, target : Path
    patient : str

    Returns
    -------
    list of str
        Remarks.

    Raises
    ------
    UserError
        There is no sample, or the samples are of several patients of whom none is this one.
    """
    import pandas as pd

    frame = read_text_table(source, separator="\t", comment="#", encoding="utf-8-sig").frame
    samples = pd.Series([name for name in frame if name not in _BESIDE_SAMPLES], dtype=object)
    if samples.empty:
        raise UserError("there is no column of a sample", where=source.name)
    is_own, remarks = _own_samples(samples, patient, source)
    own = samples[is_own]
    if len(own) > 1:
        raise UserError(f"{len(own)} samples are the patient's", where=source.name, fix="Keep one of them")
    kept = frame[[name for name in frame if name in _BESIDE_SAMPLES or name in set(own)]]
    kept = kept.rename(columns=dict.fromkeys(own, patient))
    write_text(target, kept.to_csv(index=False, sep="\t", lineterminator="\n"))
    return remarks


def _own_samples(samples: pd.Series[str], patient: str, source: Path) -> tuple[NDArray[np.bool_], list[str]]:
    """Tell which samples are of the patient's primary tumour, and what is to be remarked."""
    who = patients_of_samples(samples, {})
    if not who["primary"].any():
        raise UserError("no sample is of the primary tumour", where=source.name)
    name, remarks = _name_in_file(who.loc[who["primary"]], patient, source)
    return (who["primary"] & (who["patient_id"] == name)).to_numpy(dtype=bool), remarks


def _name_in_file(primary: pd.DataFrame, patient: str, source: Path) -> tuple[str, list[str]]:
    """Return what a file calls the patient: by the name, or as the only one in it."""
    there = sorted(set(primary["patient_id"]))
    if patient in there:
        return patient, []
    if len(there) > 1:
        raise UserError(
            f"{len(there)} patients are in the file, and none is called as the table of patients does",
            where=source.name,
            fix="Correct patient_id in patients.csv, or keep the patient's own sample",
        )
    return there[0], [f"the one sample of {source.name}, which bears another name, is taken as the patient's"]
