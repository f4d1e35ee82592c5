"""How often genes are mutated and arms gained or lost in TCGA-KIRC.

Mutations: shares of the 369 patients with a variant in TCGA's MC3 calls, the range of the gene's variants (GRCh37), and
the classes of its variants in percent. Arms: shares of the 528 patients with SNP arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

MUTATION_CLASSES = (
    "Missense_Mutation", "Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del", "Splice_Site",
)  # fmt: skip


@dataclass(frozen=True)
class Gene:
    """One gene.

    Parameters
    ----------
    symbol, chromosome : str
        Which.
    start, end : int
        Where variants lie, GRCh37.
    frequency : float
        Share of the sequenced with a variant.
    class_shares : tuple of float
        Weights of ``MUTATION_CLASSES``.
    severity : float
        Correlation with the common severity.
    partner : str
        The arm with whose loss it goes together, or the gene above it in ``GENES`` that it avoids; may be empty.
    with_partner : float
        Correlation of the two liabilities; below 0 for a gene that it avoids.
    """

    symbol: str
    chromosome: str
    start: int
    end: int
    frequency: float
    class_shares: tuple[float, ...]
    severity: float = 0.0
    partner: str = ""
    with_partner: float = 0.0


@dataclass(frozen=True)
class Arm:
    """One chromosome arm.

    Parameters
    ----------
    name : str
        Such as ``3p``.
    loss, gain : float
        Shares of the measured.
    severity : float
        Correlation of the level with the common severity; negative where severe disease loses the arm.
    """

    name: str
    loss: float
    gain: float
    severity: float = 0.0

    @property
    def chromosome(self) -> str:
        """The chromosome's number."""
        return self.name[:-1]


GENES: tuple[Gene, ...] = (
    Gene("VHL", "3", 10_183_725, 10_191_649, 0.466, (37, 17, 22, 11, 2, 10), 0.0, "3p", 0.38),
    Gene("PBRM1", "3", 52_582_081, 52_713_608, 0.401, (14, 26, 39, 8, 1, 12)),
    Gene("TTN", "2", 179_397_153, 179_667_069, 0.195, (82, 9, 8, 0, 0, 1)),
    Gene("SETD2", "3", 47_058_645, 47_165_361, 0.133, (25, 33, 25, 5, 2, 9), 0.15),
    Gene("BAP1", "3", 52_436_345, 52_443_894, 0.103, (25, 28, 22, 2, 2, 12), 0.3, "PBRM1", -0.35),
    Gene("MTOR", "1", 11_169_375, 11_319_454, 0.084, (97, 0, 0, 0, 3, 0)),
    Gene("MUC16", "19", 8_997_497, 9_091_613, 0.081, (97, 0, 0, 0, 3, 0)),
    Gene("KDM5C", "X", 53_222_742, 53_253_992, 0.054, (29, 29, 33, 0, 0, 5)),
    Gene("DNAH9", "17", 11_520_890, 11_845_736, 0.049, (85, 10, 5, 0, 0, 0)),
    Gene("HMCN1", "1", 185_953_431, 186_158_899, 0.049, (67, 11, 11, 6, 6, 0)),
    Gene("KMT2C", "7", 151_836_874, 152_012_275, 0.043, (50, 19, 25, 0, 0, 6)),
    Gene("ATM", "11", 108_106_450, 108_236_074, 0.041, (42, 21, 26, 0, 0, 11)),
    Gene("DST", "6", 56_330_885, 56_506_878, 0.038, (80, 7, 13, 0, 0, 0)),
    Gene("PTEN", "10", 89_692_880, 89_725_043, 0.038, (19, 19, 31, 12, 0, 19)),
    Gene("ARID1A", "1", 27_057_952, 27_107_213, 0.038, (36, 14, 43, 7, 0, 0)),
    Gene("TP53", "17", 7_577_097, 7_579_882, 0.033, (58, 17, 0, 8, 0, 17)),
)

ARMS: tuple[Arm, ...] = (
    Arm("1p", 0.085, 0.006), Arm("1q", 0.034, 0.078), Arm("2p", 0.023, 0.080),
    Arm("2q", 0.027, 0.083), Arm("3p", 0.822, 0.015), Arm("3q", 0.104, 0.085),
    Arm("4p", 0.066, 0.027), Arm("4q", 0.059, 0.025), Arm("5p", 0.006, 0.244),
    Arm("5q", 0.008, 0.464), Arm("6p", 0.116, 0.006), Arm("6q", 0.205, 0.004),
    Arm("7p", 0.004, 0.248), Arm("7q", 0.004, 0.252), Arm("8p", 0.223, 0.028),
    Arm("8q", 0.074, 0.085), Arm("9p", 0.188, 0.025, -0.2), Arm("9q", 0.191, 0.023, -0.2),
    Arm("10p", 0.061, 0.017), Arm("10q", 0.104, 0.009), Arm("11p", 0.009, 0.027),
    Arm("11q", 0.021, 0.030), Arm("12p", 0.009, 0.148), Arm("12q", 0.009, 0.146),
    Arm("13q", 0.081, 0.030), Arm("14q", 0.331, 0.027, -0.1), Arm("15q", 0.023, 0.030),
    Arm("16p", 0.004, 0.129), Arm("16q", 0.013, 0.108), Arm("17p", 0.059, 0.023),
    Arm("17q", 0.028, 0.036), Arm("18p", 0.102, 0.040), Arm("18q", 0.112, 0.042),
    Arm("19p", 0.009, 0.044), Arm("19q", 0.002, 0.059), Arm("20p", 0.013, 0.129),
    Arm("20q", 0.000, 0.140), Arm("21q", 0.072, 0.053), Arm("22q", 0.030, 0.049),
)  # fmt: skip

SAME_CHROMOSOME = {
    "1": 0.3, "2": 0.9, "3": 0.25, "5": 0.8, "7": 0.97, "8": 0.5, "9": 0.97, "12": 0.97, "16": 0.9, "20": 0.9,
}  # fmt: skip
"""Correlation of a chromosome's arms where it is not the usual 0.7."""

GENE_ARMS = {
    "VHL": "3p", "PBRM1": "3p", "BAP1": "3p", "SETD2": "3p", "SQSTM1": "5q", "TERT": "5p", "MET": "7q", "EGFR": "7p",
    "MYC": "8q", "CDKN2A": "9p", "CDKN2B": "9p", "PTEN": "10q", "HIF1A": "14q", "TP53": "17p", "SMAD4": "18q",
    "MTOR": "1p", "ARID1A": "1p", "RB1": "13q",
}  # fmt: skip
"""Genes of the GISTIC table and their arms."""
