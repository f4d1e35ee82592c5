"""Running independent tasks side by side, results in the order of the tasks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def available_cores() -> int:
    """Give the number of cores that this process may use (a container or a scheduler may allow fewer than exist)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def run_in_order(function: Callable[[Task], Result], tasks: Sequence[Task], workers: int = 0) -> Iterator[Result]:
    """Yield the result of each task in the order of the tasks, whatever the number of processes.

    A caller that stops early, an exception or Ctrl-C among them, waits for the tasks that run and starts no others.

    Parameters
    ----------
    function : callable
        Does one task; like the tasks, it must be picklable.
    tasks : sequence
        The tasks.
    workers : int
        Processes; 0 for one a core. One process, or one task, is done here.
    """
    processes = min(workers or available_cores(), len(tasks))
    if processes <= 1:
        yield from map(function, tasks)
        return
    # spawned, not forked: a fork would copy the locks of native threads in whatever state they are
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
    try:
        yield from pool.map(function, tasks)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
