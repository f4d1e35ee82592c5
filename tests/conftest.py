"""Where real data lies, and how tests run the command line."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tumorboard.cli import main

# a shared machine is no clock; in CI the same examples every time, at a desk new ones
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

REAL_DATA = Path(os.environ.get("TUMORBOARD_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data that is not part of the project (licences forbid copying it)."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"real data is not at {REAL_DATA}; set TUMORBOARD_REAL_DATA to its folder")
    return REAL_DATA


@pytest.fixture(scope="session")
def kirc(real_data: Path) -> Path:
    """TCGA-KIRC's clinical and molecular tables."""
    return real_data / "tcga_kirc"


@pytest.fixture
def run(capsys):
    """Run ``tumorboard`` with the given words; returns (exit code, standard output, standard error)."""

    def _run(*words: object):
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return stop.value.code, captured.out, captured.err

    return _run


@pytest.fixture
def run_json(run):
    """Run a command with ``--json``, expect success, and return its answer."""

    def _run_json(*words: object):
        code, out, err = run(*words, "--json")
        assert code == 0, f"{err}{out[-1500:]}"
        return json.loads(out)

    return _run_json
