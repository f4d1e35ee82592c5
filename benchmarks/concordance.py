"""Concordance against its rivals, in one run on one machine.

Rivals: lifelines at every size, scikit-survival (quadratic) up to 20,000 patients.
Medians of repeated runs; each size in a process of its own, for its peak memory.
"""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results" / "concordance.json"
SIZES = (1_000, 20_000, 1_000_000)
BOOTSTRAP = (10_000, 1_000)
SEED = 7


def simulated(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times with ties, events, and risks with ties."""
    rng = np.random.default_rng(SEED)
    risk = np.round(rng.normal(size=n), 4)
    time_months = np.round(rng.exponential(60 * np.exp(-risk)), 2)
    return time_months, rng.random(n) < 0.4, risk


def median_seconds(function: Callable[[], float], repeats: int) -> tuple[float, float]:
    """Return the function's value and its median wall time."""
    value, seconds = 0.0, []
    for _ in range(repeats):
        started = time.perf_counter()
        value = function()
        seconds.append(time.perf_counter() - started)
    return value, statistics.median(seconds)


def one(name: str, n: int) -> dict[str, float]:
    """Measure one program on one size: in this process, so that the peak memory is its own."""
    time_months, event, risk = simulated(n)
    repeats = 3 if n >= 1_000_000 else 7

    def ours() -> float:
        from tumorboard.survival import Survival, harrell_concordance

        return harrell_concordance(Survival(time_months, event), risk).value

    def lifelines() -> float:
        from lifelines.utils import concordance_index

        return float(concordance_index(time_months, -risk, event))

    def sksurv() -> float:
        from sksurv.metrics import concordance_index_censored

        return float(concordance_index_censored(event, time_months, risk)[0])

    function = {"tumorboard": ours, "lifelines": lifelines, "scikit-survival": sksurv}[name]
    function() if n < 1_000_000 else None
    value, seconds = median_seconds(function, repeats)
    return {"value": value, "seconds": seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def bootstrap() -> dict[str, float]:
    """Measure 1,000 replicates on 10,000 patients."""
    from tumorboard.survival import ConcordancePairs, Survival

    n, replicates = BOOTSTRAP
    time_months, event, risk = simulated(n)
    rng = np.random.default_rng(SEED)

    def run() -> float:
        pairs = ConcordancePairs(Survival(time_months, event), risk)
        for _ in range(replicates // 40):
            drawn = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(40)]
            pairs.replicate_sums(np.stack(drawn, axis=1).astype(np.int32))
        return 0.0

    _, seconds = median_seconds(run, 3)
    return {"seconds": seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_child(*words: str) -> dict[str, float]:
    """Run one measurement in a fresh process."""
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def main() -> None:
    """Measure everything, print a table and write it."""
    rows = []
    for n in SIZES:
        for name in ("tumorboard", "lifelines", "scikit-survival"):
            if name == "scikit-survival" and n > 20_000:
                continue  # quadratic: hours
            rows.append({"program": name, "patients": n} | in_child("one", name, str(n)))
            print(f"{name:16} {n:>9,} patients  {rows[-1]['seconds'] * 1000:10.1f} ms  {rows[-1]['peak_mib']:7.0f} MiB")
    for n in SIZES:
        values = {row["program"]: row["value"] for row in rows if row["patients"] == n}
        print(f"{n:>9,} patients: difference to lifelines {abs(values['tumorboard'] - values['lifelines']):.1e}")
    replicated = in_child("bootstrap")
    print(f"bootstrap: {BOOTSTRAP[1]:,} replicates of {BOOTSTRAP[0]:,} patients in {replicated['seconds']:.2f} s")
    machine = {"python": platform.python_version(), "processor": platform.machine(), "numpy": np.__version__}
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"command": "make benchmarks", "machine": machine, "one_concordance": rows, "bootstrap": replicated}
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(one(sys.argv[2], int(sys.argv[3]))))
    elif sys.argv[1:2] == ["bootstrap"]:
        print(json.dumps(bootstrap()))
    else:
        main()
