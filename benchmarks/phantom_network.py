"""A small network finds the outcome in simulated tiles, and nothing where there is nothing.

A phantom of ready-made tiles (`tumorboard phantom DIR --tiles-only`) is made where it does not exist. A network of four
convolutions is trained from random weights with the Cox partial likelihood, cross-fitted over two halves of the
patients, once on the outcomes and once on the same outcomes shuffled over the patients. Each tile is brought to mean 0
and standard deviation 1 in every channel first, so that no stain and no mean colour can tell anything.

    python benchmarks/phantom_network.py [DIR] [--patients 1150] [--epochs 20]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch

from tumorboard.evaluation.discrimination import harrell_estimate
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap
from tumorboard.phantom import PRESETS, Contents, PhantomRequest, write_phantom
from tumorboard.study.files import StudyFolder, write_json

RESULTS = Path(__file__).parent / "results" / "phantom_network.json"
SEED, HALVES, BATCH, CROP_PX = 11, 2, 48, 160


def network() -> torch.nn.Module:
    """Return four convolutions, a mean over the tile, and one number."""
    layers: list[torch.nn.Module] = []
    channels = 3
    for width, size, stride in ((16, 5, 2), (32, 3, 1), (64, 3, 1), (96, 3, 1)):
        layers += [
            torch.nn.Conv2d(channels, width, size, stride, size // 2, bias=False),
            torch.nn.BatchNorm2d(width),
            torch.nn.ReLU(inplace=True),
            torch.nn.MaxPool2d(2),
        ]
        channels = width
    head = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Dropout(0.3), torch.nn.Linear(channels, 1)]
    return torch.nn.Sequential(*layers, *head).to(memory_format=torch.channels_last)


def cox_loss(risk: torch.Tensor, months: torch.Tensor, event: torch.Tensor) -> torch.Tensor:
    """Return Breslow's negative partial log-likelihood by event, over the batch."""
    at_risk = months[None, :] >= months[:, None]
    everyone = torch.logsumexp(torch.where(at_risk, risk[None, :], torch.tensor(-torch.inf)), dim=1)
    return ((everyone - risk) * event).sum() / event.sum().clamp(min=1)


def load_tiles(folder: Path, patients: pd.Series, scale: str) -> list[np.ndarray]:
    """Return each patient's tiles: (tiles, height, width, 3)."""
    loaded = []
    for patient in patients:
        files = sorted((folder / "tiles" / patient / scale).glob("*.[jp][pn]g"))
        loaded.append(
            np.stack([cv2.imread(str(file)) for file in files]) if files else np.empty((0, 256, 256, 3), "u1")
        )
    return loaded


def standardised(tiles: np.ndarray) -> torch.Tensor:
    """Bring each tile to mean 0 and standard deviation 1 in every channel."""
    batch = torch.from_numpy(tiles).permute(0, 3, 1, 2).float()
    mean, spread = batch.mean((2, 3), keepdim=True), batch.std((2, 3), keepdim=True)
    return ((batch - mean) / spread.clamp(min=1)).contiguous(memory_format=torch.channels_last)


def batches(fit: np.ndarray, event: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Deal patients so that every batch has its share of events."""
    order = np.concatenate([rng.permutation(fit[event[fit] == status]) for status in (1, 0)])
    count = max(len(fit) // BATCH, 1)
    yield from (order[start::count] for start in range(count))


def crop(tile: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut a square out of a tile, turned and mirrored at random."""
    top, left = rng.integers(0, tile.shape[0] - CROP_PX + 1, 2)
    part = np.rot90(tile[top : top + CROP_PX, left : left + CROP_PX], rng.integers(4))
    return part[:, ::-1] if rng.random() < 0.5 else part


def fit_and_predict(
    tiles: list[np.ndarray], months: np.ndarray, event: np.ndarray, fit: np.ndarray, test: np.ndarray, epochs: int
) -> np.ndarray:
    """Train on some patients and give the mean log-risk over the tiles of others."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    model = network()
    steps = epochs * max(len(fit) // BATCH, 1)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    model.train()
    for _ in range(epochs):
        for chosen in batches(fit, event, rng):
            drawn = np.stack([crop(tiles[one][rng.integers(len(tiles[one]))], rng) for one in chosen])
            risk = model(standardised(drawn))[:, 0]
            loss = cox_loss(risk, torch.from_numpy(months[chosen]), torch.from_numpy(event[chosen]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    model.eval()
    with torch.no_grad():
        return np.array([model(standardised(tiles[one])).mean().item() for one in test])


def cross_fitted(tiles: list[np.ndarray], months: np.ndarray, event: np.ndarray, epochs: int) -> dict[str, object]:
    """Return the concordance, with its interval, of networks that each saw the other half of the patients."""
    half = np.random.default_rng(SEED).permutation(len(tiles)) % HALVES
    risk = np.empty(len(tiles))
    for test_half in range(HALVES):
        fit, test = np.flatnonzero(half != test_half), np.flatnonzero(half == test_half)
        risk[test] = fit_and_predict(tiles, months, event, fit, test, epochs)
    frame = pd.DataFrame(
        {"patient_id": range(len(tiles)), "time_months": months, "event": event.astype(int), "risk": risk, "fold": half}
    )
    return {"harrell_c": harrell_estimate(Predictions("network", frame), Bootstrap()).to_json()}


def main() -> None:
    """Make the phantom where it is missing, train, and write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--patients", type=int, default=1150)
    parser.add_argument("--epochs", type=int, default=20)
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="phantom-"))
    request = PhantomRequest(asked.patients, 1, PRESETS["demo"], Contents.TILES)
    write_phantom(StudyFolder(folder), request, progress=lambda done, _, step: print(done, step, end="\r", flush=True))
    patients = pd.read_csv(folder / "patients.csv")
    oracle = json.loads((folder / "truth" / "oracle.json").read_text())
    results: dict[str, object] = {"patients": asked.patients, "seed": 1, "epochs": asked.epochs, "oracle": oracle}
    for scale in ("10x", "5x"):
        tiles = load_tiles(folder, patients["patient_id"], scale)
        there = [number for number, own in enumerate(tiles) if len(own)]
        tiles = [tiles[number] for number in there]
        months = patients["dss_time_months"].to_numpy(np.float32)[there]
        event = patients["dss_event"].to_numpy(np.float32)[there]
        shuffled = np.random.default_rng(SEED).permutation(len(tiles))
        for name, order in (("outcome", np.arange(len(tiles))), ("shuffled outcome", shuffled)):
            started = time.perf_counter()
            found = cross_fitted(tiles, months[order], event[order], asked.epochs)
            found |= {"patients": len(tiles), "seconds": round(time.perf_counter() - started)}
            results[f"tiles_{scale}, {name}"] = found
            print(f"{scale}, {name}: {found}", flush=True)
    write_json(RESULTS, results)


if __name__ == "__main__":
    main()
