"""The strictest readers."""

import shutil
import subprocess
from pathlib import Path

import pydicom
import pytest


@pytest.fixture
def strict(monkeypatch):
    """Let pydicom refuse any value that the standard does not allow."""
    monkeypatch.setattr(pydicom.config.settings, "reading_validation_mode", pydicom.config.RAISE)


@pytest.fixture(scope="session")
def complaints():
    """What dciodvfy says of a DICOM file beyond its class."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")

    def _complaints(path: Path) -> list[str]:
        said = subprocess.run([program, str(path)], capture_output=True, check=False, encoding="latin-1").stderr
        return [line for line in said.splitlines() if line.startswith(("Error", "Warning", "Abort")) or " - " in line]

    return _complaints
