"""Random reads from the store against the limit: decoding the same bytes held in memory.

76,000 different JPEG tiles of 256 x 256 px in 230 shards, as of 230 patients with one slide each. Both sides decode all
tiles in a shuffled order of their own, by turns, two hundred at a time, so that whatever else the machine does disturbs
both; wall time and processor time. Files are in the page cache, as in every epoch of training but the first. Also:
writing, the index, opening.

    python benchmarks/store_reads.py [--pictures DIR] [--tiles 76000] [--shards 230] [--folder DIR]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from tumorboard.phantom.patients import simulate_cohort
from tumorboard.phantom.slides import write_tiles
from tumorboard.store import ShardMetadata, ShardWriter, Store, build_index
from tumorboard.study.files import write_json

RESULTS = Path(__file__).parent / "results" / "store_reads.json"
TILE_PX, CHUNK = 256, 200
GLASS_DEVIATION = 10
# as many columns as a study has: the index is as wide as there
COLUMNS = {f"quality_{number}": "float32" for number in range(12)}

Read = Callable[[int], object]
Taken = dict[str, list[tuple[float, float]]]
"""Wall and processor seconds of each chunk, by the reader's name."""


def pictures_in(folder: Path) -> list[np.ndarray]:
    """Read the pictures of a folder that have 256 x 256 px or more and show more than glass."""
    paths = sorted(path for kind in ("png", "jpg") for path in folder.rglob(f"*.{kind}"))
    pictures = [cv2.imread(str(path))[..., ::-1] for path in paths]
    return [one for one in pictures if min(one.shape[:2]) >= TILE_PX and one.std() > GLASS_DEVIATION]


def simulated_pictures() -> list[np.ndarray]:
    """Draw tiles of simulated patients."""
    with tempfile.TemporaryDirectory(prefix="store-") as folder:
        for patient in simulate_cohort(4, 1).patients:
            write_tiles(patient, Path(folder), count_10x=5, count_5x=0, side_px=4096)
        return pictures_in(Path(folder))


def make_tiles(pictures: Sequence[np.ndarray], count: int) -> list[bytes]:
    """Make different JPEG tiles: shifted round, mirrored, turned, at several qualities."""
    random = np.random.default_rng(1)
    tiles = []
    for _ in range(count):
        picture = pictures[random.integers(len(pictures))]
        shifted = np.roll(picture, tuple(random.integers(0, TILE_PX, 2)), axis=(0, 1))[:TILE_PX, :TILE_PX]
        turned = np.rot90(shifted[:: random.choice([1, -1])], random.integers(4))
        chroma = str(random.choice(["420", "422"]))
        quality = int(random.integers(76, 88))
        tiles.append(simplejpeg.encode_jpeg(np.ascontiguousarray(turned), quality, "RGB", chroma))
    return tiles


def write_shard(root: Path, number: int, tiles: Sequence[bytes]) -> None:
    """Write a patient's tiles, with as many columns as a study has."""
    random = np.random.default_rng(number)
    own = {name: random.random(len(tiles)) for name in COLUMNS}
    about = ShardMetadata(f"P-{number:04d}", f"P-{number:04d}-DX1", {"version": 1})
    with ShardWriter(root / "slides" / f"P-{number:04d}-DX1.shard", COLUMNS, about) as shard:
        shard.add_many(
            tiles, encoding="jpeg", modality="tiles_10x", width_px=TILE_PX, height_px=TILE_PX, mpp=1.0,
            left=np.arange(len(tiles)) * TILE_PX, top=0, **own,
        )  # fmt: skip


def write_plainly(root: Path, tiles: Sequence[bytes]) -> None:
    """Write the same bytes through to the disk and remove them: the limit of writing."""
    path = root / "plain"
    with path.open("wb", buffering=1 << 20) as file:
        for tile in tiles:
            file.write(tile)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def write_store(root: Path, tiles: Sequence[bytes], shards: int) -> dict[str, Any]:
    """Write the tiles, by turns with the same bytes without a format; return what it took."""
    (root / "slides").mkdir(parents=True)
    taken = []
    for number, part in enumerate(np.array_split(np.arange(len(tiles)), shards)):
        payloads = tiles[int(part[0]) : int(part[-1]) + 1]
        times = [(time.perf_counter(), time.process_time())]
        for write in (partial(write_shard, root, number, payloads), partial(write_plainly, root, payloads)):
            write()
            times.append((time.perf_counter(), time.process_time()))
        taken.append(np.diff(times, axis=0) / len(payloads))
    seconds = np.median(taken, axis=0)  # of a tile; ours and plain, wall and processor
    started = time.perf_counter()
    build_index(root)
    index_seconds = time.perf_counter() - started
    total = sum(map(len, tiles))
    return {
        "tiles_per_second": round(1 / seconds[0, 0]),
        "megabytes_per_second": round(total / len(tiles) / seconds[0, 0] / 1e6),
        "processor_us_a_tile": round(float(seconds[0, 1]) * 1e6, 1),
        "plain_tiles_per_second": round(1 / seconds[1, 0]),
        "plain_processor_us_a_tile": round(float(seconds[1, 1]) * 1e6, 1),
        "index_ms": round(index_seconds * 1e3, 1),
        "index_bytes_a_tile": round((root / "tiles_10x.index").stat().st_size / len(tiles), 1),
        "overhead_share": round(sum(path.stat().st_size for path in root.rglob("*.shard")) / total - 1, 5),
    }


def opening_ms(root: Path, times: int = 21) -> list[float]:
    """Open the store; return the milliseconds of each time."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        store = Store.open(root, "tiles_10x")
        len(store)
        taken.append((time.perf_counter() - started) * 1e3)
    return taken


def from_memory(tiles: Sequence[bytes], row: int) -> object:
    """Decode a tile that lies in memory: the limit."""
    return simplejpeg.decode_jpeg(tiles[row])


def contestants(root: Path, tiles: Sequence[bytes]) -> dict[str, Read]:
    """Return what reads a tile, decoded, by name; the first is the limit."""
    store = Store.open(root, "tiles_10x")
    unchecked = Store.open(root, "tiles_10x", check=False)
    return {
        "limit": partial(from_memory, tiles),
        "store": store.image,
        "store, checksums not compared": unchecked.image,
        "store, at most 128 px": partial(store.image, max_px=128),
    }


def read_by_turns(readers: dict[str, Read], count: int, seed: int, wait: Callable[[], object] = lambda: None) -> Taken:
    """Let each read all tiles in its own order, a chunk at a time by turns; return what each chunk took.

    Parameters
    ----------
    readers : dict of str to callable
    count : int
        Tiles.
    seed : int
    wait : callable
        Called before each chunk; lets processes begin it together.
    """
    random = np.random.default_rng(seed)
    orders = {name: random.permutation(count) for name in readers}
    taken: Taken = {name: [] for name in readers}
    for number, begin in enumerate(range(0, count - CHUNK + 1, CHUNK)):
        names = list(readers)[:: 1 if number % 2 else -1]
        for name in names:
            read, rows = readers[name], orders[name][begin : begin + CHUNK].tolist()
            wait()
            started, processor = time.perf_counter(), time.process_time()
            for row in rows:
                read(row)
            taken[name].append((time.perf_counter() - started, time.process_time() - processor))
    return taken


def _worker(opened: Callable[[], dict[str, Read]], count: int, seed: int, barrier: Any, answers: Any) -> None:
    answers.put(read_by_turns(opened(), count, seed, barrier.wait))


def read_in_processes(opened: Callable[[], dict[str, Read]], count: int, processes: int) -> list[Taken]:
    """Read in several processes at once, each chunk begun together.

    Parameters
    ----------
    opened : callable
        Called in each process; gives what reads a tile, decoded, by name.
    count : int
        Tiles.
    processes : int
    """
    context = multiprocessing.get_context("fork")  # so that the tiles in memory are shared
    barrier, answers = context.Barrier(processes), context.SimpleQueue()
    workers = [
        context.Process(target=_worker, args=(opened, count, seed, barrier, answers)) for seed in range(processes)
    ]
    for worker in workers:
        worker.start()
    found = [answers.get() for _ in workers]
    for worker in workers:
        worker.join()
    return found


def summary(found: Sequence[Taken]) -> dict[str, Any]:
    """Return tiles a second of all processes together, and shares of the limit: medians over chunks."""
    # axes: process, chunk, wall or processor
    seconds = {name: np.array([taken[name] for taken in found]) for name in found[0]}
    limit = seconds["limit"].sum(axis=0)
    result = {}
    for name, taken in seconds.items():
        shares = limit / taken.sum(axis=0)
        result[name] = {
            "tiles_per_second": round(float(np.median(CHUNK / taken[..., 0], axis=1).sum())),
            "of_limit": round(float(np.median(shares[:, 0])), 3),
            "of_limit_quartiles": [round(float(value), 3) for value in np.quantile(shares[:, 0], [0.25, 0.75])],
            "of_limit_processor": round(float(np.median(shares[:, 1])), 3),
        }
    return result


def main() -> None:
    """Make the tiles, write the store, read it, write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=Path, help="real tiles, of 256 px or more; simulated ones otherwise")
    parser.add_argument("--tiles", type=int, default=76_000)
    parser.add_argument("--shards", type=int, default=230)
    parser.add_argument("--folder", type=Path, help="where the store is written and removed again")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = pictures_in(asked.pictures) if asked.pictures else simulated_pictures()
    tiles = make_tiles(pictures, asked.tiles)
    with tempfile.TemporaryDirectory(prefix="store-", dir=asked.folder) as folder:
        root = Path(folder) / "store"
        write_store(Path(folder) / "first", tiles[:10], 1)  # imports what writing needs
        results: dict[str, Any] = {
            "pictures": f"{len(pictures)} {'real' if asked.pictures else 'simulated'}",
            "tiles": len(tiles),
            "kilobytes_a_tile": round(sum(map(len, tiles)) / len(tiles) / 1e3, 1),
            "shards": asked.shards,
            "cores": len(os.sched_getaffinity(0)),
            "writing": write_store(root, tiles, asked.shards),
        }
        opening = opening_ms(root)
        results["opening_ms"] = {"median": round(float(np.median(opening)), 1), "longest": round(max(opening), 1)}
        print(results, flush=True)
        for processes in (1, 2):
            results[f"{processes} processes"] = summary(
                read_in_processes(partial(contestants, root, tiles), len(tiles), processes)
            )
            print(results[f"{processes} processes"], flush=True)
    write_json(RESULTS, results)


if __name__ == "__main__":
    main()
