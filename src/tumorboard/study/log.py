"""``log.jsonl``: what ran, with versions and input hashes, and no patient identifier."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tumorboard import __version__
from tumorboard.study.files import StudyFolder


def fingerprint(paths: Iterable[Path]) -> dict[str, str]:
    """Return the SHA-256 of files by name.

    Parameters
    ----------
    paths : iterable of Path
        The files.
    """
    hashes = {}
    for path in paths:
        with path.open("rb") as stream:
            hashes[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return hashes


def append_log(folder: StudyFolder, command: str, *, inputs: dict[str, str], counts: dict[str, int]) -> None:
    """Add one line to the study's log.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    command : str
        The command that ran.
    inputs : dict of str to str
        Hashes of what it read.
    counts : dict of str to int
        What came out, in numbers.
    """
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "tumorboard": __version__,
        "python": platform.python_version(),
        "inputs": inputs,
        "counts": counts,
    }
    with folder.log.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(entry) + "\n")
