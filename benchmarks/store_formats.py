"""The forms that were weighed for the store: random reads, writing, opening, size, with the same JPEG tiles in each.

Each form is read warm (files in the page cache; decoded; by turns, two hundred tiles at a time; as a share of decoding
the same bytes held in memory), by one process and by two, and cold (one form after the other, its pages dropped from
the cache before each round). Forms whose package is not installed are left out and named.

    pip install lmdb zarr h5py          # into a place of their own: the program does not need them
    python benchmarks/store_formats.py [--pictures DIR] [--tiles 20000] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import tarfile
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import simplejpeg

from store_reads import (
    TILE_PX,
    Read,
    from_memory,
    make_tiles,
    pictures_in,
    read_in_processes,
    simulated_pictures,
    summary,
    write_shard,
)
from tumorboard.store import Store, build_index
from tumorboard.study.files import write_json

RESULTS = Path(__file__).parent / "results" / "store_formats.json"
TILES_A_PART = 330
COLD_ROUNDS, COLD_TILES = 5, 200


class Form(ABC):
    """A way to keep tiles on the disk."""

    name: str
    package = ""

    @abstractmethod
    def write(self, folder: Path, tiles: Sequence[bytes]) -> None:
        """Write all tiles."""

    @abstractmethod
    def reader(self, folder: Path) -> Read:
        """Open it; return what gives a tile, decoded."""


class OurStore(Form):
    """Shards and an index, as the program has them."""

    name = "store"

    def write(self, folder: Path, tiles: Sequence[bytes]) -> None:
        """Write shards and the index, with 12 columns more than the others."""
        for number, begin in enumerate(range(0, len(tiles), TILES_A_PART)):
            write_shard(folder / "store", number, tiles[begin : begin + TILES_A_PART])
        build_index(folder / "store")

    def reader(self, folder: Path) -> Read:
        """Read with checksums compared."""
        return Store.open(folder / "store", "tiles_10x").image


class ArrowIpc(Form):
    """One Arrow IPC file with a column of bytes, mapped; each tile taken as Arrow gives it."""

    name = "Arrow IPC, plain"

    def write(self, folder: Path, tiles: Sequence[bytes]) -> None:
        """Write a record batch for each slide."""
        schema = pa.schema([("jpeg", pa.large_binary())])
        with pa.OSFile(str(folder / "tiles.arrow"), "wb") as file, pa.ipc.new_file(file, schema) as writer:
            for begin in range(0, len(tiles), TILES_A_PART):
                part = pa.array(tiles[begin : begin + TILES_A_PART], pa.large_binary())
                writer.write_batch(pa.record_batch([part], schema=schema))

    def column(self, folder: Path) -> pa.ChunkedArray:
        """Map the column of bytes."""
        return pa.ipc.open_file(pa.memory_map(str(folder / "tiles.arrow"))).read_all()["jpeg"]

    def reader(self, folder: Path) -> Read:
        """Read through the chunked column."""
        column = self.column(folder)
        return lambda row: simplejpeg.decode_jpeg(column[row].as_py())


class ArrowOffsets(ArrowIpc):
    """The same file; where each tile lies is looked up in numpy."""

    name = "Arrow IPC, numpy offsets"

    def reader(self, folder: Path) -> Read:
        """Read slices of the mapped buffers."""
        chunks = self.column(folder).chunks
        offsets = [np.frombuffer(chunk.buffers()[1], np.int64) for chunk in chunks]
        values = [memoryview(chunk.buffers()[2]).cast("B") for chunk in chunks]

        def read(row: int) -> object:
            part, place = divmod(row, TILES_A_PART)
            begin, end = offsets[part][place : place + 2]
            return simplejpeg.decode_jpeg(values[part][begin:end])

        return read


class ZarrJpeg(Form):
    """Zarr v3 with sharding: each tile's JPEG stream is a chunk of bytes."""

    name, package = "Zarr v3 sharding, JPEG", "zarr"

    def write(self, folder: Path, tiles: Sequence[bytes]) -> None:
        """Write a shard for each slide."""
        import zarr

        count = -(-len(tiles) // TILES_A_PART) * TILES_A_PART
        made = zarr.create_array(
            str(folder / "tiles.zarr"), shape=(count,), chunks=(1,), shards=(TILES_A_PART,),
            dtype=zarr.dtype.VariableLengthBytes(), compressors=None,
        )  # fmt: skip
        for begin in range(0, len(tiles), TILES_A_PART):
            part = tiles[begin : begin + TILES_A_PART]
            made[begin : begin + len(part)] = np.array(part, object)

    def reader(self, folder: Path) -> Read:
        """Read by index."""
        import zarr

        opened = zarr.open_array(str(folder / "tiles.zarr"), mode="r")
        return lambda row: simplejpeg.decode_jpeg(bytes(opened[row : row + 1][0]))


class ZarrPixels(ZarrJpeg):
    """Zarr v3 with sharding and its own compression (zstd) of the pixels."""

    name = "Zarr v3 sharding, pixels"

    def write(self, folder: Path, tiles: Sequence[bytes]) -> None:
        """Write a shard for each slide."""
        import zarr

        tile = (TILE_PX, TILE_PX, 3)
        count = -(-len(tiles) // TILES_A_PART) * TILES_A_PART
        made = zarr.create_array(
            str(folder / "tiles.zarr"), shape=(count, *tile), chunks=(1, *tile), shards=(TILES_A_PART, *tile),
            dtype="uint8",
        )  # fmt: skip
        for begin in range(0, len(tiles), TILES_A_PART):
            part = tiles[begin : begin + TILES_A_PART]
            made[begin : begin + len(part)] = np.stack([simplejpeg.decode_jpeg(one) for one in part])

    def reader(self, folder: Path) -> Read:
        """Read by index; the pixels are the answer."""
        import zarr

        opened = zarr.open_array(str(folder / "tiles.zarr"), mode="r")
        return lambda row: opened[row]


class Lmdb(Form):
    """LMDB: one B-tree file, mapped; the row is the key."""

    name, package = "LMDB", "lmdb"

    def write(self, folder: Path, tiles: Sequence[bytes]) -> None:
        """Write in transactions of a slide each."""
        import lmdb

        with lmdb.open(str(folder / "tiles.lmdb"), map_size=2 * sum(map(len, tiles)) + (1 << 26)) as opened:
            for begin in range(0, len(tiles), TILES_A_PART):
                with opened.begin(write=True, buffers=True) as writing:
                    for row, tile in enumerate(tiles[begin : begin + TILES_A_PART], begin):
                        writing.put(row.to_bytes(8, "big"), tile, append=True)

    def reader(self, folder: Path) -> Read:
        """Read in one transaction, without copies."""
        import lmdb

        opened = lmdb.open(str(folder / "tiles.lmdb"), readonly=True, lock=False, readahead=False)
        reading = opened.begin(buffers=True)
        return lambda row: (opened, simplejpeg.decode_jpeg(reading.get(row.to_bytes(8, "big"))))


class WebDataset(Form):
    """WebDataset's tar files, read at random with an index of our own beside them; WebDataset itself only streams."""

    name = "WebDataset tar with an index"

    def write(self, folder: Path, tiles: Sequence[bytes]) -> None:
        """Write a tar file for each slide, and where each tile lies."""
        places = []
        for part, begin in enumerate(range(0, len(tiles), TILES_A_PART)):
            path = folder / f"{part:05d}.tar"
            with tarfile.open(path, "w") as tar:
                for row, tile in enumerate(tiles[begin : begin + TILES_A_PART], begin):
                    entry = tarfile.TarInfo(f"{row:08d}.jpg")
                    entry.size = len(tile)
                    tar.addfile(entry, BytesIO(tile))
            with tarfile.open(path) as tar:
                places += [(part, entry.offset_data, entry.size) for entry in tar]
        np.save(folder / "index.npy", np.array(places))

    def reader(self, folder: Path) -> Read:
        """Read at the indexed places."""
        places = np.load(folder / "index.npy", mmap_mode="r")
        files = [os.open(path, os.O_RDONLY) for path in sorted(folder.glob("*.tar"))]

        def read(row: int) -> object:
            part, offset, length = places[row]
            return simplejpeg.decode_jpeg(os.pread(files[part], length, offset))

        return read


class Hdf5(Form):
    """HDF5: one file, variable-length bytes."""

    name, package = "HDF5", "h5py"

    def write(self, folder: Path, tiles: Sequence[bytes]) -> None:
        """Write a slide at a time."""
        import h5py

        with h5py.File(folder / "tiles.h5", "w") as file:
            made = file.create_dataset("jpeg", (len(tiles),), h5py.vlen_dtype(np.uint8), chunks=(TILES_A_PART,))
            for row, tile in enumerate(tiles):
                made[row] = np.frombuffer(tile, np.uint8)

    def reader(self, folder: Path) -> Read:
        """Read by index."""
        import h5py

        opened = h5py.File(folder / "tiles.h5")["jpeg"]
        return lambda row: simplejpeg.decode_jpeg(opened[row])


class PlainFiles(Form):
    """A JPEG file for each tile, a folder for each slide."""

    name = "plain files"

    def write(self, folder: Path, tiles: Sequence[bytes]) -> None:
        """Write file by file."""
        for row, tile in enumerate(tiles):
            path = self.path(folder, row)
            if not row % TILES_A_PART:
                path.parent.mkdir(parents=True)
            path.write_bytes(tile)

    def reader(self, folder: Path) -> Read:
        """Open, read and close each time."""

        def read(row: int) -> object:
            with open(self.path(folder, row), "rb", buffering=0) as file:  # noqa: PTH123 (the quickest way)
                return simplejpeg.decode_jpeg(file.read())

        return read

    def path(self, folder: Path, row: int) -> Path:
        """Return where a tile lies."""
        return folder / f"{row // TILES_A_PART:05d}" / f"{row:08d}.jpg"


FORMS: tuple[type[Form], ...] = (
    OurStore, ArrowIpc, ArrowOffsets, ZarrJpeg, ZarrPixels, Lmdb, WebDataset, Hdf5, PlainFiles,
)  # fmt: skip


def files_in(folder: Path) -> list[Path]:
    """Return every file of a form."""
    return [path for path in folder.rglob("*") if path.is_file()]


def write_form(form: Form, folder: Path, tiles: Sequence[bytes]) -> dict[str, Any]:
    """Write a form through to the disk; return what it took."""
    folder.mkdir()
    started = time.perf_counter()
    form.write(folder, tiles)
    for path in files_in(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    wall = time.perf_counter() - started
    sizes = [path.stat().st_blocks * 512 for path in files_in(folder)]
    return {
        "written_tiles_per_second": round(len(tiles) / wall),
        "files": len(sizes),
        "disk_of_tiles": round(sum(sizes) / sum(map(len, tiles)), 3),
    }


def opening_ms(form: Form, folder: Path, times: int = 9) -> float:
    """Return the median of opening and reading a first tile, in ms."""
    taken = []
    for number in range(times):
        started = time.perf_counter()
        form.reader(folder)(number)
        taken.append((time.perf_counter() - started) * 1e3)
    return round(float(np.median(taken)), 2)


def drop_from_cache(folder: Path) -> None:
    """Let the system forget the content of a folder's files."""
    for path in files_in(folder):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def cold_ms(form: Form, folder: Path, rows: Sequence[int]) -> float:
    """Return the ms a tile of random reads that find nothing in the cache."""
    drop_from_cache(folder)
    read = form.reader(folder)
    started = time.perf_counter()
    for row in rows:
        read(row)
    return (time.perf_counter() - started) / len(rows) * 1e3


def all_cold(forms: Sequence[Form], folder: Path, count: int) -> dict[str, float]:
    """Return each form's median over rounds of `cold_ms`."""
    random = np.random.default_rng(3)
    taken: dict[str, list[float]] = {form.name: [] for form in forms}
    for _ in range(COLD_ROUNDS):
        rows = random.permutation(count)[:COLD_TILES].tolist()
        for form in forms:
            taken[form.name].append(cold_ms(form, folder / form.name, rows))
    return {name: round(float(np.median(values)), 2) for name, values in taken.items()}


def contestants(forms: Sequence[Form], folder: Path, tiles: Sequence[bytes]) -> dict[str, Read]:
    """Return what reads a tile, decoded, by name; the first is the limit."""
    limit: dict[str, Read] = {"limit": partial(from_memory, tiles)}
    return limit | {form.name: form.reader(folder / form.name) for form in forms}


def measure(forms: Sequence[Form], folder: Path, tiles: Sequence[bytes]) -> dict[str, dict[str, Any]]:
    """Write and read each form; return what was found, by name."""
    found: dict[str, dict[str, Any]] = {}
    for form in forms:
        found[form.name] = write_form(form, folder / form.name, tiles)
        found[form.name]["opening_ms"] = opening_ms(form, folder / form.name)
        print(form.name, found[form.name], flush=True)
    for _ in range(2):  # the system keeps pages that were used twice
        for path in files_in(folder):
            path.read_bytes()
    opened: Callable[[], dict[str, Read]] = partial(contestants, forms, folder, tiles)
    for processes in (1, 2):
        read = summary(read_in_processes(opened, len(tiles), processes))
        for form in forms:
            found[form.name][f"{processes} processes"] = read[form.name]
        print({name: values["of_limit"] for name, values in read.items()}, flush=True)
    for name, milliseconds in all_cold(forms, folder, len(tiles)).items():
        found[name]["cold_ms_a_tile"] = milliseconds
    return found


def main() -> None:
    """Make the tiles, measure, write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=Path, help="real tiles, of 256 px or more; simulated ones otherwise")
    parser.add_argument("--tiles", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, help="where the forms are written and removed again")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = pictures_in(asked.pictures) if asked.pictures else simulated_pictures()
    tiles = make_tiles(pictures, asked.tiles)
    absent = [form.name for form in FORMS if form.package and not find_spec(form.package)]
    forms = [form() for form in FORMS if form.name not in absent]
    results: dict[str, Any] = {
        "pictures": f"{len(pictures)} {'real' if asked.pictures else 'simulated'}",
        "tiles": len(tiles),
        "kilobytes_a_tile": round(sum(map(len, tiles)) / len(tiles) / 1e3, 1),
        "not_installed": absent,
    }
    with tempfile.TemporaryDirectory(prefix="store-", dir=asked.folder) as folder:
        results["forms"] = measure(forms, Path(folder), tiles)
    write_json(RESULTS, results)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
