"""Whether simulated patients' scans come out right: the series, its phase, the tumour's diameters, against the truth.

    python benchmarks/scan_phantom.py [PHANTOM] [--patients 120] [--seed 77] [--preset demo]

PHANTOM is a folder that `tumorboard phantom` wrote; without one it is written to a temporary folder. Its scans are
prepared in a study of their own, with the default settings, and nothing is written into it.

- Series: right where the truth's `chosen` says so.
- Phase: right where it is the truth's, by what headers say (`phase`) or, where it was seen in the voxels, by what was
  painted (`contrast`: this phantom paints a portal venous series as nephrographic).
- Diameters: within one voxel, the larger of the two spacings of the plane. Tumours that reach the border of the scan
  cannot have their true length and are told apart. The truth's shape is smooth; the mask holds the voxels whose centres
  lie in it.
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorboard.cohort import build_cohort, write_cohort
from tumorboard.phantom import PRESETS, PhantomRequest, write_phantom
from tumorboard.pipeline.scans import prepare_scans
from tumorboard.study.files import StudyFolder, write_json
from tumorboard.study.settings import load_settings

RESULTS = Path(__file__).parent / "results" / "scan_phantom.json"
REQUIRED = {"chosen": 0.95, "voxels": 1.0}
PLANES = ("transversal", "coronal", "sagittal")
PHASES = {"arterial": "late arterial", "t1 post contrast": "T1 after contrast", "t1": "T1", "t2": "other"}
SEEN = " HU)"
"""How the reason of a phase that was seen in the voxels ends."""


def simulate(folder: Path, patients: int, seed: int, preset: str) -> Path:
    """Write a phantom; its slides, which are not looked at, are as small as can be."""
    request = PhantomRequest(patients, seed, PRESETS[preset]).with_slide_side(2048)
    write_phantom(StudyFolder(folder), request, progress=lambda *_: None, workers=0)
    return folder


def prepared(phantom: Path, root: Path) -> tuple[pd.DataFrame, dict[str, object]]:
    """Prepare the scans of a phantom in another folder."""
    root.mkdir()
    for name in ("patients.csv", "study.toml"):
        shutil.copy(phantom / name, root / name)
    scans = pd.read_csv(phantom / "scans.csv")
    for column in ("path", "mask"):
        scans[column] = [str(phantom / path) if isinstance(path, str) else path for path in scans[column]]
    scans.to_csv(root / "scans.csv", index=False)
    folder = StudyFolder(root)
    write_cohort(folder, build_cohort(folder, load_settings(folder)))
    summary = prepare_scans(folder, progress=lambda *_: None, workers=1).summary()
    return pd.read_csv(root / "prepared" / "scans.csv"), summary


def share(right: pd.Series) -> dict[str, Any]:
    """Return a share with Wilson's 95 % interval."""
    n, p, z = len(right), float(right.mean()), 1.959964
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return {
        "right": int(right.sum()),
        "of": n,
        "share": round(p, 4),
        "ci95": [round(middle - half, 3), round(min(middle + half, 1), 3)],
    }


def compare_choices(found: pd.DataFrame, series: pd.DataFrame) -> dict[str, Any]:
    """Compare which series was taken, and what its phase was called, with the truth."""
    named = found[found["series_uid"].notna()].copy()
    wanted = series[series["chosen"] == 1].groupby("patient_id")["series_uid"].agg(set)
    truth = series.drop_duplicates("series_uid").set_index("series_uid")
    named["chosen_right"] = [
        uid in wanted[patient] for uid, patient in zip(named["series_uid"], named["patient_id"], strict=True)
    ]
    for column in ("phase", "contrast"):
        named[f"true_{column}"] = [
            PHASES.get(truth.at[uid, column], truth.at[uid, column]) for uid in named["series_uid"]
        ]
    is_seen = named["choice"].str.contains(SEEN, regex=False)
    by_header = named["phase"] == named["true_phase"]
    named["phase_right"] = by_header | (is_seen & (named["phase"] == named["true_contrast"]))
    columns = ["patient_id", "phase", "true_phase", "true_contrast", "choice"]
    return {
        "chosen": share(named["chosen_right"]),
        "phase": share(named["phase_right"]),
        "phase_by_header_alone": share(by_header),
        "phase_seen_in_voxels": int(is_seen.sum()),
        "patients_with_rivals": int((named["rivals"] > 0).sum()),
        "chosen_among_rivals": share(named.loc[named["rivals"] > 0, "chosen_right"]),
        "missed_choices": named.loc[~named["chosen_right"], columns].to_dict("records"),
        "missed_phases": named.loc[~named["phase_right"], columns].to_dict("records"),
        "true_phases": dict(sorted(Counter(named["true_phase"]).items())),
    }


def compare_diameters(found: pd.DataFrame, tumours: pd.DataFrame) -> dict[str, Any]:
    """Compare the diameters with the truth, in mm and in voxels."""
    both = found.merge(tumours, on="patient_id", suffixes=("", "_true"))
    is_cut = both["touches"].notna()
    told: dict[str, Any] = {"patients": len(both), "cut_off": int(is_cut.sum())}
    for plane in PLANES:
        voxel = both["pixel_mm"] if plane == "transversal" else both[["pixel_mm", "slice_mm"]].max(axis=1)
        apart = both[f"{plane}_mm"] - both[f"{plane}_mm_true"]
        from_mask = both[f"{plane}_mm"] - both[f"mask_{plane}_mm"]
        whole, voxels = apart[~is_cut], (apart / voxel)[~is_cut]
        told[plane] = {
            "within_one_voxel": share(voxels.abs() <= REQUIRED["voxels"]),
            "largest_voxels": round(float(voxels.abs().max()), 3),
            "mean_voxels": round(float(voxels.mean()), 3),
            "largest_mm": round(float(whole.abs().max()), 2),
            "median_mm": round(float(whole.median()), 2),
            "cut_off_mm": [round(float(value), 2) for value in apart[is_cut]],
            "from_masks_centres_voxels": [
                round(float(value), 3) for value in np.percentile(from_mask / voxel, (0, 50, 100))
            ],
        }
    for name, truth in (("shape", "volume_ml_true"), ("mask", "mask_volume_ml")):
        apart = 100 * (both["volume_ml"] / both[truth] - 1)[~is_cut]
        told[f"volume_percent_from_{name}"] = {
            "median": round(float(apart.median()), 2),
            "largest": round(float(apart.abs().max()), 2),
            "ml_of_the_largest": round(float(both.loc[apart.abs().idxmax(), truth]), 2),
        }
    return told


def main() -> None:
    """Prepare, compare, print and keep."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("phantom", type=Path, nargs="?")
    words.add_argument("--patients", type=int, default=120)
    words.add_argument("--seed", type=int, default=77)
    words.add_argument("--preset", default="demo", choices=list(PRESETS))
    words.add_argument("--out", type=Path, default=RESULTS)
    options = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="scan-phantom-") as temporary:
        phantom = options.phantom or simulate(
            Path(temporary) / "phantom", options.patients, options.seed, options.preset
        )
        records, summary = prepared(phantom.resolve(), Path(temporary) / "study")
        series, tumours = (pd.read_csv(phantom / "truth" / f"{name}.csv") for name in ("series", "tumours"))
    found = records[records["status"] == "prepared"]
    plain = records["warnings"].dropna().str.split("; ").explode().str.replace(r"[-\d.]+", "#", regex=True)
    results = {
        "required": REQUIRED,
        "summary": summary,
        "series": len(series),
        **compare_choices(found, series),
        "diameters": compare_diameters(found, tumours),
        "warnings": {str(name): int(count) for name, count in plain.value_counts().items()},
    }
    write_json(options.out, results)
    print(options.out.read_text())


if __name__ == "__main__":
    main()
