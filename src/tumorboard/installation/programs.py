"""Programs of the operating system that parts of the package call."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from tumorboard.installation.findings import Check


@dataclass(frozen=True)
class SystemProgram:
    """A program that pip cannot bring.

    Parameters
    ----------
    name : str
        As it is called on the command line.
    purpose : str
        What it is for.
    debian_package : str
        The package of Debian and Ubuntu that brings it.
    """

    name: str
    purpose: str
    debian_package: str


SYSTEM_PROGRAMS: tuple[SystemProgram, ...] = ()  # none is needed yet


def check_programs(programs: Sequence[SystemProgram] = SYSTEM_PROGRAMS) -> list[Check]:
    """Look for programs on the search path.

    Parameters
    ----------
    programs : sequence of SystemProgram
        Which ones; by default those that the package calls.

    Returns
    -------
    list of Check
        One a program; a missing one is absent.
    """
    return [_check_program(program) for program in programs]


def _check_program(program: SystemProgram) -> Check:
    if shutil.which(program.name):
        return Check(program.name, "ok", "on the search path", program.purpose)
    fix = f"sudo apt-get install {program.debian_package}"
    return Check(program.name, "absent", "not on the search path", program.purpose, fix)
