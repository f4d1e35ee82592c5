"""Mutation and copy-number tables, and the patients' gene vectors."""
