"""``python -m tumorboard.installation``: the report from the standard library alone."""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence

from tumorboard.installation.examine import examine
from tumorboard.installation.plain import plain_text, progress_to_terminal


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words of the command line; by default the process's own.

    Returns
    -------
    int
        0 when the core is whole, 1 when it is broken.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tumorboard.installation",
        description="Show what is installed, what this machine can do, and how to mend what is missing.",
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.add_argument("--deep", action="store_true", help="also import each package, and time it")
    options = parser.parse_args(arguments)
    report = examine(deep=options.deep, on_progress=progress_to_terminal)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that is not UTF-8 must not stop the report
    text = json.dumps(report.as_json(), indent=2) if options.json else plain_text(report, encoding=sys.stdout.encoding)
    sys.stdout.write(text + "\n")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
