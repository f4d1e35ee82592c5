"""``tumorboard score``."""


def score() -> None:
    """Compute the clinical scores of a table of patients."""
