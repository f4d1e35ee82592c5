"""All checks, in order; one that fails itself is reported and does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tumorboard.installation.cache import check_cache
from tumorboard.installation.findings import Check, Report, Section
from tumorboard.installation.graphics import check_gpus
from tumorboard.installation.interpreter import check_interpreter
from tumorboard.installation.memory import check_disk, check_memory
from tumorboard.installation.packages import Progress, check_core, check_extras
from tumorboard.installation.processor import check_processor
from tumorboard.installation.programs import check_programs


def _silent(_what: str) -> None: ...


def examine(*, deep: bool = False, on_progress: Progress = _silent) -> Report:
    """Look at the installation and the machine.

    Parameters
    ----------
    deep : bool
        Whether to import each package, in a process of its own; seconds to minutes instead of an instant.
    on_progress : callable
        Is told what is being done, where that takes long.

    Returns
    -------
    Report
        Six sections, always in the same order.
    """
    return Report(
        (
            _section("Python", check_interpreter, essential=True),
            _section("Core packages", lambda: check_core(deep=deep, on_progress=on_progress), essential=True),
            _section("Optional parts", lambda: check_extras(deep=deep, on_progress=on_progress)),
            _section(
                "Machine",
                check_processor,
                lambda: [check_memory()],
                lambda: [check_disk()],
                check_gpus,
            ),
            _section("Cached weights", check_cache),
            _section("System programs", check_programs),
        )
    )


def _section(name: str, *parts: Callable[[], Sequence[Check]], essential: bool = False) -> Section:
    return Section(name, tuple(check for part in parts for check in _guarded(name, part, essential)), essential)


def _guarded(section: str, part: Callable[[], Sequence[Check]], essential: bool) -> Sequence[Check]:
    try:
        return part()
    except Exception as fault:  # this report is read where things are broken: it must get to its end
        found = f"could not be looked at: {type(fault).__name__}: {fault}"
        return [Check(section.lower(), "broken" if essential else "warning", found, "")]
