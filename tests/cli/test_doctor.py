import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import tumorboard
from tumorboard.cli.doctor import doctor

APP = typer.Typer()
APP.command()(doctor)

CHILD = "import typer; from tumorboard.cli.doctor import doctor; a = typer.Typer(); a.command()(doctor); a()"


@pytest.fixture
def without(tmp_path):
    """Run the command in a Python that has every package of this environment but the named ones."""

    def run(*prefixes, arguments=()):
        folder = tmp_path / "packages"
        folder.mkdir()
        for entry in Path(sysconfig.get_path("purelib")).iterdir():
            if not entry.name.lower().startswith(prefixes):
                (folder / entry.name).symlink_to(entry)
        path = os.pathsep.join([str(folder), str(Path(tumorboard.__file__).parents[1])])
        return subprocess.run(
            [sys.executable, "-S", "-c", CHILD, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=120,
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"},
        )

    return run


def test_json():
    ended = CliRunner().invoke(APP, ["--json"])
    answer = json.loads(ended.stdout)
    assert ended.exit_code == 0
    assert answer["ok"] is True
    assert {"ok", "sections", "research_use_only"} <= answer.keys()


def test_tables():
    ended = CliRunner().invoke(APP, [])
    assert ended.exit_code == 0
    assert "Core packages" in ended.stdout
    assert "The core is whole" in ended.stdout


def test_the_mending_command_is_whole_on_a_narrow_terminal(without):
    ended = without("idc_index_data", arguments=[])
    assert ended.returncode == 0, ended.stderr
    assert "archives: pip install 'tumorboard[archives]'\n" in ended.stdout


def test_starts_without_the_heavy_packages_and_ends_with_1(without):
    ended = without("pandas", "numpy", "scipy", "matplotlib", "lifelines", arguments=["--json"])
    assert ended.returncode == 1, ended.stderr
    answer = json.loads(ended.stdout)
    assert not answer["ok"]
    checks = {check["name"]: check for section in answer["sections"] for check in section["checks"]}
    assert checks["pandas"]["fix"] == "pip install tumorboard"


def test_without_rich_plain_text_is_printed(without, monkeypatch):
    monkeypatch.setenv("TYPER_USE_RICH", "0")
    ended = without("rich")
    assert ended.returncode == 1, ended.stderr
    assert "✗ rich" in ended.stdout
    assert "mend with: pip install tumorboard" in ended.stdout
