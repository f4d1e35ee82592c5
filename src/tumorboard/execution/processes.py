"""Running independent tasks side by side, results in the order of the tasks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

from tumorboard.errors import TumorboardError

Task = TypeVar("Task")
Result = TypeVar("Result")


def available_cores() -> int:
    """Give the number of cores that this process may run on, where the system tells; else of all cores."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def run_in_order(function: Callable[[Task], Result], tasks: Sequence[Task], workers: int = 0) -> Iterator[Result]:
    """Yield the result of each task in the order of the tasks, whatever the number of processes.

    A caller that stops early, an exception or Ctrl-C among them, waits for the tasks that run and starts no others.
    Where the caller's process is killed, its processes end too.

    Parameters
    ----------
    function : callable
        Does one task; like the tasks, it must be picklable.
    tasks : sequence
        The tasks.
    workers : int
        Processes; 0 for one a core. One process, or one task, is done here.

    Raises
    ------
    TumorboardError
        Where the system ended one of the processes, most often for want of memory.
    """
    processes = min(workers or available_cores(), len(tasks))
    if processes <= 1:
        yield from map(function, tasks)
        return
    # spawned, not forked: a fork would copy the locks of native threads in whatever state they are
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_end_with_parent)
    try:
        yield from pool.map(function, tasks)
    except BrokenProcessPool as broken:
        raise TumorboardError(
            f"one of {processes} processes was ended by the system, most often for want of memory. "
            "Start again with fewer processes; what was finished is kept"
        ) from broken
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _end_with_parent() -> None:
    """End this process when its parent is gone: a killed parent could not tell it."""
    parent = parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
