"""Progress on the terminal: on standard error, so that standard output stays clean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
