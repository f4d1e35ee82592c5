"""The core packages and the optional parts: present, of the right version, whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import metadata
from importlib.util import find_spec

from tumorboard.installation.findings import Check, Status
from tumorboard.installation.further_needs import check_further_needs, version_of
from tumorboard.installation.imports import IMPORT_FAULT, try_import
from tumorboard.installation.requirements import (
    DISTRIBUTION,
    Requirement,
    core_requirements,
    extra_requirements,
    quoted,
    version_fits,
)

# for the whole and not for one package: pip then chooses versions that fit all the others too
INSTALL_CORE = f"pip install {DISTRIBUTION}"

CORE_PURPOSES = {
    "numpy": "arrays",
    "scipy": "statistics and optimisation",
    "pandas": "tables",
    "pyarrow": "Parquet files",
    "pydantic": "settings and their checks",
    "lifelines": "survival curves and Cox regression",
    "typer": "the command line",
    "rich": "progress and tables on the terminal",
    "matplotlib": "figures",
    "jinja2": "reports",
    "opencv-python-headless": "painting and resampling pictures",
    "tifffile": "slide files",
    "imagecodecs": "compressed tiles",
    "pydicom": "DICOM files",
    "highdicom": "DICOM segmentations",
    "nibabel": "NIfTI files",
    "filelock": "one run at a time in a folder",
    "openslide-python": "slides of every maker",
    "openslide-bin": "OpenSlide itself",
    "simplejpeg": "JPEG tiles",
    "h5py": "tile features of other programs",
    "pillow": "text on pictures",
    "torch": "networks",
    "safetensors": "weights of networks",
}

EXTRA_PURPOSES = {
    "archives": "the index of the Imaging Data Commons: which slides and scans of a cohort exist",
    "encoders": "networks of timm as encoders of pictures",
    "forest": "the random survival forest, a rival method (GPL-3)",
    "search": "which settings of the network are tried next, in 'tumorboard search'",
    "tensorboard": "curves of training in a browser",
}

# a module that the list of a package's files names: "pandas/__init__.py,sha256=..." or "six.py,sha256=..."
_MODULE_IN_RECORD = re.compile(r"^(?P<module>[A-Za-z]\w*)(?:/__init__)?(?:\.[\w-]+)*\.(?:py|so|pyd),", re.MULTILINE)

Progress = Callable[[str], None]


def check_core(*, deep: bool, on_progress: Progress) -> list[Check]:
    """Look at each package that the program cannot do without.

    Parameters
    ----------
    deep : bool
        Whether to import each one, in a process of its own.
    on_progress : callable
        Is told which package is being imported.

    Returns
    -------
    list of Check
        One a package, a missing one being broken; then what these packages need in turn.
    """
    try:
        needs = core_requirements()
    except metadata.PackageNotFoundError:
        return [_metadata_missing()]
    own = [_check_core_package(need, deep, on_progress) for need in needs]
    told = [check.name for check in own if check.status == "broken"]
    further = check_further_needs(needs, told, INSTALL_CORE)
    if any(check.status == "broken" and check.fix == INSTALL_CORE for check in [*own, *further]):
        own = [_hole_first(check) for check in own]
    return [*own, *further]


def _hole_first(check: Check) -> Check:
    """Name the command for the missing package, which is the likely cause, where an import fails beside one."""
    return replace(check, fix=INSTALL_CORE) if IMPORT_FAULT in check.found else check


def check_extras(*, deep: bool, on_progress: Progress) -> list[Check]:
    """Look at each optional part.

    Parameters
    ----------
    deep : bool
        Whether to import its packages, each in a process of its own.
    on_progress : callable
        Is told which package is being imported.

    Returns
    -------
    list of Check
        One an extra; a missing one is absent, which is no fault.
    """
    try:
        extras = extra_requirements()
    except metadata.PackageNotFoundError:
        return []
    return [_check_extra(extra, needs, deep, on_progress) for extra, needs in extras.items()]


def check_package(need: Requirement, install: str, *, deep: bool, on_progress: Progress) -> Check:
    """Look at one package without importing it, unless ``deep`` is asked for.

    Parameters
    ----------
    need : Requirement
        The package and its range of versions.
    install : str
        The command that brings it.
    deep : bool
        Whether to import it, in a process of its own.
    on_progress : callable
        Is told which package is being imported.

    Returns
    -------
    Check
        ``absent`` where nothing is installed; ``broken`` where what is installed cannot serve.
    """
    try:
        installed = metadata.distribution(need.name)
    except metadata.PackageNotFoundError:
        return _package(need, "absent", "not installed", install)
    version = version_of(installed)
    if version is None:
        return _package(need, "broken", "its metadata are damaged", _again(need.name + need.allowed))
    fits = version_fits(version, need.allowed)
    if fits is False:
        return _package(need, "broken", f"{version}, but {need.allowed} is needed", install)
    module = _module(installed, need.name)
    if module and not _has_files(module):
        return _package(
            need, "broken", f"{version} is listed, but its files are missing", _again(f"{need.name}=={version}")
        )
    found = version if fits else f"{version} (not compared with {need.allowed}: no usable package 'packaging')"
    if not deep or module is None:
        return _package(need, "ok", found, None)
    return _import(module, _package(need, "ok", found, _again(f"{need.name}=={version}")), on_progress)


def _check_core_package(need: Requirement, deep: bool, on_progress: Progress) -> Check:
    check = check_package(need, INSTALL_CORE, deep=deep, on_progress=on_progress)
    status: Status = "broken" if check.status == "absent" else check.status
    return Check(check.name, status, check.found, CORE_PURPOSES.get(need.name, "part of the core"), check.fix)


def _check_extra(extra: str, needs: Sequence[Requirement], deep: bool, on_progress: Progress) -> Check:
    install = f"pip install {quoted(f'{DISTRIBUTION}[{extra}]')}"
    checks = [check_package(need, install, deep=deep, on_progress=on_progress) for need in needs]
    found = "; ".join(f"{check.name} {check.found}" for check in checks)
    purpose = EXTRA_PURPOSES.get(extra, "an optional part")
    worst = next((check for status in ("broken", "warning") for check in checks if check.status == status), None)
    if worst is not None:
        return Check(extra, worst.status, found, purpose, worst.fix)
    if any(check.status == "absent" for check in checks):
        return Check(extra, "absent", found, purpose, install)
    return Check(extra, "ok", found, purpose)


def _import(module: str, listed: Check, on_progress: Progress) -> Check:
    on_progress(f"importing {module}")
    trial = try_import(module)
    if trial.seconds is not None:
        return replace(listed, found=f"{listed.found}, imports in {trial.seconds:.1f} s", fix=None)
    status: Status = "warning" if trial.timed_out else "broken"
    return replace(listed, status=status, found=f"{listed.found}, {trial.fault}")


def _again(requirement: str) -> str:
    """Return the command that fetches one package anew and leaves the others as they are."""
    return f"pip install --force-reinstall --no-deps {quoted(requirement)}"


def _package(need: Requirement, status: Status, found: str, fix: str | None) -> Check:
    return Check(need.name, status, found, "", fix)


def _metadata_missing() -> Check:
    return Check(
        DISTRIBUTION,
        "broken",
        "runs from a folder without being installed, so what it needs is not known",
        "the list of the packages that it needs",
        "pip install -e . (in the folder of pyproject.toml)",
    )


def _module(installed: metadata.Distribution, name: str) -> str | None:
    """Find what the package is called in an import statement; None where its metadata do not tell."""
    own_name = name.lower().replace("-", "_").replace(".", "_")
    record = installed.read_text("RECORD") or ""
    modules = [match["module"] for match in _MODULE_IN_RECORD.finditer(record)]
    modules = modules or (installed.read_text("top_level.txt") or "").split()
    if not modules or own_name in modules:
        return own_name if modules else None
    return modules[0]


def _has_files(module: str) -> bool:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return False
    # a folder whose files were deleted still counts as a namespace, which has no origin
    return spec is not None and spec.origin is not None
