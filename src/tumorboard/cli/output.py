"""What commands print: JSON for machines, one line for a mistake."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from tumorboard.errors import TableError, TumorboardError


def print_json(answer: object) -> None:
    """Print an answer as JSON on standard output; a number that is not finite is refused.

    Parameters
    ----------
    answer : object
        Plain JSON types.
    """
    sys.stdout.write(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def print_failure(error: TumorboardError, *, as_json: bool) -> int:
    """Tell a mistake in one line on standard error, and with ``--json`` in full on standard output.

    Parameters
    ----------
    error : TumorboardError
        The mistake.
    as_json : bool
        Whether the command was asked for JSON.

    Returns
    -------
    int
        The exit code.
    """
    message = " ".join(str(error).split())
    if as_json:
        faults = [asdict(fault) for fault in error.faults] if isinstance(error, TableError) else []
        print_json({"error": message, "faults": faults})
    sys.stderr.write(f"tumorboard: {message}\n")
    return error.exit_code
