"""What must tell nothing tells nothing: sizes, counts, hospitals, scanners, colours of 1,150 simulated patients.

Each patient of the preset `demo` is written as files, looked at as a careless method would, and deleted. A number is
held against the outcome as it stands; a name (hospital, scanner) and the colours by Cox models that are cross-fitted
over five folds, and the colours also by one that saw everybody, which flatters it.

    python benchmarks/phantom_shortcuts.py [--patients 1150] [--seed 1] [--seen FILE]

What was seen of each patient is kept in FILE, a line each; stopped and started again, it goes on from there.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openslide
import pandas as pd
import pydicom
from lifelines import CoxPHFitter

from tumorboard.execution import run_in_order
from tumorboard.phantom import PRESETS, Contents
from tumorboard.phantom.images import PatientTask, write_images
from tumorboard.phantom.patients import SimulatedPatient, oracle, simulate_cohort
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.phantom.scans import scan_scanner
from tumorboard.phantom.slides import slide_scanner
from tumorboard.study.files import write_json
from tumorboard.survival import Survival, harrell_concordance

RESULTS = Path(__file__).parent / "results" / "phantom_shortcuts.json"
FOLDS, PENALTY, GLASS_SATURATION = 5, 0.05, 12
NUMBERS = (
    "slide_width_px", "slide_height_px", "slide_pixels", "slide_levels", "slide_mpp", "slides", "slide_bytes",
    "tissue_share", "scan_rows", "scan_slices", "scan_pixel_mm", "scan_series", "scan_files", "scan_bytes",
)  # fmt: skip
NAMES = ("site", "slide_scanner", "scan_scanner")
COLOURS = ("mean_red", "mean_green", "mean_blue", "sd_red", "sd_green", "sd_blue")


def look(patient: SimulatedPatient) -> dict[str, Any]:
    """Write a patient's files, note what is seen without looking at any structure, and delete them."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="phantom-") as folder:
        images = write_images(PatientTask(Path(folder), patient, PRESETS["demo"], Contents.FILES))
        seen: dict[str, Any] = {"patient_id": patient.patient_id, "site": patient.site}
        slides = sorted((Path(folder) / "slides").glob("*.svs"))
        if slides:
            seen |= _slide(slides[0]) | {"slides": len(slides), "slide_scanner": _scanner_name(patient)}
        if patient.scan is not ScanKind.NONE:
            scanner = scan_scanner(patient.site, patient.seed, patient.scan)
            seen |= _scan(Path(folder) / "scans" / patient.patient_id) | {
                "scan_scanner": f"{patient.scan} {scanner.model}"
            }
            seen["scan_series"] = images.counts["series"]
    return seen


def _scanner_name(patient: SimulatedPatient) -> str:
    scanner = slide_scanner(patient.site, patient.seed)
    return f"{scanner.objective}x {scanner.tile_px} px {scanner.level_factors} {scanner.colour}"


def _slide(path: Path) -> dict[str, Any]:
    with openslide.OpenSlide(path) as slide:
        width, height = slide.dimensions
        lowest = slide.level_count - 1
        picture = np.asarray(slide.read_region((0, 0), lowest, slide.level_dimensions[lowest]).convert("RGB"))
        mpp = float(slide.properties["openslide.mpp-x"])
        levels = slide.level_count
    tissue = picture.max(axis=2).astype(int) - picture.min(axis=2) > GLASS_SATURATION
    colours = picture[tissue].astype(float)
    values = np.concatenate([colours.mean(axis=0), colours.std(axis=0)])
    return {
        "slide_width_px": width,
        "slide_height_px": height,
        "slide_pixels": width * height,
        "slide_levels": levels,
        "slide_mpp": mpp,
        "slide_bytes": path.stat().st_size,
        "tissue_share": tissue.mean(),
    } | dict(zip(COLOURS, values.tolist(), strict=True))


def _scan(folder: Path) -> dict[str, Any]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    series: dict[str, list[pydicom.Dataset]] = {}
    for path in files:
        if path.name.endswith((".nii", ".nii.gz")):
            continue
        header = pydicom.dcmread(path, stop_before_pixels=True)
        series.setdefault(header.SeriesInstanceUID, []).append(header)
    largest = max(series.values(), key=len)
    return {
        "scan_rows": int(largest[0].Rows),
        "scan_slices": len(largest),
        "scan_pixel_mm": float(largest[0].PixelSpacing[0]),
        "scan_files": len(files),
        "scan_bytes": sum(path.stat().st_size for path in files),
    }


def concordance(frame: pd.DataFrame, risk: np.ndarray, strata: np.ndarray | None = None) -> float:
    """Return Harrell's concordance, rounded."""
    outcome = Survival(frame["dss_time_months"], frame["dss_event"])
    return round(harrell_concordance(outcome, risk, strata=strata).value, 4)


def fitted_risk(frame: pd.DataFrame, inputs: pd.DataFrame, *, cross: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each patient's log-hazard from a Cox model of others, and the patients' folds; or from one of all."""
    spread = inputs.std().replace(0, 1)
    table = ((inputs - inputs.mean()) / spread).assign(
        time=frame["dss_time_months"].to_numpy(), event=frame["dss_event"].to_numpy()
    )
    fold = np.random.default_rng(seed).permutation(len(frame)) % FOLDS if cross else np.zeros(len(frame), int)
    risk = np.empty(len(frame))
    for number in np.unique(fold):
        test = fold == number
        model = CoxPHFitter(penalizer=PENALTY).fit(table[~test] if cross else table, "time", "event")
        risk[test] = model.predict_log_partial_hazard(table[test].drop(columns=["time", "event"])).to_numpy()
    return risk, fold


def look_at_all(patients: Sequence[SimulatedPatient], kept: Path, cohort: str, workers: int) -> list[dict[str, Any]]:
    """Look at every patient, those aside who were looked at before; each line of the file is flushed when written."""
    lines = kept.read_text().splitlines() if kept.is_file() else []
    if lines[:1] != [cohort]:
        lines = [cohort]
        kept.write_text(f"{cohort}\n")
    seen = [json.loads(line) for line in lines[1:]]
    with kept.open("a") as stream:
        for one in run_in_order(look, patients[len(seen) :], workers):
            seen.append(one)
            stream.write(json.dumps(one) + "\n")
            stream.flush()
            print(f"{len(seen)} of {len(patients)}", end="\r", flush=True)
    return seen


def main() -> None:
    """Write, look, delete; then write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--patients", type=int, default=1150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--seen", type=Path, default=Path(tempfile.gettempdir()) / "phantom_shortcuts.jsonl")
    asked = parser.parse_args()
    cohort = simulate_cohort(asked.patients, asked.seed)
    seen = look_at_all(cohort.patients, asked.seen, f"{asked.patients} patients, seed {asked.seed}", asked.workers)
    frame = cohort.clinical.merge(pd.DataFrame(seen).drop(columns="site"), on="patient_id")
    found: dict[str, Any] = {}
    for name in NUMBERS:
        there = frame[frame[name].notna()]
        found[name] = {"patients": len(there), "harrell_c": concordance(there, there[name].to_numpy(float))}
    for name in NAMES:
        there = frame[frame[name].notna()]
        risk, fold = fitted_risk(there, pd.get_dummies(there[name], dtype=float), cross=True, seed=asked.seed)
        found[name] = {
            "patients": len(there), "different": int(there[name].nunique()), "harrell_c": concordance(there, risk, fold)
        }  # fmt: skip
    there = frame[frame["mean_red"].notna()].reset_index(drop=True)
    inputs = there[[*COLOURS, "tissue_share", "slide_bytes"]].astype(float)
    colours: dict[str, Any] = {"patients": len(there)}
    risk, fold = fitted_risk(there, inputs, cross=True, seed=asked.seed)
    colours["cross_fitted"] = concordance(there, risk, fold)
    colours["fitted_on_all"] = concordance(there, fitted_risk(there, inputs, cross=False, seed=asked.seed)[0])
    image_oracle = float(json.loads(json.dumps(oracle(cohort)))["all_images"]["value"])
    colours["limit"] = round(0.5 + (image_oracle - 0.5) / 3, 4)
    write_json(
        RESULTS,
        {
            "patients": asked.patients,
            "seed": asked.seed,
            "events": int(frame["dss_event"].sum()),
            "image_oracle": round(image_oracle, 4),
            "each_within": "0.5 ± 0.06",
            "harrell_c": found,
            "cox_on_colours_tissue_share_file_size": colours,
        },
    )
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
