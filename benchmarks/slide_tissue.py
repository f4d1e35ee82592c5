"""Tissue and the quality of tiles on simulated slides, against the truth.

Tissue: Dice of the mask with the true tissue, pixel by pixel of the overview (about 8 µm). Left out are pixels under
ink, bubbles, coverslip edges and black borders, since what they hide cannot be seen; folded and blurred tissue is
tissue. Beside it, strictly: all pixels count, and the truth is the tissue that neither ink nor a border hides.

Tiles: on the grid of 10x (256 µm) and 5x (512 µm) tiles, and on one four times as dense along each side, since few
tiles of a small slide meet an artefact. Of those of which ink or lost focus (where there is tissue) covers 25 %, or a
fold 10 % (a fold of usual width never covers 25 % of so large a tile), it is told how many are rejected; of those that
are at least 90 % tumour and free of any artefact, how many are kept, and why the others are not.

The method was developed on the patients with odd numbers; those with even numbers are its test. As one slide in five
has a fold, ``--folds N`` makes N slides that have one, of as many patients: of a seed that nobody has looked at they
are a test of the folds.

    python benchmarks/slide_tissue.py [DIR] [--patients 60] [--preset demo] [--seed 1] [--folds N] [--pictures DIR]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from tumorboard.execution import run_in_order
from tumorboard.phantom import PRESETS, PhantomRequest, write_phantom
from tumorboard.phantom.patients import simulate_cohort
from tumorboard.phantom.patients.patient import SimulatedPatient
from tumorboard.phantom.slides import write_slide
from tumorboard.phantom.slides.artefact import ArtefactKind
from tumorboard.phantom.slides.dirt import drawn_artefacts
from tumorboard.phantom.slides.scanner import slide_scanner
from tumorboard.phantom.slides.slide import section_size_um, slide_seed
from tumorboard.slides.opening import open_slide
from tumorboard.slides.tissue import TissueMap, TissueSettings, find_tissue, judge
from tumorboard.slides.tissue.areas import sums_in
from tumorboard.study.files import StudyFolder, write_json

RESULTS = Path(__file__).parent / "results" / "slide_tissue.json"

KINDS = {
    "Tissue": "tissue", "Tumor": "tumour", "Pen mark": "pen", "Tissue fold": "fold", "Out of focus": "blur",
    "Air bubble": "bubble", "Coverslip edge": "coverslip", "Black border": "border",
}  # fmt: skip
HIDING = ("pen", "bubble", "coverslip", "border")
ARTEFACTS = ("pen", "fold", "blur", "bubble", "coverslip", "border")
TOUCHED = {"pen": 0.25, "blur": 0.25, "fold": 0.10}
TILES_UM = {"10x": 256.0, "5x": 512.0}
DENSE = 4
COLOURS = {
    "tissue": (0, 170, 0), "pen": (255, 0, 255), "fold": (255, 200, 0), "blur": (0, 130, 255),
    "bubble": (0, 200, 170), "border": (255, 80, 0),
}  # fmt: skip
REPEATS = 3


def truth_of(regions: Path, found: TissueMap) -> dict[str, np.ndarray]:
    """Draw the true regions on a map's pixels."""
    truth = {name: np.zeros(found.tissue.shape, np.uint8) for name in KINDS.values()}
    for feature in json.loads(regions.read_text())["features"]:
        # a pen's name ends in its colour
        kind = KINDS.get(feature["properties"]["classification"]["name"].split(" (")[0])
        if kind is None:
            continue
        shape = feature["geometry"]
        polygons = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        for rings in polygons:
            drawn = np.zeros_like(truth[kind])
            for number, ring in enumerate(rings):
                # OpenCV's pixels have their middle at whole numbers, and 16 parts
                points = np.round((np.array(ring) / found.downsample - 0.5) * 16).astype(np.int32)
                cv2.fillPoly(drawn, [points], 1 if number == 0 else 0, shift=4)
            truth[kind] |= drawn
    truth = {name: mask > 0 for name, mask in truth.items()}
    truth["blur"] &= truth["tissue"]
    truth["fold"] &= truth["tissue"]
    return truth


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Give twice what is common over the sum of both."""
    return float(2 * np.count_nonzero(one & other) / max(np.count_nonzero(one) + np.count_nonzero(other), 1))


def tiles_of(found: TissueMap, truth: dict[str, np.ndarray], mpp: float) -> pd.DataFrame:
    """Judge all tiles of both scales; with the true share of each kind."""
    height, width = (side * found.downsample for side in found.tissue.shape)
    frames = []
    for scale, size_um in TILES_UM.items():
        size = round(size_um / mpp)
        step = size / DENSE
        columns, rows = (int((side - size) // step) + 1 for side in (width, height))
        if columns < 1 or rows < 1:
            continue
        row, column = (index.ravel() for index in np.indices((rows, columns)))
        boxes = np.stack([column * step, row * step, np.full(len(row), size), np.full(len(row), size)], 1).astype(
            np.int64
        )
        place = boxes / found.downsample
        corners = np.concatenate([place[:, :2], place[:, :2] + place[:, 2:]], 1)
        area = place[:, 2] * place[:, 3]
        shares = {
            f"true_{name}": np.round(sums_in(mask.astype(np.uint8), corners) / area, 6) for name, mask in truth.items()
        }
        on_grid = (row % DENSE == 0) & (column % DENSE == 0)
        frames.append(judge(found, boxes).assign(scale=scale, on_grid=on_grid, **shares))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def rates(tiles: pd.DataFrame) -> dict[str, object]:
    """Tell how many spoilt tiles are rejected and how many good ones kept."""
    told: dict[str, object] = {}
    rejected = tiles["reason"] != ""
    for kind, least in TOUCHED.items():
        touched = tiles[f"true_{kind}"] >= least
        told[f"{kind} rejected"] = share(rejected[touched])
    clean = tiles[[f"true_{kind}" for kind in ARTEFACTS]].sum(axis=1) == 0
    tumour = clean & (tiles["true_tumour"] >= 0.9)
    told["good tumour kept"] = share(~rejected[tumour])
    told["good tumour lost to"] = tiles.loc[tumour & rejected, "reason"].value_counts().to_dict()
    other = clean & (tiles["true_tissue"] >= 0.9) & (tiles["true_tumour"] < 0.5)
    told["other good tissue kept"] = share(~rejected[other])
    return told


def share(found: pd.Series) -> dict[str, object]:
    """Give a share with the number it is of, and Wilson's 95 % interval (as if tiles were independent)."""
    count = len(found)
    if not count:
        return {"of": 0, "share": None}
    mean, z2 = float(found.mean()), 1.96**2
    middle, half = mean + z2 / (2 * count), 1.96 * np.sqrt(mean * (1 - mean) / count + z2 / (4 * count**2))
    interval = [round(float((middle + sign * half) / (1 + z2 / count)), 4) for sign in (-1, 1)]
    return {"of": count, "share": round(mean, 4), "95 %": interval}


def by_slide(tiles: pd.DataFrame, kind: str) -> dict[str, object]:
    """Tell of how many slides at least half, and at least 95 %, of the spoilt tiles are rejected.

    Slides are independent of one another; tiles are not, as one fold spoils several.
    """
    touched = tiles[tiles[f"true_{kind}"] >= TOUCHED[kind]]
    found = (touched["reason"] != "").groupby(touched["slide"]).mean()
    return {"at least half": share(found >= 0.5), "at least 95 %": share(found >= 0.95)}


def summary(slides: pd.DataFrame, tiles: pd.DataFrame) -> dict[str, object]:
    """Sum up some slides."""
    told: dict[str, object] = {"slides": len(slides)}
    for name in ("dice", "strict_dice"):
        values = slides[name]
        told[name] = {
            "median": round(float(values.median()), 4), "worst": round(float(values.min()), 4),
            "worst slide": slides.loc[values.idxmin(), "slide"], "at least 0.95": share(values >= 0.95),
        }  # fmt: skip
    for scale in TILES_UM:
        own = tiles[tiles["scale"] == scale]
        told[f"{scale} tiles"] = rates(own[own["on_grid"]])
        told[f"{scale} tiles, dense"] = rates(own) | {"slides' folds rejected": by_slide(own, "fold")}
    by_width = slides.groupby(slides["width_px"] // 10_000)["cpu_ms"].median()
    told["CPU ms by thousand px of width"] = {
        f"{10 * tens} to {10 * tens + 10}": round(ms, 1) for tens, ms in by_width.items()
    }
    return told


def overlay(found: TissueMap, truth: dict[str, np.ndarray], side_px: int = 900) -> np.ndarray:
    """Draw what was found (thick) and the true folds and blurred areas (thin, dark blue)."""
    scale = side_px / max(found.tissue.shape)
    picture = cv2.resize(found.overview, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    drawn = [(getattr(found, name), colour, 2) for name, colour in COLOURS.items()]
    for mask, colour, width in [*drawn, (truth["fold"], (0, 0, 120), 1), (truth["blur"], (0, 0, 120), 1)]:
        large = cv2.resize(mask.astype(np.uint8), picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(large, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, colour, width)
    return picture


def timed(work: Callable[[], TissueMap]) -> tuple[TissueMap, float]:
    """Do some work a few times; return its result and the median of its processor time in ms."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        result = work()
        times.append(1000 * (time.process_time() - start))
    return result, float(np.median(times))


def has_fold(patient: SimulatedPatient, side_px: int) -> bool:
    """Tell whether a patient's first slide has a fold."""
    seed, mpp = slide_seed(patient, 1), slide_scanner(patient.site, patient.seed).mpp
    width_um, height_um = (round(side_um / mpp) * mpp for side_um in section_size_um(seed, side_px))
    return any(piece.kind is ArtefactKind.FOLD for piece in drawn_artefacts(seed, width_um, height_um))


def written(task: tuple[SimulatedPatient, Path, int]) -> dict[str, object]:
    """Write one slide, or leave it where an earlier run has finished it."""
    patient, folder, side_px = task
    note = folder / "truth" / "patients" / f"{patient.patient_id}.json"
    if not note.is_file():
        cv2.setNumThreads(1)
        record = write_slide(patient, folder, side_px=side_px)
        told = {"patient_id": patient.patient_id, "path": record.path, "regions": record.regions_path}
        write_json(note, {name: str(Path(what).relative_to(folder)) if name != "patient_id" else what
                          for name, what in told.items()})  # fmt: skip
    return json.loads(note.read_text())


def write_folded(folder: Path, count: int, seed: int, side_px: int) -> None:
    """Write slides that have a fold, each of another patient, beside whatever else chance gives them."""
    cohort = simulate_cohort(12 * count, seed)
    chosen = [patient for patient in cohort.patients if patient.has_slide and has_fold(patient, side_px)][:count]
    rows = []
    for row in run_in_order(written, [(patient, folder, side_px) for patient in chosen], 2):
        rows.append(row)
        print(len(rows), "slides", flush=True)
    pd.DataFrame(rows).to_csv(folder / "truth" / "slides.csv", index=False)


def main() -> None:
    """Make the phantom where it is missing, judge every slide, write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--patients", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--preset", default="demo", choices=list(PRESETS))
    parser.add_argument("--folds", type=int, default=0, metavar="N", help="N slides with a fold, in place of patients")
    parser.add_argument("--pictures", type=Path, help="folder for an overlay of each slide")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="phantom-"))
    made = (folder / "truth" / "slides.csv").is_file()
    if asked.folds and not made:
        write_folded(folder, asked.folds, asked.seed, PRESETS[asked.preset].slide_side_px)
    elif not made:
        request = PhantomRequest(asked.patients, asked.seed, PRESETS[asked.preset])
        write_phantom(StudyFolder(folder), request, progress=lambda done, _, step: print(done, step, flush=True))
    slides, tiles = [], []
    for row in pd.read_csv(folder / "truth" / "slides.csv").itertuples():
        path = folder / row.path
        with open_slide(path) as slide:
            found, cpu_ms = timed(lambda slide=slide: find_tissue(slide, TissueSettings()))
            mpp, width_px = slide.scale.mpp, slide.levels[0].width
        truth = truth_of(folder / row.regions, found)
        seen = ~np.logical_or.reduce([truth[kind] for kind in HIDING])
        odd = int(row.patient_id.split("-")[-1]) % 2 == 1
        slides.append({
            "slide": path.stem, "odd": odd, "width_px": width_px, "cpu_ms": cpu_ms,
            "dice": dice(found.tissue[seen], truth["tissue"][seen]),
            "strict_dice": dice(found.tissue, truth["tissue"] & ~truth["pen"] & ~truth["border"]),
        })  # fmt: skip
        tiles.append(tiles_of(found, truth, mpp).assign(odd=odd, slide=path.stem))
        if asked.pictures:
            asked.pictures.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(asked.pictures / f"{path.stem}.png"), overlay(found, truth)[..., ::-1])
    frame, judged = pd.DataFrame(slides), pd.concat(tiles, ignore_index=True)
    results = {} if not RESULTS.is_file() else json.loads(RESULTS.read_text())
    if asked.folds:
        name = f"{asked.preset}, {len(frame)} slides with folds"
        told = results.get(name, {}) | {f"test, seed {asked.seed}": summary(frame, judged)}
    else:
        name = f"{asked.preset}, {len(frame)} slides"
        told = {
            half: summary(frame[frame["odd"] == odd], judged[judged["odd"] == odd])
            for half, odd in (("developed on, odd numbers", True), ("test, even numbers", False))
            if (frame["odd"] == odd).any()
        }
    results[name] = told
    write_json(RESULTS, results)
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
