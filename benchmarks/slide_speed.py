"""How fast slides become tiles: ours end to end, a straightforward program, OpenSlide alone, JPEG decoding alone.

On simulated slides of 20k x 20k and 40k x 40k pixels with about half tissue, with and without a native level at 10x
(`slide_speed_slides.py`). In each round every contestant works once on the slide, in a process that has done so before;
at 40k there are half as many rounds. What is told is the median of processor time, and of wall time beside it.
Processor time is what a core needs; wall time also holds waiting for the disk (ours makes sure that its file is on it)
and for other programs.

- ours: open, find tissue, judge quality, cut both scales, write a shard of the store; also with 10x alone.
- rival: the same job by OpenSlide and Pillow (`slide_rival.py`); also with 10x alone.
- reading alone: `openslide.read_region` of the very tiles at 10x that ours cut, from the level that suits.
- decoding alone: libjpeg-turbo on the bytes of the finished tiles, the limit of any program that looks at pixels.

    python benchmarks/slide_speed.py [--slides FOLDER] [--rounds 5] [--only NAME ...]
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
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2

import slide_rival
from slide_speed_slides import SLIDES, slide_file
from tumorboard.study.files import write_json

RESULTS = Path(__file__).parent / "results" / "slide_speed.json"
REQUIRED = {"native": 8.0, "not native": 5.0, "native, 10x alone": 15.0, "two processes": 1.8, "MiB a process": 500}
SCALES = ("10x", "5x")
PROCESSES = "two processes"
REPEATS_PER_PROCESS = 4
COLUMNS = ("tissue_share", "mean_red", "mean_green", "mean_blue", "sd_red", "sd_green", "sd_blue")


def ours(path: Path, out: Path, scales: Sequence[str] = SCALES) -> dict[str, Any]:
    """Turn a slide into a shard; return counts of tiles and the methods."""
    from tumorboard.slides.opening import open_slide
    from tumorboard.slides.tiles import WantedTiles, cut, plan_grid
    from tumorboard.slides.tissue import TissueSettings, find_tissue, judge
    from tumorboard.slides.tissue.overview import Overview
    from tumorboard.store import ShardMetadata, ShardWriter

    counts, methods, boxes = Counter(), Counter(), []
    with open_slide(path) as slide:
        tissue = find_tissue(slide, TissueSettings())
        grids = {scale: plan_grid(slide, scale) for scale in scales}
        judged = {scale: judge(tissue, grid.boxes) for scale, grid in grids.items()}
        wanted = [WantedTiles(grids[scale], judged[scale]["reason"].to_numpy() == "") for scale in scales]
        shares = {scale: judged[scale]["tissue_share"].to_numpy() for scale in scales}
        metadata = ShardMetadata("SIM-0001", path.stem, {"settings": "default"})
        with ShardWriter(out, dict.fromkeys(COLUMNS, "float32"), metadata) as shard:
            for row in cut(slide, wanted, Overview(tissue.overview, tissue.mpp, tissue.downsample)):
                shard.add_many(
                    row.payloads,
                    encoding=row.encoding,
                    modality=f"tiles_{row.scale}",
                    width_px=row.width_px,
                    height_px=row.height_px,
                    mpp=row.mpp,
                    left=row.boxes[:, 0],
                    top=row.boxes[:, 1],
                    tissue_share=shares[row.scale][row.numbers],
                    **dict(zip(COLUMNS[1:], row.colours.T, strict=True)),
                )
                counts[row.scale] += len(row)
                methods[f"{row.scale} {row.method}"] += len(row)
                boxes += [(row.scale, *box) for box in row.boxes.tolist()]
        fast = sum(counts[scale] for scale, grid in grids.items() if grid.is_fast)
    return {"counts": dict(counts), "methods": dict(methods), "fast": fast, "boxes": boxes}


def read_alone(path: Path, boxes: Sequence[tuple[str, int, int, int, int]]) -> int:
    """Read the tiles at 10x through OpenSlide and do nothing with them."""
    import openslide

    done = 0
    with openslide.OpenSlide(path) as slide:
        level, size = slide_rival.level_for(slide, 1.0 / float(slide.properties["openslide.mpp-x"]))
        for scale, left, top, _, _ in boxes:
            if scale == "10x":
                slide.read_region((left, top), level, (size, size))
                done += 1
    return done


def decode_alone(payloads: Sequence[bytes]) -> None:
    """Decode finished tiles."""
    import simplejpeg

    for payload in payloads:
        simplejpeg.decode_jpeg(payload)


def payloads_of(shard: Path) -> list[bytes]:
    """Return the streams of a shard."""
    from tumorboard.store import read_shard_records

    content = shard.read_bytes()
    records = read_shard_records(shard)
    return [content[start : start + size] for start, size in zip(records["offset"], records["length"], strict=True)]


def clocked(work: Callable[[], Any]) -> tuple[float, float]:
    """Return processor and wall seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


def one_slide(path: Path, rounds: int) -> dict[str, Any]:
    """Let all contestants work in turn on a slide."""
    with tempfile.TemporaryDirectory(prefix="slide-speed-") as folder:
        shard, archive = Path(folder) / "a.shard", Path(folder) / "a.zip"
        found = ours(path, shard)
        rival_counts = slide_rival.prepare(path, archive)
        payloads = payloads_of(shard)
        contestants: dict[str, tuple[Callable[[], Any], int]] = {
            "ours": (lambda: ours(path, shard), sum(found["counts"].values())),
            "rival": (lambda: slide_rival.prepare(path, archive), sum(rival_counts.values())),
            "ours, 10x alone": (lambda: ours(path, shard, ["10x"]), found["counts"]["10x"]),
            "rival, 10x alone": (lambda: slide_rival.prepare(path, archive, ["10x"]), rival_counts["10x"]),
            "OpenSlide reading alone, 10x": (lambda: read_alone(path, found["boxes"]), found["counts"]["10x"]),
            "JPEG decoding alone": (lambda: decode_alone(payloads), len(payloads)),
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
        for _ in range(rounds):
            for name, (work, _) in contestants.items():
                times[name].append(clocked(work))
    told = {name: _told(times[name], tiles) for name, (_, tiles) in contestants.items()}
    both = told["rival"]["processor_seconds"] / told["ours"]["processor_seconds"]
    alone = told["rival, 10x alone"]["processor_seconds"] / told["ours, 10x alone"]["processor_seconds"]
    return {
        "tiles": found["counts"],
        "rival_tiles": rival_counts,
        "methods": found["methods"],
        "fast_share": found["fast"] / max(1, sum(found["counts"].values())),
        "contestants": told,
        "times_faster": round(both, 1),
        "times_faster_wall": round(told["rival"]["wall_seconds"] / told["ours"]["wall_seconds"], 1),
        "times_faster_a_tile": round(told["ours"]["tiles_a_second"] / told["rival"]["tiles_a_second"], 1),
        "times_faster_10x_alone": round(alone, 1),
    }


def _told(times: list[tuple[float, float]], tiles: int) -> dict[str, Any]:
    processor, wall = (statistics.median(each) for each in zip(*times, strict=True))
    return {
        "tiles": tiles,
        "processor_seconds": round(processor, 4),
        "wall_seconds": round(wall, 4),
        "tiles_a_second": round(tiles / processor),
    }


def work_and_wait(paths: Sequence[Path], repeats: int) -> None:
    """Be one of several processes: warm up, tell, wait for the word, work, tell how much processor time it took."""
    with tempfile.TemporaryDirectory(prefix="slide-speed-") as folder:
        shard = Path(folder) / "a.shard"
        for path in paths:
            ours(path, shard)
        print("ready", flush=True)
        for _ in sys.stdin:
            processor, _ = clocked(lambda: [ours(path, shard) for _ in range(repeats) for path in paths])
            print(json.dumps({"processor": processor}), flush=True)


def several_processes(paths: Sequence[Path], rounds: int) -> dict[str, Any]:
    """Compare two processes at work on several slides with one, in turn.

    Wall time shows what two processes gain only where two cores are free (`cores_had_by_two` near 2); on a busy machine
    the growth of processor time by a second process at work tells what free cores would give.
    """
    command = [sys.executable, __file__, "--work", *map(str, paths)]
    # each in a session of its own: Linux shares a busy machine out among sessions, not processes
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes, env=_one_thread(), start_new_session=True) for _ in range(2)]
    try:
        for worker in workers:
            worker.stdout.readline()
        pairs = [(*_work(workers[:1]), *_work(workers)) for _ in range(rounds)]
    finally:
        for worker in workers:
            worker.stdin.close()
            worker.wait()
    slides = REPEATS_PER_PROCESS * len(paths)
    processor_one, processor_two = (statistics.median(pair[place] for pair in pairs) / slides for place in (1, 3))
    return {
        "slides": slides,
        "wall_seconds_a_slide_one": round(statistics.median(pair[0] for pair in pairs) / slides, 4),
        "wall_seconds_a_slide_two": round(statistics.median(pair[2] for pair in pairs) / slides / 2, 4),
        "times_faster": round(statistics.median(2 * one / two for one, _, two, _ in pairs), 2),
        "best_round": round(max(2 * one / two for one, _, two, _ in pairs), 2),
        "processor_seconds_a_slide_one": round(processor_one, 4),
        "processor_seconds_a_slide_two": round(processor_two, 4),
        "times_faster_by_processor_time": round(2 * processor_one / processor_two, 2),
        "cores_had_by_two": round(statistics.median(2 * used / wall for *_, wall, used in pairs), 2),
    }


def _work(workers: Sequence[subprocess.Popen[str]]) -> tuple[float, float]:
    """Let processes work at once; return wall seconds, and the processor seconds of one of them."""
    started = time.perf_counter()
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    used = [json.loads(worker.stdout.readline())["processor"] for worker in workers]
    return time.perf_counter() - started, statistics.mean(used)


def peak_mib(path: Path) -> float:
    """Return the most memory of a fresh process that turns one slide into a shard."""
    done = subprocess.run(
        [sys.executable, __file__, "--peak", str(path)], capture_output=True, text=True, check=True, env=_one_thread()
    )
    return float(done.stdout)


def _one_thread() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def measure(folder: Path, rounds: int, names: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measure every slide, then several processes."""
    for name in [name for name in names if name in SLIDES]:
        path = slide_file(folder, name)
        found = one_slide(path, rounds if name.startswith("20k") else max(1, rounds // 2))
        yield name, found | {"peak_mib": round(peak_mib(path))}
    for kind in ("native", "quarter") if PROCESSES in names else ():
        paths = [slide_file(folder, name) for name in SLIDES if name.startswith("20k") and kind in name]
        yield f"{PROCESSES}, {kind}", several_processes(paths, 2 * rounds)


def main() -> None:
    """Measure, print and keep."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--slides", type=Path, default=Path(tempfile.gettempdir()) / "tumorboard-slide-speed")
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--only", nargs="+", default=[*SLIDES, PROCESSES], choices=[*SLIDES, PROCESSES])
    words.add_argument("--work", nargs="+", type=Path, help=argparse.SUPPRESS)
    words.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    options = words.parse_args()
    cv2.setNumThreads(1)
    if options.work:
        work_and_wait(options.work, REPEATS_PER_PROCESS)
    elif options.peak:
        with tempfile.TemporaryDirectory(prefix="slide-speed-") as folder:
            ours(options.peak, Path(folder) / "a.shard")
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
        results |= {"processor": platform.processor() or platform.machine(), "required": REQUIRED}
        for name, result in measure(options.slides, options.rounds, options.only):
            results[name] = result
            print(name, json.dumps(result, indent=1), flush=True)
            write_json(RESULTS, results)


if __name__ == "__main__":
    main()
