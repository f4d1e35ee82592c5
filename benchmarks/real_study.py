"""One study of real pieces alone: TCGA-KIRC's patients, and real slides, tiles and scans attached to a few of them.

    python benchmarks/real_study.py DATA STUDY [--weights FILE]
    tumorboard run STUDY
    tumorboard predict STUDY/runs/main/model STUDY/new-patient

DATA is the folder of public data that the tests use; `docs/walkthrough.md` lists what it has to hold, with sources and
licences. Written are the tables and settings of a study folder; large files are links to where they lie. STUDY is a new
folder outside of DATA.

Tables, genes and outcome are those of the same patients, and so are the tiles, whose names tell whose they are. The
slide and the scans are of other people: who got which was laid down here, looking only at who has tiles and who died
of the disease, since nothing is learned of images where nobody died. They show that real files pass through every
stage, not that they predict.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path

import cv2
import pandas as pd

from tumorboard.study.files import write_text

TILE_PATIENTS = (
    "TCGA-AK-3458", "TCGA-CJ-4637", "TCGA-CJ-4871", "TCGA-CZ-5470", "TCGA-CZ-5988", "TCGA-EU-5906", "TCGA-G6-A8L7",
)  # fmt: skip
"""Whose tiles there are, but for those of empty glass."""
SHRINK = {"10x": 4, "5x": 8}
"""Tiles are taken to be of 40x, 0.25 µm per pixel: their files do not say it, red blood cells of 5 to 6 µm do."""

SLIDE_PATIENT = "TCGA-A3-3346"
BROKEN_PATIENT = "TCGA-A3-3347"
CT_PATIENT = SLIDE_PATIENT
MR_PATIENT = "TCGA-AK-3426"
SLICES = {
    "TCGA-AK-3458": "10036_169.png",
    "TCGA-CJ-4637": "10040_38.png",
    "TCGA-CZ-5470": "10041_136.png",
    "TCGA-B0-4698": "10037_35.png",
}
"""Slices of four people with a tumour, two of them to patients who died of theirs."""
SLICE_PIXEL_MM = 0.8
"""Stated as a user would who does not know it: the pictures do not tell their scale."""


@dataclass(frozen=True)
class Outline:
    """Ellipses drawn by hand into an organ, in voxels: rows from the front, columns from the patient's right."""

    centre: tuple[float, float]
    half_axes: tuple[float, float]
    slices: dict[int, float]  # from the feet: how large the ellipse is there


OUTLINES = {
    "ct-liver.csv": Outline((262, 165), (26, 30), {3: 0.6, 6: 0.85, 9: 1.0, 12: 0.85, 15: 0.6}),
    "mr-left-kidney.csv": Outline((55.5, 82), (7.5, 9.5), {0: 0.9, 2: 1.0, 4: 0.95, 6: 0.8, 8: 0.6}),
}
"""Nobody outlined a tumour in these scans, and they may have none: part of an organ stands in for one."""
CORNERS = 24

NEW_PATIENT = "TCGA-AK-3430"
"""Whose cause of death is unknown, and who therefore is in no fold."""
CLINICAL = {"AGE": "age_years", "SEX": "sex", "PATH_T_STAGE": "t", "PATH_N_STAGE": "n", "PATH_M_STAGE": "m"}
WEIGHTS = Path("weights") / "resnet18_imagenet_fp16.pth"

SETTINGS = """\
# One study of real pieces alone, made by benchmarks/real_study.py. For a look at what passes through, in minutes:
# encoders are frozen, pictures small, epochs and replicates few. All settings: docs/study.md
[cohort]
endpoint = "DSS"
tables = "tables"

[folds]
count = 3
repeats = 1

[evaluation]
bootstrap = 300

[network]
modalities = ["tiles_10x", "tiles_5x", "scan", "genes", "clinical"]
weights = "weights.pth"
tile_px = 128
scan_px = 128

[training]
encoders = "frozen"
alone_epochs = 15
epochs = 30
patience = 6
"""


def link(target: Path, place: Path) -> Path:
    """Make a link to a file or folder; an error where it is not there."""
    if not target.exists():
        raise SystemExit(f"{target} is not there; docs/walkthrough.md lists what DATA has to hold")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target.resolve())
    return place


def write_tiles(data: Path, study: Path) -> list[dict[str, object]]:
    """Write the patients' own tiles at 10x and 5x; give their rows of slides.csv."""
    rows: list[dict[str, object]] = []
    for patient in TILE_PATIENTS:
        files = [path for path in sorted((data / "tiles_kirc").glob(f"*/{patient}_*.png")) if "empty" not in path.name]
        for scale, times in SHRINK.items():
            folder = study / "tiles" / patient / scale
            folder.mkdir(parents=True)
            for path in files:
                picture = cv2.imread(str(path))
                size = (picture.shape[1] // times, picture.shape[0] // times)
                cv2.imwrite(str(folder / path.name), cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        rows.append({"patient_id": patient, "path": f"tiles/{patient}"})
    return rows


def write_slides(data: Path, study: Path) -> None:
    """Write slides.csv: a real slide, a file that is none, and folders of tiles."""
    rows: list[dict[str, object]] = [{"patient_id": SLIDE_PATIENT, "path": "slides/cmu-1-small-region.svs"}]
    rows += [{"patient_id": BROKEN_PATIENT, "path": "slides/broken.svs"}]
    for row in rows:
        path = str(row["path"])
        link(data / path, study / path)
    write_table(rows + write_tiles(data, study), study / "slides.csv")


def write_scans(data: Path, study: Path) -> None:
    """Write scans.csv: a CT series, an MR volume, and single slices with their masks."""
    scans = data / "scans"
    link(scans / "ct_dicom" / "example_ct_dicom", study / "scans" / "ct")
    link(scans / "mr" / "abdomen_t1_3mm.nii.gz", study / "scans" / "mr.nii.gz")
    (study / "outlines").mkdir()
    for name, outline in OUTLINES.items():
        write_table(outline_rows(outline), study / "outlines" / name)
    rows: list[dict[str, object]] = [
        {"patient_id": CT_PATIENT, "path": "scans/ct", "modality": "CT", "mask": "outlines/ct-liver.csv"},
        {"patient_id": MR_PATIENT, "path": "scans/mr.nii.gz", "modality": "MR", "mask": "outlines/mr-left-kidney.csv"},
    ]
    for patient, name in SLICES.items():
        link(scans / "kits19_slices" / "images" / name, study / "scans" / "slices" / name)
        link(scans / "kits19_slices" / "masks" / name, study / "scans" / "masks" / name)
        rows.append({
            "patient_id": patient, "path": f"scans/slices/{name}", "modality": "CT", "mask": f"scans/masks/{name}",
            "plane": "transversal", "pixel_mm": SLICE_PIXEL_MM,
        })  # fmt: skip
    write_table(rows, study / "scans.csv")


def outline_rows(outline: Outline) -> list[dict[str, object]]:
    """Give the corners of an outline as rows of a mask's table."""
    return [
        {
            "contour": contour,
            "slice": place,
            "row": round(outline.centre[0] + size * outline.half_axes[0] * sin(2 * pi * corner / CORNERS), 2),
            "column": round(outline.centre[1] + size * outline.half_axes[1] * cos(2 * pi * corner / CORNERS), 2),
        }
        for contour, (place, size) in enumerate(outline.slices.items(), start=1)
        for corner in range(CORNERS)
    ]


def write_new_patient(data: Path, folder: Path) -> None:
    """Write a folder for ``tumorboard predict``: slide, CT with its DICOM-SEG, and one patient's rows of the tables."""
    folder.mkdir()
    link(data / "slides" / "cmu-1-small-region.svs", folder / "slide.svs")
    link(data / "scans" / "dicom_seg" / "ct-3slice", folder / "scan")
    link(data / "scans" / "dicom_seg" / "liver_seg.dcm", folder / "segmentation.dcm")
    # its one label is called Liver: no program should take that for a tumour without being told
    named = {"patient_id": NEW_PATIENT, "path": "scan", "modality": "CT", "mask": "segmentation.dcm", "mask_label": 1}
    write_table([named], folder / "scans.csv")
    tables = data / "tcga_kirc"
    patients = pd.read_csv(tables / "data_clinical_patient.txt", sep="\t", comment="#", dtype=str)
    samples = pd.read_csv(tables / "data_clinical_sample.txt", sep="\t", comment="#", dtype=str)
    own = patients[patients["PATIENT_ID"] == NEW_PATIENT][list(CLINICAL)].rename(columns=CLINICAL)
    grade = samples.loc[samples["PATIENT_ID"] == NEW_PATIENT, "GRADE"]
    own.insert(0, "patient_id", NEW_PATIENT)
    write_text(folder / "patients.csv", own.assign(grade=grade.iloc[0]).to_csv(index=False, lineterminator="\n"))
    variants = pd.read_csv(tables / "data_mutations.txt.gz", sep="\t", dtype=str)
    variants = variants[variants["Tumor_Sample_Barcode"].str.startswith(NEW_PATIENT)]
    write_text(folder / "mutations.maf", variants.to_csv(sep="\t", index=False, lineterminator="\n"))
    arms = pd.read_csv(tables / "data_armlevel_cna.txt", sep="\t", dtype=str)
    arms = arms[["NAME", *(name for name in arms if name.startswith(NEW_PATIENT))]]
    write_text(folder / "copy_number.tsv", arms.to_csv(sep="\t", index=False, lineterminator="\n"))


def write_table(rows: list[dict[str, object]], path: Path) -> None:
    """Write rows as CSV."""
    write_text(path, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))


def make_study(data: Path, study: Path, weights: Path | None = None) -> None:
    """Make the study folder, which must not be there yet.

    Parameters
    ----------
    data : Path
        The folder of public data.
    study : Path
    weights : Path, optional
        A ResNet18's; by default the one among the data.
    """
    if study.exists():
        raise SystemExit(f"{study} is there already: name a new folder")
    if study.resolve().is_relative_to(data.resolve()):
        raise SystemExit(f"{study} lies within the data: name a folder outside")
    study.mkdir(parents=True)
    link(data / "tcga_kirc", study / "tables")
    link(weights or data / WEIGHTS, study / "weights.pth")
    write_slides(data, study)
    write_scans(data, study)
    write_new_patient(data, study / "new-patient")
    write_text(study / "study.toml", SETTINGS)


def main() -> None:
    """Make the study and say what to do with it."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("data", type=Path)
    words.add_argument("study", type=Path)
    words.add_argument("--weights", type=Path, help="a ResNet18's, torchvision's names; default: the one among DATA")
    given = words.parse_args()
    make_study(given.data, given.study, given.weights)
    print(f"Made {given.study}. Now: tumorboard run {given.study}")


if __name__ == "__main__":
    main()
