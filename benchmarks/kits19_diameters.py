"""The largest diameter of KiTS19's tumours by many definitions, against the one a radiologist measured.

    python benchmarks/kits19_diameters.py FOLDER [--out FILE]

FOLDER holds case_*/segmentation.nii.gz and kits.json, as KiTS19 is laid out. No definition has a constant that was
chosen by its results. The candidates are computed here by brute force, apart from the program; the program's own answer
stands beside them.
"""

from __future__ import annotations

import argparse
import json
from contextlib import suppress
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from tumorboard.errors import UserError
from tumorboard.scans.mask_file import measure_file
from tumorboard.scans.volume import PLANES

TUMOUR = 2
RESAMPLES = 5000
SEED = 19
POINTS = {
    "centres": np.zeros((1, 2)),
    "outline": np.array([[0, 0.5], [0, -0.5], [0.5, 0], [-0.5, 0]]),
    "corners": np.array([[0.5, 0.5], [0.5, -0.5], [-0.5, 0.5], [-0.5, -0.5]]),
}
PROGRAM = "program, transversal"
PLAIN = "all tumours, transversal, centres"


def largest_distance(points: np.ndarray) -> float:
    """Compare all pairs of the hull's corners."""
    if len(points) > 3:
        with suppress(QhullError):  # all on one line
            points = points[ConvexHull(points).vertices]
    return float(pdist(points).max()) if len(points) > 1 else 0.0


def in_slices(mask: np.ndarray, spacing: np.ndarray, axis: int, reach: str) -> float:
    """Return the largest distance within one slice along an axis."""
    rest = [other for other in range(3) if other != axis]
    best = 0.0
    for layer in np.moveaxis(mask, axis, 0):
        if layer.any():
            places = (np.argwhere(layer)[:, None] + POINTS[reach]).reshape(-1, 2)
            best = max(best, largest_distance(places * spacing[rest]))
    return best


def per_slice_part(mask: np.ndarray, spacing: np.ndarray, axis: int) -> float:
    """Return the largest distance within one connected part of one slice."""
    best = 0.0
    for layer in np.moveaxis(mask, axis, 0):
        numbered, count = ndimage.label(layer, np.ones((3, 3)))
        for number in range(1, count + 1):
            best = max(best, in_slices((numbered == number)[None], np.r_[1.0, np.delete(spacing, axis)], 0, "centres"))
    return best


def slice_ellipse(mask: np.ndarray, spacing: np.ndarray, axis: int) -> float:
    """Return the longest axis of the ellipses that have the slices' second moments."""
    rest = [other for other in range(3) if other != axis]
    best = 0.0
    for layer in np.moveaxis(mask, axis, 0):
        places = np.argwhere(layer) * spacing[rest]
        if len(places) > 1:
            best = max(best, 4 * float(np.sqrt(np.linalg.eigvalsh(np.cov(places.T)).max())))
    return best


def largest_part(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the connected part with most voxels, and the number of parts."""
    numbered, count = ndimage.label(mask, np.ones((3, 3, 3)))
    sizes = np.bincount(numbered.ravel())
    sizes[0] = 0
    return numbered == sizes.argmax(), count


def candidates(every: np.ndarray, spacing: np.ndarray, axes: dict[str, int]) -> tuple[dict[str, float], int]:
    """Return each definition's length in mm, and the number of connected parts."""
    largest, parts = largest_part(every)
    found: dict[str, float] = {}
    for what, mask in (("all tumours", every), ("largest mass", largest)):
        for plane, axis in axes.items():
            for reach in POINTS:
                found[f"{what}, {plane}, {reach}"] = in_slices(mask, spacing, axis, reach)
        found[f"{what}, longest of the three planes, centres"] = max(
            found[f"{what}, {plane}, centres"] for plane in axes
        )
        found[f"{what}, in space, centres"] = largest_distance(np.argwhere(mask) * spacing)
    axis = axes["transversal"]
    found["all tumours, transversal, within one part of a slice, centres"] = per_slice_part(every, spacing, axis)
    found["largest mass, transversal, ellipse of its moments"] = slice_ellipse(largest, spacing, axis)
    found["largest mass, ball of its volume"] = float(np.cbrt(6 * np.count_nonzero(largest) * spacing.prod() / np.pi))
    extents = (np.ptp(np.argwhere(largest), axis=0) + 1) * spacing
    found["largest mass, height from feet to head"] = float(extents[axis])
    # what a reader gets who takes the last axis for the slices, with each axis' own spacing, and with it in reverse
    found["all tumours, last axis taken for transversal, centres"] = in_slices(every, spacing, 2, "centres")
    found["all tumours, spacing in reverse order, first axis, centres"] = in_slices(every, spacing[::-1], 0, "centres")
    return found, parts


def measure_case(path: Path) -> dict:
    """Measure one mask by every definition, in cm, and note how its file is stored."""
    own = measure_file(path, TUMOUR)
    image = nib.load(path)
    labels = np.asarray(image.dataobj)
    spacing = np.asarray(image.header.get_zooms()[:3], float)
    codes = nib.aff2axcodes(image.affine)
    axes = {
        plane: next(axis for axis, code in enumerate(codes) if code in ends)
        for plane, ends in (("transversal", "IS"), ("coronal", "AP"), ("sagittal", "LR"))
    }
    mask = labels == TUMOUR
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    found, parts = candidates(mask[box], spacing, axes)
    for plane in PLANES:
        found[f"program, {plane}"] = own.size.diameters[plane].diameter_mm
    found["program, transversal, mean with its perpendicular"] = (
        own.size.diameters["transversal"].diameter_mm + own.size.diameters["transversal"].perpendicular_mm
    ) / 2
    return {
        "parts": parts,
        "masses": own.tumour.components,
        "header": {
            "axes": "".join(codes),
            "shape": [int(length) for length in image.shape],
            "spacing_mm": [round(float(step), 6) for step in spacing],
            "qform_code": int(image.header["qform_code"]),
            "sform_code": int(image.header["sform_code"]),
        },
        "touches": list(own.touches),
        "warnings": [remark for remark in own.remarks if "axis" in remark],
        "cm": {name: round(length / 10, 4) for name, length in found.items()},
    }


def correlations(sizes: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return Pearson's r of each row."""
    one, other = (values - values.mean(axis=-1, keepdims=True) for values in (sizes, truth))
    with np.errstate(invalid="ignore"):  # a resample of one patient alone has none
        return (one * other).sum(-1) / np.sqrt((one**2).sum(-1) * (other**2).sum(-1))


def summary(sizes: np.ndarray, truth: np.ndarray, plain: np.ndarray) -> dict:
    """Compare lengths with the radiologist's, with a bootstrap over the patients."""
    apart = sizes - truth
    drawn = np.random.default_rng(SEED).integers(0, len(truth), (RESAMPLES, len(truth)))

    def interval(values: np.ndarray) -> list[float]:
        return [round(float(edge), 3) for edge in np.nanpercentile(values, [2.5, 97.5])]

    return {
        "n": len(truth),
        "r": round(float(correlations(sizes, truth)), 4),
        "r_ci95": interval(correlations(sizes[drawn], truth[drawn])),
        "median_absolute_difference_cm": round(float(np.median(np.abs(apart))), 3),
        "median_absolute_difference_ci95": interval(np.median(np.abs(apart[drawn]), axis=1)),
        "median_difference_cm": round(float(np.median(apart)), 3),
        "bias_cm": round(float(apart.mean()), 3),
        "bias_ci95": interval(apart[drawn].mean(axis=1)),
        "shorter_than_plain_cm": round(float((plain - sizes).mean()), 3),
        "beyond_2_cm": int((np.abs(apart) > 2).sum()),
    }


def compare(cases: dict[str, dict]) -> dict:
    """Compare each definition with the radiologist over all patients."""
    truth = np.array([case["radiographic_size_cm"] for case in cases.values()])
    names = list(next(iter(cases.values()))["cm"])
    lengths = {name: np.array([case["cm"][name] for case in cases.values()]) for name in names}
    return {name: summary(lengths[name], truth, lengths[PLAIN]) for name in names}


def measure_all(folder: Path) -> tuple[dict[str, dict], dict[str, str]]:
    """Measure all masks of a folder; return the patients, and those left out with the reason."""
    records = {record["case_id"]: record for record in json.loads((folder / "kits.json").read_text())}
    cases, left_out = {}, {}
    for path in sorted(folder.glob("case_*/segmentation.nii.gz")):
        name = path.parent.name
        stated = records.get(name, {}).get("radiographic_size")
        if stated is None:
            left_out[name] = "no radiographic_size"
            continue
        try:
            cases[name] = {"radiographic_size_cm": float(stated), **measure_case(path)}
        except UserError as error:
            left_out[name] = error.what
            continue
        print(name, stated, round(cases[name]["cm"][PROGRAM], 2), cases[name]["parts"], flush=True)
    return cases, left_out


def main() -> None:
    """Measure, compare, write."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("folder", type=Path)
    words.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "kits19_diameters.json")
    given = words.parse_args()
    cases, left_out = measure_all(given.folder)
    if len(cases) < 3:
        raise SystemExit(f"{given.folder}: {len(cases)} masks with a radiographic_size; at least 3 are needed")
    single = {name: case for name, case in cases.items() if case["masses"] == 1}
    answer = {
        "source": "KiTS19 (Heller et al. 2019, arXiv:1904.00445), label 2 against radiographic_size",
        "plain": PLAIN,
        "left_out": left_out,
        "definitions": compare(cases),
        "definitions_one_mass_only": compare(single) if len(single) > 2 else None,
        "cases": cases,
    }
    given.out.write_text(json.dumps(answer, indent=1) + "\n")
    for name, row in sorted(answer["definitions"].items(), key=lambda item: item[1]["median_absolute_difference_cm"]):
        print(
            f"{name:68} r {row['r']:.3f}  |d| {row['median_absolute_difference_cm']:.2f}"
            f"  bias {row['bias_cm']:+.2f} {row['bias_ci95']}"
        )


if __name__ == "__main__":
    main()
