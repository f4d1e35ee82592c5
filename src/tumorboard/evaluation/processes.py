"""Running independent tasks side by side, results in the order of the tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_in_order(function: Callable[[Task], Result], tasks: Sequence[Task], workers: int = 0) -> Iterator[Result]:
    """Yield the result of each task in the order of the tasks, whatever the number of processes.

    Parameters
    ----------
    function : callable
        Does one task; like the tasks, it must be picklable.
    tasks : sequence
        The tasks.
    workers : int
        Processes; 0 for one a core. One process, or one task, is done here.
    """
    processes = min(workers or (os.cpu_count() or 1), len(tasks))
    if processes <= 1:
        yield from map(function, tasks)
        return
    # spawned, not forked: a fork would copy the locks of native threads in whatever state they are
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(function, tasks)
