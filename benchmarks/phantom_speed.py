"""Time and memory of `tumorboard phantom` at every preset, by the command itself in a process of its own.

The demo preset with its 60 patients, against its limit of 2 minutes on two cores; two patients of the larger presets.
Memory is the largest of any one process, and the largest of all its processes together, looked at twice a second
(proportional set size, so that what they share counts once; Linux only).

    python benchmarks/phantom_speed.py [demo paper large]
"""

from __future__ import annotations

import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from tumorboard.execution import available_cores
from tumorboard.study.files import write_json

RESULTS = Path(__file__).parent / "results" / "phantom_speed.json"
PATIENTS = {"demo": 60, "paper": 2, "large": 2}
LIMIT_SECONDS, LIMIT_GIB = 120, 2.0


def measured(preset: str, patients: int) -> dict[str, Any]:
    """Run the command once and return what it took."""
    with tempfile.TemporaryDirectory(prefix="phantom-") as folder:
        command = [Path(sys.executable).with_name("tumorboard"), "phantom", folder, "--preset", preset, "--json"]
        started = time.perf_counter()
        with subprocess.Popen(
            [*command, "--patients", str(patients)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            together = _watched(running)
            out, told = running.communicate()
        wall = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        written = json.loads(out)
    return {
        "patients": patients,
        "slides": written["slides"],
        "series": written["series"],
        "gigabytes": written["gigabytes"],
        "wall_seconds": round(wall, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "processes": min(available_cores(), patients),
        "largest_process_gib": round(used.ru_maxrss / 2**20, 3),
        "all_processes_gib": round(together / 2**20, 3),
        "announced": told.splitlines()[0],
    }


def _watched(running: subprocess.Popen[str]) -> int:
    """Wait for a program to end; return the most memory of it and its children together, in KiB."""
    most = 0
    while running.poll() is None:
        most = max(most, sum(_proportional_kib(process) for process in _family(running.pid)))
        time.sleep(0.5)
    return most


def _family(process: int) -> list[int]:
    family = [process]
    for number in family:
        with suppress(OSError):
            for task in Path(f"/proc/{number}/task").iterdir():
                family += [int(child) for child in (task / "children").read_text().split()]
    return family


def _proportional_kib(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def main() -> None:
    """Measure each preset in a process of its own, so that each has its own peak."""
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        print(json.dumps(measured(sys.argv[2], PATIENTS[sys.argv[2]])))
        return
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    results |= {"processor": platform.processor() or platform.machine(), "limits": {"demo_wall_seconds": LIMIT_SECONDS,
                "all_processes_gib": LIMIT_GIB}}  # fmt: skip
    for preset in sys.argv[1:] or PATIENTS:
        found = subprocess.run([sys.executable, __file__, "--one", preset], capture_output=True, text=True, check=True)
        results[preset] = json.loads(found.stdout)
        print(preset, results[preset], flush=True)
    write_json(RESULTS, results)


if __name__ == "__main__":
    main()
