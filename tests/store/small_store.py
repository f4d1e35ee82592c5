"""A small store: three patients, four slides, a scan."""

import random
from functools import cache
from pathlib import Path

import numpy as np
import simplejpeg

from tumorboard.errors import StudyError
from tumorboard.store import ShardMetadata, ShardWriter, Store

SLIDES = [("B-1", "B", range(5)), ("A-2", "A", range(10, 13)), ("A-1", "A", range(20, 27)), ("C-1", "C", range(2))]
COLUMNS = {"tissue_share": "float32", "focus": "float64", "cells": "int32", "tumour": "bool", "remark": "text"}


def picture(seed: int, width_px: int = 64, height_px: int = 48) -> np.ndarray:
    """Draw a coloured picture that a JPEG keeps well."""
    wave = np.random.default_rng(seed).uniform(0.02, 0.1, (3, 2))
    rows, columns = np.mgrid[:height_px, :width_px]
    return np.stack([127 + 100 * np.sin(a * rows + b * columns) for a, b in wave], axis=-1).astype(np.uint8)


@cache
def jpeg(seed: int, width_px: int = 64, height_px: int = 48) -> bytes:
    return simplejpeg.encode_jpeg(picture(seed, width_px, height_px), 90, "RGB", "444")


def add_tile(shard: ShardWriter, seed: int, modality: str = "tiles_10x") -> None:
    shard.add(
        jpeg(seed), encoding="jpeg", modality=modality, width_px=64, height_px=48, mpp=1.01, left=seed * 64, top=48,
        tissue_share=seed / 100, focus=float(seed), cells=seed, tumour=seed % 2 == 0, remark=f"tile {seed}",
    )  # fmt: skip


def write_slide(root: Path, name: str, patient_id: str, seeds, key=None) -> Path:
    """Write a shard with a 10x tile for each seed, and a 5x tile for each second one."""
    path = root / "slides" / f"{name}.shard"
    with ShardWriter(path, COLUMNS, ShardMetadata(patient_id, name, key or {"version": 1})) as shard:
        for seed in seeds:
            add_tile(shard, seed)
            if seed % 2 == 0:
                add_tile(shard, 1000 + seed, "tiles_5x")
    return path


def write_scan(root: Path, name: str, patient_id: str) -> Path:
    path = root / "scans" / f"{name}.shard"
    with ShardWriter(path, {}, ShardMetadata(patient_id, name, {"version": 1})) as shard:
        shard.add_array(np.arange(-60, 60, dtype=np.int16).reshape(10, 12), modality="scan", mpp=700.0)
    return path


def write_store(root: Path) -> list[Path]:
    """Write the small store; return its shards."""
    return [write_slide(root, *slide) for slide in SLIDES] + [write_scan(root, "CT-1", "A")]


def right_payloads(store: Store, seed: int, count: int) -> bool:
    """Read 10x tiles at random, and tell whether each is the one that was written."""
    cells = store.column("cells")
    rows = random.Random(seed).choices(range(len(store)), k=count)
    return all(store.payload(row) == jpeg(int(cells[row])) for row in rows)


def read_while_it_changes(root: Path, seed: int) -> tuple[int, int]:
    """Read 10x tiles at random while B's shard is replaced; return how often it was right, and refused."""
    store = Store.open(root, "tiles_10x", open_files=1)
    expected = {row: jpeg(int(cells)) for row, cells in enumerate(store.column("cells"))}
    draw = random.Random(seed)
    right = refused = 0
    (root / f"reading-{seed}").touch()
    while (right < 500 or refused < 5) and not (root / "stop").exists():
        row = draw.randrange(len(store))
        try:
            payload = store.payload(row)
        except StudyError:
            refused += 1
            if row not in store.patients["B"]:
                raise
            continue
        if payload != expected[row]:
            raise AssertionError(f"row {row} is not what was indexed")
        right += 1
    return right, refused
