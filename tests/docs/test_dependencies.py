"""``docs/dependencies.md`` has a row with a reason and a licence for every requirement, and no other rows."""

import re
import tomllib
from importlib import metadata

import pytest
from pages import ROOT

_ROW = re.compile(r"^\| `(?P<package>[^`]+)` \| (?P<reason>[^|]*) \| (?P<licence>[^|]*) \|$")
_SECTION = re.compile(r"^## (?:Extra `(?P<extra>\w+)`|(?P<core>Core))")

# what a licence says of itself in a classifier or a sentence, and what it is called here
_FAMILIES = {
    "BSD": ("BSD",), "MIT": ("MIT",), "ISC": ("ISC",), "Apache": ("APACHE",),
    "LGPL": ("LGPL", "LESSER GENERAL PUBLIC"), "GPL": ("GPL", "GNU GENERAL PUBLIC"),
    "MPL": ("MPL", "MOZILLA"), "PSF": ("PSF", "PYTHON SOFTWARE FOUNDATION", "MATPLOTLIB"),
}  # fmt: skip


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower()


def required():
    """Return the requirements by section: ``core`` and each extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sections = {"core": project["dependencies"]} | project["optional-dependencies"]
    return {section: {name_of(item) for item in items} for section, items in sections.items()}


def documented():
    """Return the rows by section: package to (reason, licence)."""
    sections, section = {}, None
    for line in (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            found = _SECTION.match(line)
            assert found, f"a section that is neither the core nor an extra: {line}"
            section = found["extra"] or "core"
            sections[section] = {}
        elif row := _ROW.match(line):
            assert row["package"] not in sections[section], f"{row['package']} stands twice"
            sections[section][row["package"]] = (row["reason"].strip(), row["licence"].strip())
    return sections


LICENCES = {package: licence for rows in documented().values() for package, (_, licence) in rows.items()}


def test_rows_are_the_requirements():
    assert {section: set(rows) for section, rows in documented().items()} == required()


def test_every_row_has_a_reason_and_a_licence():
    for rows in documented().values():
        for package, (reason, licence) in rows.items():
            assert reason, package
            assert licence, package


@pytest.mark.parametrize("package", sorted(LICENCES))
def test_the_licence_is_what_the_package_states(package):
    try:
        stated = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    classifiers = [text for text in stated.get_all("Classifier") or [] if text.startswith("License ::")]
    told = " ".join([stated.get("License-Expression") or "", (stated.get("License") or "")[:200], *classifiers]).upper()
    families = [family for family in _FAMILIES if LICENCES[package].startswith(family)]
    assert families, f"unknown licence: {LICENCES[package]}"
    assert any(word in told for word in _FAMILIES[families[0]]), f"documented as {LICENCES[package]}, states {told}"


def test_no_package_under_the_gpl_is_in_the_core():
    for package in required()["core"]:
        assert not LICENCES[package].startswith("GPL")  # the LGPL allows a library to be called
