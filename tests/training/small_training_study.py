"""A small study whose tiles show who dies early: prepared files and all, in a second."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import simplejpeg

from tumorboard.cohort.folds import deal_folds
from tumorboard.genomics import GeneTable
from tumorboard.inputs import StudyInputs
from tumorboard.store import ShardMetadata, ShardWriter, build_index
from tumorboard.study.files import StudyFolder, write_parquet
from tumorboard.study.settings import FoldSettings, StudySettings, parse_settings
from tumorboard.training.task import FoldTask

PX = 64
PLANES = ("transversal", "coronal", "sagittal")


def ids(patients: int) -> list[str]:
    return [f"P{number:02d}" for number in range(patients)]


def severity_of(patients: int) -> np.ndarray:
    return np.random.default_rng(5).permutation(np.linspace(-1, 1, patients))


def write_study(root: Path, patients: int = 18, *, without_scan=(), without_tiles=(), without_genes=()) -> StudyFolder:
    """Write a study: reddish tiles, a bright scan and a mutation of SICK mean an early death."""
    folder = StudyFolder(root)
    severity = severity_of(patients)
    cohort = _cohort(patients, severity)
    write_parquet(folder.cohort, cohort)
    write_parquet(folder.folds, deal_folds(cohort, FoldSettings(count=3, repeats=1)))
    _write_genes(folder, patients, severity, without_genes)
    for number, patient in enumerate(ids(patients)):
        random = np.random.default_rng([9, number])
        if patient not in without_tiles:
            write_tiles(folder.store, patient, severity[number], random)
        if patient not in without_scan:
            write_scan(folder.store, patient, severity[number], random)
    build_index(folder.store)
    return folder


def _cohort(patients: int, severity: np.ndarray) -> pd.DataFrame:
    time = np.round(60 * np.exp(-severity) + np.arange(patients) / 100, 2)
    event = (np.arange(patients) % 3 != 0).astype(float)
    status = np.where((event == 1) & (time <= 60), "dead", np.where(time > 60, "alive", "excluded"))
    return pd.DataFrame({
        "patient_id": ids(patients), "site": "AA", "time_months": time, "event": event, "competing": 0.0,
        "landmark_status": status, "age_years": 50.0 + np.arange(patients), "sex": ["male", "female"] * (patients // 2),
        "t": "1a", "n": "x", "m": "0", "grade": ["1", "2", "3"] * (patients // 3), "size_cm": 4 + severity,
        "necrosis": np.nan, "ecog": 0.0,
    })  # fmt: skip


def _write_genes(folder: StudyFolder, patients: int, severity: np.ndarray, without_genes) -> None:
    profiled = [patient for patient in ids(patients) if patient not in without_genes]
    rows = [
        (patient, "mutations", gene, 1)
        for number, patient in enumerate(ids(patients))
        for gene, has in (("SICK", severity[number] > 0), ("NOISE", number % 4 == 0))
        if patient in profiled and has
    ]
    altered = pd.DataFrame(rows, columns=["patient_id", "profile", "feature", "value"])
    write_parquet(folder.genes, GeneTable(altered, {"mutations": frozenset(profiled)}).to_frame())


def write_tiles(store: Path, patient: str, severity: float, random: np.random.Generator, tiles: int = 3) -> None:
    """Write a slide's tiles at 10x."""
    (store / "slides").mkdir(parents=True, exist_ok=True)
    with ShardWriter(store / "slides" / f"{patient}.shard", {}, ShardMetadata(patient, patient, {"v": 1})) as shard:
        for number in range(tiles):
            tile = random.integers(90, 160, (PX, PX, 3)).astype(np.uint8)
            tile[..., 0] = np.clip(tile[..., 0] + 70 * severity, 0, 255)
            shard.add(
                simplejpeg.encode_jpeg(tile, 95), encoding="jpeg", modality="tiles_10x", width_px=PX, height_px=PX,
                mpp=1.0, left=number * PX, top=0,
            )  # fmt: skip


def write_scan(store: Path, patient: str, severity: float, random: np.random.Generator) -> None:
    """Write a scan's three planes, each with a neighbour on either side."""
    (store / "scans").mkdir(parents=True, exist_ok=True)
    columns = {"plane": "text", "offset_mm": "float64"}
    with ShardWriter(store / "scans" / f"{patient}.shard", columns, ShardMetadata(patient, patient, {"v": 1})) as shard:
        for plane in PLANES:
            for offset in (-3.0, 0.0, 3.0):
                grey = np.clip(random.integers(60, 120, (PX, PX)) + 60 * severity + offset, 0, 255).astype(np.uint8)
                shard.add(
                    cv2.imencode(".png", grey)[1].tobytes(), encoding="png", modality="scan", width_px=PX, height_px=PX,
                    channels=1, mpp=700.0, left=-1, top=-1, plane=plane, offset_mm=offset,
                )  # fmt: skip


def settings_of(network=None, training=None) -> StudySettings:
    """Return settings for a quick training from random weights."""
    return parse_settings(
        {
            "network": {"weights": "none", "tile_px": PX, "scan_px": PX, "width": 8, "hidden": [8]} | (network or {}),
            "training": {
                "epochs": 2, "alone_epochs": 1, "frozen_epochs": 1, "batch": 6, "assessed_images": 1,
                "precision": "float32", "device": "cpu", "workers": 1,
            } | (training or {}),
        },
        "test",
    )  # fmt: skip


def task_of(folder: StudyFolder, run: str = "run", network=None, training=None) -> tuple[FoldTask, StudyInputs]:
    """Return the first fold's task, and the study's inputs for it."""
    settings = settings_of(network, training)
    return FoldTask(folder, run, 0, 0, settings), StudyInputs.open(folder, settings)
