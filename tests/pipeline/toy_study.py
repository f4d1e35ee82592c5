"""A toy study of patients whose tiles are the redder, and whose planes the brighter, the worse they do."""

from pathlib import Path

import cv2
import numpy as np

PLANES = ("transversal", "coronal", "sagittal")
SIDE = 64

SETTINGS = """\
[cohort]
simulated = true

[folds]
count = 2
repeats = 1
select_share = 0.3

[genes]
mutations = 3
copy_number = 0

[evaluation]
horizons_months = [12, 36]
bootstrap = 100

[network]
weights = "none"
tile_px = 64
scan_px = 64
width = 8
table_width = 4
hidden = [8]

[training]
epochs = 1
alone_epochs = 0
frozen_epochs = 0
batch = 8
workers = 1
device = "cpu"
precision = "float32"
"""


def write_toy_study(root: Path, patients: int = 14) -> None:
    """Write tables, ready-made tiles and planes; the last two patients have genes only, one has only a scan."""
    root.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(5)
    clinical = ["patient_id,age_years,sex,t,n,m,grade,time_months,event"]
    slides, scans = ["patient_id,path,mpp"], ["patient_id,path,modality,plane,pixel_mm"]
    maf = ["Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode"]
    for number in range(patients):
        name, risk = f"P{number:02d}", number / patients
        event = int(number % 2 == 0)
        sex, level = "male" if number % 3 else "female", 1 + 4 * number // patients
        stage = f"{level},0,{number % 2},{level}"
        time = f"{60 - 50 * risk + random.uniform(0, 3):.1f}"
        clinical.append(f"{name},{50 + number},{sex},{stage},{time},{event}")
        maf.append(f"{('VHL', 'PBRM1', 'BAP1')[number % 3]}\tMissense_Mutation\t{name}")
        if number < patients - 3:
            slides.append(f"{name},tiles/{name},1.0")
            for tile in range(2 + number % 2):
                colour = (200, 90 + random.integers(40), 150 + int(90 * risk))  # blue, green, red
                write_picture(root / "tiles" / name / f"{tile}.png", colour, random)
        if number < patients - 2:
            for plane in PLANES:
                path = f"planes/{name}_{plane}.png"
                write_picture(root / path, 60 + int(120 * risk), random)
                scans.append(f"{name},{path},CT,{plane},0.7")
    tables = {"patients.csv": clinical, "slides.csv": slides, "scans.csv": scans, "mutations.maf": maf}
    for table, lines in tables.items():
        (root / table).write_text("\n".join(lines) + "\n")
    (root / "study.toml").write_text(SETTINGS)


def write_picture(path: Path, colour: object, random: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (SIDE, SIDE, 3) if isinstance(colour, tuple) else (SIDE, SIDE)
    noise = random.normal(0, 25, shape)
    cv2.imwrite(str(path), np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8))
