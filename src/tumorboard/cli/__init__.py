"""The command line.

Each command is a file of its own; heavy imports are made inside the commands, so that ``--help`` answers at once.
"""

from tumorboard.cli.app import console, main

__all__ = ["console", "main"]
