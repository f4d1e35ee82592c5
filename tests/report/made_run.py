"""A run as ``tumorboard train`` leaves it, without the training: its risks are given."""

from pathlib import Path

import numpy as np
import pandas as pd
import simplejpeg

from tumorboard.cohort import read_cohort
from tumorboard.store import ShardMetadata, ShardWriter, build_index
from tumorboard.study.files import StudyFolder, write_json
from tumorboard.study.log import fingerprint

MODALITIES = ("tiles_10x", "genes")
HISTORY = "stage,epoch,fit_loss,select_loss,select_c_index,learning_rate,encoders_frozen,seconds\n" + "".join(
    f"together,{epoch},{3 - epoch / 10},{2.5 + abs(epoch - 3) / 10},{0.6 + epoch / 100},0.001,False,1\n"
    for epoch in range(1, 6)
)


def clinical_risks(folder: StudyFolder) -> pd.DataFrame:
    """Return the clinical model's out-of-fold risks."""
    table = pd.read_parquet(folder.evaluation / "predictions.parquet")
    own = table[table["model"] == "clinical"].astype({"repeat": int, "fold": int, "event": int})
    return own[["patient_id", "repeat", "fold", "time_months", "event", "risk"]].reset_index(drop=True)


def write_tiles(folder: StudyFolder, risks: pd.DataFrame) -> None:
    """Give all patients but every fifth two tiles, the redder the higher the risk ranks within the fold."""
    rank = risks.groupby("fold")["risk"].rank(pct=True)
    root = folder.store
    (root / "slides").mkdir(parents=True)
    for number, (patient, place) in enumerate(zip(risks["patient_id"], rank, strict=True)):
        if number % 5 == 0:
            continue
        tile = np.full((64, 64, 3), (int(250 * place), 40, 120), np.uint8)
        name = f"slide-{number}"
        with ShardWriter(root / "slides" / f"{name}.shard", {}, ShardMetadata(patient, name, {"v": 1})) as shard:
            for left in (0, 64):
                shard.add(
                    simplejpeg.encode_jpeg(tile, 95), encoding="jpeg", modality="tiles_10x",
                    width_px=64, height_px=64, mpp=1.0, left=left, top=0,
                )  # fmt: skip
    build_index(root)


def write_run(folder: StudyFolder, name: str, risks: pd.DataFrame, *, fusion: str = "softmax") -> Path:
    """Write a run's summary, risks, predictions and histories."""
    root = folder.root / "runs" / name
    table = _predictions(folder, risks, with_weights=fusion == "softmax")
    root.mkdir(parents=True)
    table.to_parquet(root / "predictions.parquet", index=False)
    rows = table[["patient_id", "time_months", "event", "log_risk", "fold"]].rename(columns={"log_risk": "risk"})
    rows.to_csv(root / "risks.csv", index=False)
    write_json(root / "summary.json", _summary(folder, name, risks, fusion))
    for fold in sorted(set(risks["fold"])):
        (root / f"repeat-0-fold-{fold}").mkdir()
        (root / f"repeat-0-fold-{fold}" / "history.csv").write_text(HISTORY)
    return root


def _predictions(folder: StudyFolder, risks: pd.DataFrame, *, with_weights: bool) -> pd.DataFrame:
    has_tiles = np.arange(len(risks)) % 5 != 0
    competing = read_cohort(folder).set_index("patient_id").loc[risks["patient_id"], "competing"].to_numpy()
    weight = np.where(has_tiles, 0.75, np.nan)
    return risks.rename(columns={"risk": "log_risk"}).assign(
        competing=competing,
        modalities=np.where(has_tiles, "tiles_10x+genes", "genes"),
        spread=0.1,
        combinations=np.where(has_tiles, 2, 1),
        images_tiles_10x=np.where(has_tiles, 2, 0),
        images_genes=1,
        weight_tiles_10x=weight if with_weights else np.nan,
        weight_genes=np.where(has_tiles, 0.25, 1.0) if with_weights else np.nan,
        shapley_tiles_10x=np.where(has_tiles, 0.6 * risks["risk"], np.nan),
        shapley_genes=np.where(has_tiles, 0.4, 1.0) * risks["risk"],
        survival_12=0.9,
        survival_36=np.where(np.arange(len(risks)) % 2, 0.7, np.nan),
    )


def _summary(folder: StudyFolder, name: str, risks: pd.DataFrame, fusion: str) -> dict:
    estimate = {"value": 0.7, "ci95": [0.6, 0.8], "reason": None}
    stage = {"stage": "together", "fit": 60, "select": 20, "epochs": 5, "kept_epoch": 3, "select_c_index": 0.63}
    folds = [
        {
            "repeat": 0, "fold": int(fold), "fit": 60, "select": 20, "n": len(own), "events": int(own["event"].sum()),
            "harrell_c": estimate, "stages": [stage],
        }
        for fold, own in risks.groupby("fold")
    ]  # fmt: skip
    index = folder.store / "tiles_10x.index"
    inputs = [folder.cohort, folder.genes, folder.folds, *([index] if index.is_file() else [])]
    network = {
        "modalities": list(MODALITIES), "weights": "/home/somebody/weights.pth", "features": True, "tile_px": 64,
        "scan_px": 64, "fusion": fusion, "head": "log-risk", "hidden": [8],
    }  # fmt: skip
    return {
        "run": name, "modalities": list(MODALITIES), "network": network, "training": {"preset": "modern", "seed": 1},
        "folds": folds, "folds_dealt": 3, "complete": len(folds) == 3, "without_prediction": 0,
        "mean_fold_c": 0.7, "sd_fold_c": 0.01, "max_fold_c": 0.71, "inputs": fingerprint(inputs),
    }  # fmt: skip
