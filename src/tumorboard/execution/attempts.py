"""Work on one of many: where it fails, the reason in one line takes the result's place and the others go on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tumorboard.errors import TumorboardError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Failure:
    """Why a piece of work came to nothing.

    Parameters
    ----------
    reason : str
        In one line, without the place, which the reader knows.
    """

    reason: str


def attempt(step: Callable[[], Result], places: Sequence[str]) -> Result | Failure:
    """Take a step, or tell why it failed.

    Parameters
    ----------
    step : callable
    places : sequence of str
        Names of what is worked on, which need not be told again.

    Returns
    -------
    object
        What the step returns, or a `Failure`. With the variable ``TUMORBOARD_DEBUG`` set, a fault of the program is
        raised.
    """
    try:
        return step()
    except (TumorboardError, OSError) as error:
        reason = str(error)
        for place in places:
            reason = reason.removeprefix(f"{place}: ")
    except Exception as fault:  # one that the program fails on must not cost the work on all others
        if os.environ.get("TUMORBOARD_DEBUG"):
            raise
        reason = f"a fault of the program, not yours: {type(fault).__name__}: {fault}; TUMORBOARD_DEBUG=1 shows where"
    return Failure(" ".join(reason.split()))
