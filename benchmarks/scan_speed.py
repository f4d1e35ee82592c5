"""How fast a CT becomes three planes: ours end to end by stage, and SimpleITK that only reads the series.

One scan of 512 x 512 x 300 voxels, uncompressed DICOM in no order, its kidney and tumour of 12 cm as DICOM-SEG or
NIfTI (`scan_speed_scan.py`). Ours is what `tumorboard prepare` does with a patient, from the files to the shard and the
sheet, reading included. Each round is a fresh process, bound to one core, that works three times:

- first: with all that Python has to import for it;
- next: ours again, and then SimpleITK's ImageSeriesReader, one thread, on the same series; the stages are of this one;
- peak: most memory of another fresh process that does it once.

The files are in the system's cache, as they are after being copied; a disk or network may be slower than all of it.

    python benchmarks/scan_speed.py [--folder FOLDER] [--rounds 7]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

from scan_speed_scan import NAMED, SHAPE, SILENT, write_scan
from tumorboard.study.files import write_json

RESULTS = Path(__file__).parent / "results" / "scan_speed.json"
REQUIRED = {"seconds": 2.0, "peak_gib": 1.5, "diameters_ms": 100}
CASES = {"DICOM-SEG": (NAMED, "mask.dcm"), "NIfTI": (NAMED, "mask.nii.gz")}
CASES["phase looked for"] = (SILENT, "mask.dcm")
"""Description of the series and mask; with the last one no header tells the phase, and voxels are looked at."""

PREPARATION = "tumorboard.scans.preparation"
STAGES = {
    "look at the files": [("task", "PatientScans.inputs")],
    "find series": [("candidates", "find_series")],
    "choose": [("choosing", "choose")],
    "see the phase": [("choosing", "phase_from_image")],
    "read series": [("candidates", "Candidate.read")],
    "read mask": [("choosing", "read_mask")],
    "place mask": [("choosing", "place")],
    "find tumour": [("choosing", "find_tumour")],
    "measure": [("prepare", "measure")],
    "planes": [("prepare", "cut_planes")],
    "shard": [("prepare", "write_shard")],
    "sheet": [("prepare", "draw_sheet"), ("prepare", "write_picture")],
}
Times = tuple[float, float]


def clocked(work: Callable[[], Any]) -> tuple[Times, Any]:
    """Return wall and processor seconds of some work, and what it gives."""
    wall, processor = time.perf_counter(), time.process_time()
    given = work()
    return (time.perf_counter() - wall, time.process_time() - processor), given


@contextmanager
def stopwatches() -> Iterator[dict[str, list[Times]]]:
    """Time the stages within what is run meanwhile; a stage within a stage counts for itself alone."""
    found: dict[str, list[Times]] = {stage: [] for stage in STAGES}
    inner: list[list[Times]] = []

    def watched(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*words: Any, **named: Any) -> Any:
            inner.append([])
            whole, given = clocked(lambda: function(*words, **named))
            within = inner.pop()
            own = tuple(whole[clock] - sum(each[clock] for each in within) for clock in (0, 1))
            found[stage].append((own[0], own[1]))
            if inner:
                inner[-1].append(whole)
            return given

        return run

    patches = []
    for stage, places in STAGES.items():
        for module, name in places:
            owner: Any = import_module(f"{PREPARATION}.{module}")
            *above, last = name.split(".")
            for part in above:
                owner = getattr(owner, part)
            patches.append(patch.object(owner, last, watched(stage, getattr(owner, last))))
    for each in patches:
        each.start()
    try:
        yield found
    finally:
        for each in patches:
            each.stop()


def ours(folder: Path, mask: str, out: Path) -> Any:
    """Turn the scan into a shard and a sheet, as ``tumorboard prepare`` does."""
    from tumorboard.scans.preparation import PatientScans, ScanSource, prepare_patient
    from tumorboard.study.scan_settings import ScanSettings

    source = ScanSource("scan", folder / "series", "CT", mask=folder / mask)
    record = prepare_patient(PatientScans("SIM-0001", (source,), out / "store", out / "pictures", ScanSettings()))
    assert record.status == "prepared", record.reason
    return record


def simpleitk(folder: Path) -> None:
    """Read the series and do nothing with it."""
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder / "series")))
    assert reader.Execute().GetSize() == SHAPE[::-1]


def diameters(folder: Path) -> list[Times]:
    """Measure the mask some times; nothing else."""
    from tumorboard.scans.diameter import measure
    from tumorboard.scans.reading import read_label_file
    from tumorboard.scans.volume import turn

    found = read_label_file(folder / "mask.nii.gz")
    labels, grid = turn(found.labels, found.grid)
    mask = labels == 2
    measure(mask, grid)
    return [clocked(lambda: measure(mask, grid))[0] for _ in range(5)]


def one_round(folder: Path, mask: str) -> dict[str, Any]:
    """Be a fresh process: ours, ours again by stage, the rival."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(prefix="scan-speed-") as out:
        first, _ = clocked(lambda: ours(folder, mask, Path(out) / "first"))
        with stopwatches() as stages:
            again, record = clocked(lambda: ours(folder, mask, Path(out) / "again"))
        clocked(lambda: simpleitk(folder))
        rival, _ = clocked(lambda: simpleitk(folder))
    by_stage = {stage: [sum(each[clock] for each in times) for clock in (0, 1)] for stage, times in stages.items()}
    return {
        "first": first,
        "next": again,
        "SimpleITK reading alone": rival,
        "diameters": diameters(folder),
        "stages": by_stage,
        "found": {"phase": record.phase, "transversal_mm": record.diameters_mm["transversal"]},
    }


def child(*words: object) -> str:
    """Run this file in a fresh process with one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, __file__, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | threads).stdout


def measured(folder: Path, mask: str, rounds: int) -> dict[str, Any]:
    """Measure one case."""
    found = [json.loads(child("--round", folder, mask)) for _ in range(rounds)]
    told = {name: _told([each[name] for each in found]) for name in ("first", "next", "SimpleITK reading alone")}
    diameters_s = [times for each in found for times in each["diameters"]]
    reading = ("find series", "read series")
    rival = [each["SimpleITK reading alone"][1] for each in found]
    whole = [each["next"][1] / own for each, own in zip(found, rival, strict=True)]
    part = [sum(each["stages"][one][1] for one in reading) / own for each, own in zip(found, rival, strict=True)]
    return {
        "rounds": rounds,
        **told,
        "stages": {stage: _told([each["stages"][stage] for each in found]) for stage in STAGES},
        "diameters_ms": {name: round(1000 * value, 1) for name, value in _told(diameters_s).items()},
        "whole_to_simpleitk_reading": round(statistics.median(whole), 2),
        "reading_to_simpleitk_reading": round(statistics.median(part), 2),
        "peak_gib": round(float(child("--peak", folder, mask)) / 1024, 2),
        "peak_gib_simpleitk": round(float(child("--peak", folder)) / 1024, 2),
        "peak_gib_imports": round(float(child("--peak")) / 1024, 2),
        "found": found[0]["found"],
    }


def _told(times: list[list[float]]) -> dict[str, float]:
    wall, processor = ([each[clock] for each in times] for clock in (0, 1))
    return {
        "wall_seconds": round(statistics.median(wall), 4),
        "processor_seconds": round(statistics.median(processor), 4),
        "slowest_wall_seconds": round(max(wall), 4),
    }


def peak(words: list[str]) -> float:
    """Return the most memory in MiB of this process after its work."""
    import tumorboard.scans.preparation  # noqa: F401

    if len(words) == 1:
        simpleitk(Path(words[0]))
    elif words:
        with tempfile.TemporaryDirectory(prefix="scan-speed-") as out:
            ours(Path(words[0]), words[1], Path(out))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure, print and keep."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--folder", type=Path, help="where the scan is written and kept; by default a temporary folder")
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--round", nargs=2, help=argparse.SUPPRESS)
    words.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    words.add_argument("--peak", nargs="*", help=argparse.SUPPRESS)
    options = words.parse_args()
    if options.round:
        print(json.dumps(one_round(Path(options.round[0]), options.round[1])))
    elif options.write:
        write_scan(Path(options.write[0]), options.write[1])
    elif options.peak is not None:
        print(peak(options.peak))
    else:
        with tempfile.TemporaryDirectory(prefix="scan-speed-") as temporary:
            base = options.folder or Path(temporary)
            results: dict[str, Any] = {"processor": platform.processor() or platform.machine(), "required": REQUIRED}
            for case, (description, mask) in CASES.items():
                folder = base / description
                # not here: Linux counts a parent's memory among its children's peaks
                child("--write", folder, description)
                results[case] = measured(folder, mask, options.rounds)
                print(case, json.dumps(results[case], indent=1), flush=True)
            write_json(RESULTS, results)


if __name__ == "__main__":
    main()
