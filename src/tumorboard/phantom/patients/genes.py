"""Mutations and copy numbers with TCGA-KIRC's frequencies; they carry almost nothing, and nothing beyond the factors.

A few alterations are somewhat more frequent in severe disease, as BAP1 and 9p loss are; given the factors, none tells
anything of the outcome. Coordinates lie within the gene (GRCh37) and bases are drawn: no variant is a real patient's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from tumorboard.phantom.patients.draws import Draws
from tumorboard.phantom.patients.gene_frequencies import ARMS, GENE_ARMS, GENES, MUTATION_CLASSES, SAME_CHROMOSOME, Gene
from tumorboard.phantom.patients.patient import generator
from tumorboard.survival.outcome import FloatArray

if TYPE_CHECKING:
    import pandas as pd

_CALLS = np.asarray(["Loss", "Unchanged", "Gain"], dtype=object)
_AMPLIFIED_SHARE = 0.04
"""Share of altered genes that GISTIC calls deep (-2) or high (2); a plain choice of ours."""


@dataclass(frozen=True, eq=False)
class Alterations:
    """The alterations of every patient, whether measured or not.

    Parameters
    ----------
    mutated : array of bool, shape (genes, n)
        In the order of ``GENES``.
    calls : array of int8, shape (arms, n)
        -1 loss, 0 unchanged, 1 gain, in the order of ``ARMS``.
    """

    mutated: npt.NDArray[np.bool_]
    calls: npt.NDArray[np.int8]


def draw_alterations(draws: Draws, severity: FloatArray) -> Alterations:
    """Draw mutations and arms.

    Parameters
    ----------
    draws : Draws
        The cohort's draws.
    severity : array of float, shape (n,)
        The common severity, standard normal.

    Returns
    -------
    Alterations
    """
    calls = np.empty((len(ARMS), draws.count), dtype=np.int8)
    chromosomes: dict[str, FloatArray] = {}
    liabilities: dict[str, FloatArray] = {}
    for k, arm in enumerate(ARMS):
        if arm.chromosome not in chromosomes:
            chromosomes[arm.chromosome] = draws.normal(f"chromosome {arm.chromosome}")
        share = SAME_CHROMOSOME.get(arm.chromosome, 0.7)
        own = np.sqrt(share) * chromosomes[arm.chromosome] + np.sqrt(1 - share) * draws.normal(f"arm {arm.name}")
        level = _mixed(severity, arm.severity, own)
        liabilities[arm.name] = -level
        calls[k] = (level > -ndtri(arm.gain)).astype(np.int8) - (level < ndtri(arm.loss)).astype(np.int8)
    mutated = np.empty((len(GENES), draws.count), dtype=bool)
    for k, gene in enumerate(GENES):
        own = draws.normal(f"gene {gene.symbol}")
        if gene.partner:
            own = _mixed(liabilities[gene.partner], _own_correlation(gene), own)
        liabilities[gene.symbol] = _mixed(severity, gene.severity, own)
        mutated[k] = liabilities[gene.symbol] > -ndtri(gene.frequency)
    return Alterations(mutated, calls)


def _own_correlation(gene: Gene) -> float:
    """Return the correlation of a gene's own part with its partner, whose liability is free of the severity."""
    return float(gene.with_partner / np.sqrt(1 - gene.severity**2))


def _mixed(common: FloatArray, correlation: float, own: FloatArray) -> FloatArray:
    mixed: FloatArray = correlation * common + np.sqrt(1 - correlation**2) * own
    return mixed


def mutation_table(
    alterations: Alterations, patients: npt.NDArray[np.object_], sequenced: npt.NDArray[np.bool_], seed: int
) -> pd.DataFrame:
    """Return the variants of the sequenced as a MAF.

    Parameters
    ----------
    alterations : Alterations
        The patients' alterations.
    patients : array of str, shape (n,)
        Their identifiers, used as sample barcodes.
    sequenced : array of bool, shape (n,)
        Who was sequenced.
    seed : int
        The cohort's seed.

    Returns
    -------
    DataFrame
        One row a variant: gene, GRCh37 place, class, type, alleles, sample
        (https://docs.gdc.cancer.gov/Data/File_Formats/MAF_Format).
    """
    import pandas as pd

    patient, gene = np.nonzero((alterations.mutated & sequenced).T)
    rng = generator(seed, 0, "variants")
    start, kind = _places(gene, rng), _classes(gene, rng)
    reference, alternative, variant_type, length = _alleles(kind, rng)
    symbols = np.asarray([entry.symbol for entry in GENES])
    chromosomes = np.asarray([entry.chromosome for entry in GENES])
    return pd.DataFrame(
        {
            "Hugo_Symbol": symbols[gene],
            "NCBI_Build": "GRCh37",
            "Chromosome": chromosomes[gene],
            "Start_Position": start,
            "End_Position": start + length - 1,
            "Variant_Classification": kind,
            "Variant_Type": variant_type,
            "Reference_Allele": reference,
            "Tumor_Seq_Allele2": alternative,
            "Tumor_Sample_Barcode": patients[patient],
        }
    )


def _places(gene: npt.NDArray[np.intp], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    first = np.asarray([entry.start for entry in GENES], dtype=np.int64)
    last = np.asarray([entry.end for entry in GENES], dtype=np.int64)
    return rng.integers(first[gene], last[gene], endpoint=True)


def _classes(gene: npt.NDArray[np.intp], rng: np.random.Generator) -> npt.NDArray[np.object_]:
    limits = np.asarray([np.cumsum(entry.class_shares) / np.sum(entry.class_shares) for entry in GENES])
    position = (rng.random(len(gene))[:, None] > limits[gene]).sum(axis=1)
    names: npt.NDArray[np.object_] = np.asarray(MUTATION_CLASSES, dtype=object)
    drawn: npt.NDArray[np.object_] = names[np.minimum(position, len(MUTATION_CLASSES) - 1)]
    return drawn


def _alleles(
    kind: npt.NDArray[np.object_], rng: np.random.Generator
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_], npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Return reference, alternative, type, and the number of bases between start and end, both included."""
    bases = np.asarray(list("ACGT"), dtype=object)
    first = rng.integers(4, size=len(kind))
    second = (first + rng.integers(1, 4, size=len(kind))) % 4
    reference, alternative = bases[first], bases[second]
    variant_type = np.full(len(kind), "SNP", dtype=object)
    deleted, inserted = np.isin(kind, ["Frame_Shift_Del", "In_Frame_Del"]), kind == "Frame_Shift_Ins"
    in_frame = kind == "In_Frame_Del"
    reference[in_frame] = bases[first[in_frame]] + bases[second[in_frame]] + bases[first[in_frame]]
    alternative[deleted], reference[inserted] = "-", "-"
    variant_type[deleted], variant_type[inserted] = "DEL", "INS"
    length = np.where(in_frame, 3, np.where(inserted, 2, 1))  # an insertion lies between two neighbouring bases
    return reference, alternative, variant_type, length.astype(np.int64)


def arm_table(
    alterations: Alterations, patients: npt.NDArray[np.object_], measured: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    """Return the arms in cBioPortal's arm-level layout (https://docs.cbioportal.org/file-formats).

    Parameters
    ----------
    alterations : Alterations
        The patients' alterations.
    patients : array of str, shape (n,)
        Their identifiers.
    measured : array of bool, shape (n,)
        Whose copy number was measured.

    Returns
    -------
    DataFrame
        ``ENTITY_STABLE_ID``, ``NAME``, ``DESCRIPTION``, and a column a measured patient: Loss, Unchanged, Gain.
    """
    import pandas as pd

    names = [arm.name for arm in ARMS]
    described = pd.DataFrame(
        {
            "ENTITY_STABLE_ID": [f"{name}_status" for name in names],
            "NAME": names,
            "DESCRIPTION": [f"Chromosome {name} arm-level status" for name in names],
        }
    )
    calls = pd.DataFrame(_CALLS[alterations.calls[:, measured] + 1], columns=patients[measured])
    return pd.concat([described, calls], axis=1)


def gistic_table(
    alterations: Alterations, patients: npt.NDArray[np.object_], measured: npt.NDArray[np.bool_], seed: int
) -> pd.DataFrame:
    """Return single genes in cBioPortal's GISTIC layout: the call of the gene's arm, sometimes deeper.

    Parameters
    ----------
    alterations : Alterations
        The patients' alterations.
    patients : array of str, shape (n,)
        Their identifiers.
    measured : array of bool, shape (n,)
        Whose copy number was measured.
    seed : int
        The cohort's seed.

    Returns
    -------
    DataFrame
        ``Hugo_Symbol``, ``Cytoband``, and a column a measured patient: -2 to 2.
    """
    import pandas as pd

    rows = {arm.name: k for k, arm in enumerate(ARMS)}
    levels = alterations.calls[[rows[arm] for arm in GENE_ARMS.values()]][:, measured]
    deeper = generator(seed, 0, "gistic").random(levels.shape) < _AMPLIFIED_SHARE
    levels = np.where(deeper, 2 * levels, levels).astype(np.int8)
    described = pd.DataFrame({"Hugo_Symbol": list(GENE_ARMS), "Cytoband": list(GENE_ARMS.values())})
    return pd.concat([described, pd.DataFrame(levels, columns=patients[measured])], axis=1)
