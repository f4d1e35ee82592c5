"""Progress on the terminal: on standard error, so that standard output stays clean."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_SECONDS_BETWEEN_LINES = 20.0


@contextmanager
def status_line(title: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done while it is done.

    Parameters
    ----------
    title : str
        What is done as a whole.

    Yields
    ------
    callable
        Takes what is being done now.
    """
    from rich.console import Console

    console = Console(stderr=True)
    with console.status(title) as status:
        yield lambda step: status.update(f"{title}: {step}")


@contextmanager
def current_step(console: Console) -> Iterator[Callable[[str], None]]:
    """Show the current step of long work: on a terminal as one line that changes, else as a line now and then.

    Parameters
    ----------
    console : Console
        Of standard error.

    Yields
    ------
    callable
        Takes what is being done now.
    """
    if console.is_terminal:
        with console.status("") as status:
            yield status.update
        return
    last = time.monotonic()

    def tell(step: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            console.print(f"      {step}", markup=False, soft_wrap=True)

    yield tell


@contextmanager
def counted_progress(unit: str, total: int | None = None) -> Iterator[Callable[[int, int, str], None]]:
    """Show how far long work is: a bar with the time left, or where there is no terminal a line at every tenth.

    Parameters
    ----------
    unit : str
        What is counted, in the plural.
    total : int, optional
        How many, where that is known before the work begins to tell.

    Yields
    ------
    callable
        Takes the number done, the number in all, and what is being done.
    """
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(unit, total=total)
            yield lambda done, everything, step: bar.update(
                task, completed=done, total=everything, description=f"{unit}: {step}"
            )
        return
    last_tenth = 0

    def tell(done: int, everything: int, step: str) -> None:
        nonlocal last_tenth
        tenth = 10 * done // everything if everything else 10
        if tenth > last_tenth:
            last_tenth = tenth
            console.print(f"{done} of {everything} {unit}: {step}", markup=False)

    yield tell
