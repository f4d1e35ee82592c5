"""Real scans through `tumorboard prepare`, beside other programs' readers: values, places, orientation, masks.

    python benchmarks/scan_real.py [REAL_DATA] [--sheets FOLDER]

REAL_DATA is the folder of public data that the tests use (by default the variable TUMORBOARD_REAL_DATA, or
../shared/data). Prepared with the default settings are

- a real abdominal CT (TotalSegmentator's, JPEG 2000, 20 slices of the upper abdomen), against SimpleITK's own reader;
  nobody has outlined anything in it, so an ellipsoid that was put into its liver stands for a tumour;
- three slices of a CT with a real DICOM-SEG of the liver (dcmqi's), against highdicom's placement of the mask;
- a real abdominal MR (TotalSegmentator's, NIfTI), against nibabel, again with an ellipsoid;
- a real CT slice with its coloured mask (KiTS19's), as a ready-made plane; its pixel size is not known
  and stated as 0.8.

None of them covers a kidney with 5 cm of slices, so that the series has to be stated (`series_uid`), as a user would.
With --sheets the contact sheets are kept, to be looked at. KiTS19's masks are measured in `kits19_diameters.py`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorboard.cohort import build_cohort, write_cohort
from tumorboard.pipeline.scans import prepare_scans
from tumorboard.scans.choice import phase_from_image, phase_of
from tumorboard.scans.diameter import measure
from tumorboard.scans.planes import Marked, cut_planes
from tumorboard.scans.reading import find_series, read_series, read_volume_file
from tumorboard.scans.tumour import find_tumour, place, read_mask
from tumorboard.scans.volume import Grid, Volume, turn
from tumorboard.store import Store
from tumorboard.study.files import StudyFolder, write_json
from tumorboard.study.scan_settings import ScanSettings
from tumorboard.study.settings import load_settings

RESULTS = Path(__file__).parent / "results" / "scan_real.json"
REAL_DATA = Path(os.environ.get("TUMORBOARD_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
LIVER_HU = (80, 160)
AIR_HU = -1024
"""What lies below is padding, which the header declares (-2000 stored): ours gives it the value of air."""
WHOLE_BODY = ScanSettings(field_mm=420)
SLICE = "10036_142.png"


def ellipsoid(grid: Grid, centre_mm: NDArray[np.float64], axes_mm: tuple[float, float, float]) -> NDArray[np.uint8]:
    """Mark what lies in an ellipsoid with whole axes along x, y and z."""
    places = np.stack(np.indices(grid.shape), axis=-1).reshape(-1, 3).astype(np.float64)
    apart = (grid.to_patient(places) - centre_mm) / np.array(axes_mm)
    return ((apart**2).sum(axis=1) <= 0.25).reshape(grid.shape).astype(np.uint8)


def write_mask(path: Path, mask: NDArray[np.uint8], grid: Grid) -> str:
    """Write a mask as NIfTI on its grid."""
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = grid.steps_mm[::-1].T, grid.origin_mm
    affine[:2] *= -1
    nibabel.save(nibabel.Nifti1Image(mask.transpose(2, 1, 0), affine), path)
    return str(path)


def upright(volume: Volume) -> Volume:
    """Return a volume in patient axes."""
    voxels, grid = turn(volume.voxels, volume.grid)
    return Volume(np.ascontiguousarray(voxels), grid, volume.modality, volume.remarks)


def against_simpleitk(folder: Path, volume: Volume) -> dict[str, Any]:
    """Compare a series with SimpleITK's own reading of it."""
    import SimpleITK

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    theirs = reader.Execute()
    voxels = SimpleITK.GetArrayFromImage(theirs)
    directions = (volume.grid.steps_mm / volume.grid.spacing_mm[:, None])[::-1].T
    return {
        "shape": list(volume.voxels.shape),
        "voxels_equal": bool(np.array_equal(volume.voxels, np.maximum(voxels, AIR_HU))),
        "padding_share": round(float((voxels < AIR_HU).mean()), 4),
        "spacing_mm": [round(float(value), 6) for value in volume.grid.spacing_mm],
        "spacing_apart_mm": float(np.abs(volume.grid.spacing_mm[::-1] - theirs.GetSpacing()).max()),
        "origin_apart_mm": float(np.abs(volume.grid.origin_mm - theirs.GetOrigin()).max()),
        "directions_apart": float(np.abs(directions - np.reshape(theirs.GetDirection(), (3, 3))).max()),
        "hounsfield": {"lowest": int(volume.voxels.min()), "highest": int(volume.voxels.max())},
    }


def hounsfield_of_tissue(volume: Volume) -> dict[str, float]:
    """Find the peaks of air, fat and soft tissue in the voxels' histogram."""
    counts, edges = np.histogram(volume.voxels, bins=np.arange(-1050, 400, 5))
    centres = (edges[:-1] + edges[1:]) / 2
    peaks = {}
    for name, low, high in (("air", -1025, -900), ("fat", -160, -50), ("soft tissue", 0, 200)):
        there = (centres > low) & (centres < high)
        peaks[name] = float(centres[there][np.argmax(counts[there])])
    return peaks


def liver_side(volume: Volume) -> dict[str, Any]:
    """Tell on which half of the displayed pictures pixels of enhanced liver lie: all of them, and the largest area."""
    from scipy import ndimage

    middle = volume.grid.to_patient((np.array([volume.grid.shape]) - 1) / 2)[0]
    mask = ellipsoid(volume.grid, middle, (30, 30, 20)) > 0
    planes = cut_planes(volume, Marked(mask, (0, 0, 0)), measure(mask, volume.grid), WHOLE_BODY)
    told = {}
    for image in planes:
        if image.geometry.offset_mm or image.geometry.plane == "sagittal":
            continue
        low, high = (255 * (value + 160) / 400 for value in LIVER_HU)
        smooth = ndimage.median_filter(image.pixels, 5)
        liver = (smooth > low) & (smooth < high)
        numbered, _ = ndimage.label(liver)
        sizes = np.bincount(numbered.ravel())
        largest = numbered == 1 + int(np.argmax(sizes[1:]))
        half = image.pixels.shape[1] // 2
        told[image.geometry.plane] = {
            "share_at_left": round(float(liver[:, :half].mean() / (liver.mean() * 2)), 3),
            "largest_area_centre_column": round(float(np.argwhere(largest)[:, 1].mean()), 1),
            "columns": image.pixels.shape[1],
        }
    return told


def abdominal_ct(data: Path, folder: Path) -> tuple[dict[str, Any], list[dict[str, object]]]:
    """Check the abdominal CT; give its results and its row of scans.csv."""
    path = data / "scans" / "ct_dicom" / "example_ct_dicom"
    (series,) = find_series([path]).series
    volume = read_series(series)
    turned = upright(volume)
    centre = turned.grid.to_patient(np.array([[9.5, 230, 160]]))[0]
    mask = write_mask(folder / "ct_ellipsoid.nii.gz", ellipsoid(turned.grid, centre, (60, 50, 30)), turned.grid)
    facts, seen = series.facts, phase_from_image(turned)
    said = phase_of(facts)
    told = against_simpleitk(path, volume) | {
        "hounsfield_peaks": hounsfield_of_tissue(turned),
        "liver": liver_side(turned),
        "remarks": list(volume.remarks),
        "description": facts.description,
        "seconds_after_contrast": None
        if facts.contrast_seconds is None or facts.acquisition_seconds is None
        else round(facts.acquisition_seconds - facts.contrast_seconds, 1),
        "phase_by_header": f"{said.name} ({said.reason})",
        "phase_by_image": f"{seen.name} ({seen.reason})" if seen else "not to be told: no kidney is in the slices",
    }
    row = {"patient_id": "CT", "path": str(path), "modality": "CT", "mask": mask, "series_uid": facts.series_uid}
    return told, [row]


def segmentation_on_ct(data: Path) -> tuple[dict[str, Any], list[dict[str, object]]]:
    """Check the DICOM-SEG on its CT."""
    import highdicom

    path, mask_path = data / "scans" / "dicom_seg" / "ct-3slice", data / "scans" / "dicom_seg" / "liver_seg.dcm"
    (series,) = find_series([path]).series
    volume = upright(read_series(series))
    uid = series.facts.series_uid
    mask = place(read_mask(mask_path, volume.grid, uid, label=1, frame_uid=series.facts.frame_uid), volume.grid)
    theirs = highdicom.seg.segread(mask_path).get_volume(combine_segments=True)
    corner = volume.grid.to_indices(theirs.map_indices_to_reference(np.array([[0, 0, 0]])))[0]
    upward = theirs.array if round(float(corner[0])) == 0 else theirs.array[::-1]
    inside = volume.voxels[mask.labels == 1].astype(float)
    moved = {
        f"{shift} columns": volume.voxels[np.roll(mask.labels, shift, axis=2) == 1].astype(float) for shift in (-25, 25)
    }
    told = against_simpleitk(path, read_series(series)) | {
        "mask_equals_highdicom": bool(np.array_equal(mask.labels, upward)),
        "mask_voxels": int(np.count_nonzero(mask.labels)),
        "median_hu": float(np.median(inside)),
        "spread_hu": round(float(np.abs(inside - np.median(inside)).mean()), 1),
        "spread_hu_if_moved": {
            name: round(float(np.abs(values - np.median(values)).mean()), 1) for name, values in moved.items()
        },
        "volume_ml": round(find_tumour(mask, 1).volume_ml, 3),
    }
    row = {"patient_id": "SEG", "path": str(path), "modality": "CT", "mask": str(mask_path), "mask_label": 1}
    return told, [row | {"series_uid": uid}]


def abdominal_mr(data: Path, folder: Path) -> tuple[dict[str, Any], list[dict[str, object]]]:
    """Check the MR volume."""
    path = data / "scans" / "mr" / "abdomen_t1_3mm.nii.gz"
    volume = read_volume_file(path, "MR")
    turned = upright(volume)
    image = nibabel.load(path)
    ours = turned.grid.to_patient(np.array([[3, 40, 50]]))[0]
    index = np.linalg.solve(image.affine[:3, :3], ours * [-1, -1, 1] - image.affine[:3, 3])
    theirs = np.asarray(image.dataobj)[tuple(np.rint(index).astype(int))]
    centre = turned.grid.to_patient(np.array([[9.5, 64, 36]]))[0]
    mask = write_mask(folder / "mr_ellipsoid.nii.gz", ellipsoid(turned.grid, centre, (45, 36, 36)), turned.grid)
    told = {
        "axes_as_stored": "".join(nibabel.aff2axcodes(image.affine)),
        "shape": list(turned.voxels.shape),
        "spacing_mm": [round(float(value), 4) for value in turned.grid.spacing_mm],
        "voxels_equal": bool(
            np.array_equal(np.sort(volume.voxels, axis=None), np.sort(np.asarray(image.dataobj), axis=None))
        ),
        "one_place_equal": bool(theirs == turned.voxels[3, 40, 50]),
    }
    return told, [{"patient_id": "MR", "path": str(path), "modality": "MR", "mask": mask}]


def ready_made(data: Path) -> tuple[dict[str, Any], list[dict[str, object]]]:
    """Give the row of a slice that is a picture."""
    folder = data / "scans" / "kits19_slices"
    row = {
        "patient_id": "PLANE", "path": str(folder / "images" / SLICE), "modality": "CT",
        "plane": "transversal", "pixel_mm": 0.8, "mask": str(folder / "masks" / SLICE), "mask_kind": "png",
    }  # fmt: skip
    return {"file": SLICE, "pixel_mm_stated": 0.8}, [row]


def prepared(rows: list[dict[str, object]], root: Path) -> tuple[pd.DataFrame, Store]:
    """Prepare all of them in a study."""
    root.mkdir()
    pd.DataFrame(rows).to_csv(root / "scans.csv", index=False)
    outcome = {"dss_time_months": 30, "dss_event": 0}
    patients = [{"patient_id": row["patient_id"], **outcome} for row in rows]
    pd.DataFrame(patients).to_csv(root / "patients.csv", index=False)
    folder = StudyFolder(root)
    write_cohort(folder, build_cohort(folder, load_settings(folder)))
    prepare_scans(folder, progress=lambda *_: None, workers=1)
    return pd.read_csv(root / "prepared" / "scans.csv").set_index("patient_id"), Store.open(root / "store", "scan")


def plain(value: Any) -> object:
    """Return a table's value as JSON has it."""
    return value.item() if hasattr(value, "item") else value


def main() -> None:
    """Check, print and keep."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("data", type=Path, nargs="?", default=REAL_DATA)
    words.add_argument("--sheets", type=Path, help="keep the contact sheets there")
    options = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="scan-real-") as temporary:
        folder = Path(temporary)
        parts = {
            "CT": abdominal_ct(options.data, folder),
            "SEG": segmentation_on_ct(options.data),
            "MR": abdominal_mr(options.data, folder),
            "PLANE": ready_made(options.data),
        }
        table, store = prepared([row for _, rows in parts.values() for row in rows], folder / "study")
        kept = ["status", "reason", "phase", "choice", "slices", "slice_mm", "pixel_mm", "volume_ml", "touches",
                "transversal_mm", "coronal_mm", "sagittal_mm", "images", "warnings"]  # fmt: skip
        results = {
            name: told
            | {"prepared": {key: plain(value) for key, value in table.loc[name, kept].items() if pd.notna(value)}}
            for name, (told, _) in parts.items()
        }
        results["pictures"] = len(store)
        if options.sheets:
            shutil.copytree(folder / "study" / "prepared" / "scans", options.sheets, dirs_exist_ok=True)
    write_json(RESULTS, results)
    print(RESULTS.read_text())


if __name__ == "__main__":
    main()
