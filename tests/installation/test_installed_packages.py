import tomllib
from pathlib import Path

import pytest

from tumorboard.installation.imports import try_import
from tumorboard.installation.interpreter import OLDEST_PYTHON
from tumorboard.installation.packages import CORE_PURPOSES, EXTRA_PURPOSES
from tumorboard.installation.requirements import DEVELOPERS_EXTRAS, Requirement, parse_requirement, version_fits

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_extra_and_core_package_has_its_purpose():
    assert set(EXTRA_PURPOSES) == set(PROJECT["optional-dependencies"]) - DEVELOPERS_EXTRAS
    assert set(CORE_PURPOSES) == {parse_requirement(line).name for line in PROJECT["dependencies"]}


def test_oldest_python_is_the_projects():
    assert PROJECT["requires-python"] == f">={OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]}"


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("pandas>=2.2", Requirement("pandas", ">=2.2")),
        ("pandas<3.0,>=2.1 ; python_version > '3'", Requirement("pandas", "<3.0,>=2.1", None, "python_version > '3'")),
        ("jinja2 (>=3.1)", Requirement("jinja2", ">=3.1")),
        ("ruff; extra == 'dev'", Requirement("ruff", "", "dev", "extra == 'dev'")),
        ('a.b-c[d,e]>=0.26; extra == "docs"', Requirement("a.b-c", ">=0.26", "docs", 'extra == "docs"')),
    ],
)
def test_requirements_are_read(line, parts):
    assert parse_requirement(line) == parts


def test_a_line_that_is_no_requirement_is_refused():
    with pytest.raises(ValueError, match="not a requirement"):
        parse_requirement(">=2.0")


@pytest.mark.parametrize(
    ("version", "allowed", "fits"),
    [("2.10", ">=2.9", True), ("2.1.4", ">=2.2", False), ("3.0", "", True)],
)
def test_versions_are_compared(version, allowed, fits):
    assert version_fits(version, allowed) is fits


def test_this_environment_is_whole(packages):
    answer, checks = packages.report()
    assert answer["ok"], answer["summary"]
    assert checks["pandas"]["status"] == "ok"
    assert checks["their needs"]["status"] == "ok"


@pytest.mark.parametrize(("extra", "prefix"), [("archives", "idc_index_data"), ("forest", "scikit_survival")])
def test_a_missing_optional_part_is_no_fault(packages, extra, prefix):
    if not list(packages.folder.glob(f"{prefix}*")):
        pytest.skip(f"{extra} is not installed here")
    packages.hide(prefix)
    answer, checks = packages.report()
    assert answer["ok"]
    assert checks[extra]["status"] == "absent"
    assert checks[extra]["fix"] == f"pip install 'tumorboard[{extra}]'"
    assert extra in answer["summary"]


@pytest.mark.parametrize("prefix", ["pandas", "numpy", "pydantic", "rich", "typer"])
def test_a_missing_core_package_is_broken_and_names_the_fix(packages, prefix):
    packages.hide(prefix)
    answer, checks = packages.report()
    assert not answer["ok"]
    assert checks[prefix]["status"] == "broken"
    assert checks[prefix]["found"] == "not installed"
    assert checks[prefix]["fix"] == "pip install tumorboard"


def test_a_package_without_its_files_is_broken(packages):
    version = next(packages.folder.glob("pandas-[0-9]*.dist-info")).name.split("-")[1].removesuffix(".dist")
    (packages.folder / "pandas").unlink()
    _, checks = packages.report()
    assert checks["pandas"]["status"] == "broken"
    assert "files are missing" in checks["pandas"]["found"]
    assert checks["pandas"]["fix"].startswith(f"pip install --force-reinstall --no-deps 'pandas=={version}")


def test_a_folder_emptied_of_its_files_does_not_count(packages):
    (packages.folder / "pandas").unlink()
    (packages.folder / "pandas").mkdir()
    _, checks = packages.report()
    assert "files are missing" in checks["pandas"]["found"]


def test_an_old_version_is_broken(packages):
    metadata = packages.own_copy("pandas-[0-9]*.dist-info") / "METADATA"
    lines = metadata.read_text(encoding="utf-8").splitlines()
    metadata.write_text("\n".join("Version: 1.5" if line.startswith("Version:") else line for line in lines), "utf-8")
    answer, checks = packages.report()
    assert checks["pandas"]["found"] == "1.5, but >=2.2 is needed"
    assert "pandas" in answer["summary"]


def test_empty_metadata_are_broken(packages):
    (packages.own_copy("pandas-[0-9]*.dist-info") / "METADATA").write_text("", "utf-8")
    _, checks = packages.report()
    assert checks["pandas"]["found"] == "its metadata are damaged"


def test_a_hole_further_down_is_found_without_importing(packages):
    packages.hide("python_dateutil")
    answer, checks = packages.report()
    assert not answer["ok"]
    assert checks["python-dateutil"]["found"].startswith("not installed, but ")


def test_a_version_that_another_package_refuses_is_a_warning(packages):
    metadata = packages.own_copy("pandas-[0-9]*.dist-info") / "METADATA"
    lines = metadata.read_text(encoding="utf-8").splitlines()
    metadata.write_text("\n".join("Version: 99.0" if line.startswith("Version:") else line for line in lines), "utf-8")
    lifelines = packages.own_copy("lifelines-[0-9]*.dist-info") / "METADATA"
    lifelines.write_text("Name: lifelines\nVersion: 0.30\nRequires-Dist: pandas<3.0,>=2.1\n", "utf-8")
    answer, checks = packages.report()
    assert answer["ok"]
    assert checks["pandas for lifelines"]["found"] == "99.0, but lifelines needs <3.0,>=2.1"
    assert "to see to: pandas for lifelines" in answer["summary"]


def test_without_packaging_the_version_alone_is_told(packages):
    packages.hide("packaging")
    answer, checks = packages.report()
    assert checks["pandas"]["status"] == "ok"
    assert "not compared" in checks["pandas"]["found"]
    assert "colorama" not in checks  # Windows' alone
    assert checks["packaging"]["status"] == "broken"  # matplotlib needs it
    assert not answer["ok"]


def test_without_own_metadata_the_core_is_not_taken_for_whole(packages):
    packages.hide("tumorboard-")
    answer, _ = packages.report()
    assert not answer["ok"]
    assert "tumorboard" in answer["summary"]


def test_deep_tells_the_last_line_of_a_failing_import(packages):
    package = packages.own_copy("lifelines")
    (package / "__init__.py").write_text("raise ImportError('libmissing.so.1: cannot open')\n", "utf-8")
    quick, _ = packages.report()
    assert quick["ok"]
    answer, checks = packages.report("--deep")
    assert not answer["ok"]
    assert checks["lifelines"]["found"].endswith("does not import: ImportError: libmissing.so.1: cannot open")
    assert "--force-reinstall --no-deps 'lifelines==" in checks["lifelines"]["fix"]
    assert " imports in " in checks["numpy"]["found"]


def test_a_failing_import_beside_a_hole_names_the_command_for_the_hole(packages):
    packages.hide("python_dateutil")
    # the processes that import see the whole environment behind this folder, so the module is shadowed
    (packages.own_copy("dateutil") / "__init__.py").write_text("raise ModuleNotFoundError('dateutil')\n", "utf-8")
    _, checks = packages.report("--deep")
    assert "does not import" in checks["pandas"]["found"]
    assert checks["pandas"]["fix"] == checks["python-dateutil"]["fix"] == "pip install tumorboard"


def test_an_import_that_crashes_hangs_or_prints_stays_in_its_process(tmp_path, monkeypatch):
    (tmp_path / "crashing.py").write_text("import os\nos._exit(7)\n", "utf-8")
    (tmp_path / "hanging.py").write_text("import time\ntime.sleep(60)\n", "utf-8")
    (tmp_path / "printing.py").write_text("print('hello', end='')\n", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert try_import("crashing").fault == "does not import: ended with code 7"
    assert try_import("hanging", limit_seconds=0.5).timed_out
    seconds = try_import("printing").seconds
    assert seconds is not None
    assert seconds < 10
