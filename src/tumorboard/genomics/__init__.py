"""Mutation and copy-number tables, and the patients' gene vectors."""

from tumorboard.genomics.copy_number import read_copy_number
from tumorboard.genomics.gene_table import GeneTable
from tumorboard.genomics.mutations import MutationReading, read_maf
from tumorboard.genomics.panel import GenePanel

__all__ = ["GenePanel", "GeneTable", "MutationReading", "read_copy_number", "read_maf"]
