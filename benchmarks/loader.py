"""The loader of training against the limit: decoding the same JPEG bytes held in memory.

A store of 256 px tiles, as many and in as many shards as 230 patients with 18 tiles each have. Each round, all
contestants by turns, takes several whole epochs in batches of 32: an epoch draws one tile of each patient, and its
first batch is waited for as in training. What is counted is wall time from asking for an epoch to its last batch as a
tensor. Two threads decode on every side, with the same decoder (libjpeg-turbo through simplejpeg); the limit is two
threads that do nothing else. Told are medians over rounds, and of the ratios within each round; processor time stands
beside, for wall time says little where others use the machine too (see the load).

Then one training step of ResNet18 on such tiles, with the loader and on batches that lie in the computer's memory
(bytes, as the loader gives them): on the processor, and on a GPU where there is one.

    python benchmarks/loader.py [--pictures DIR] [--rounds 31] [--folder DIR]

``--pictures`` takes real tiles of 256 px or more; simulated ones otherwise.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import simplejpeg
import torch

from store_reads import make_tiles, pictures_in
from tumorboard.genomics import GeneTable
from tumorboard.inputs import PictureInputs, StudyInputs
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.network.model import MultimodalNetwork, new_network
from tumorboard.phantom.patients import simulate_cohort
from tumorboard.phantom.slides import write_tiles
from tumorboard.store import ShardMetadata, ShardWriter, Store, build_index
from tumorboard.study.files import StudyFolder, write_json
from tumorboard.study.training_settings import NetworkChoices, TrainingSettings
from tumorboard.training.batches import stratified_batches
from tumorboard.training.checkpoint import State
from tumorboard.training.machine import Machine
from tumorboard.training.networks import head_of, network_settings
from tumorboard.training.random_numbers import numbers_for
from tumorboard.training.reading import Drawn, Reader
from tumorboard.training.stage import Ground, Stage, StagePlan

RESULTS = Path(__file__).parent / "results" / "loader.json"
TILE_PX, PATIENTS, TILES, BATCH, EPOCHS, WORKERS, MODALITY = 256, 230, 18, 32, 4, 2, "tiles_10x"
STEP_PATIENTS = 3 * BATCH
UNVARIED = {"flips": False, "colour_jitter": 0.0, "shift": 0.0, "neighbours": False}
LOADERS: dict[str, dict[str, Any]] = {
    "loader": UNVARIED,
    "loader, default augmentation": {},
    "loader, stain jitter too": {"stain_jitter": 0.05},
}

Run = Callable[[int], None]
"""Does a round's work, of the number that it is given."""

Seconds = dict[str, list[tuple[float, float]]]
"""Wall and processor seconds of each round, by contestant."""


def simulated_pictures() -> list[np.ndarray]:
    """Draw tiles of simulated patients."""
    with tempfile.TemporaryDirectory(prefix="loader-") as folder:
        for patient in simulate_cohort(8, 1).patients:
            write_tiles(patient, Path(folder), count_10x=8, count_5x=0, side_px=4096)
        return pictures_in(Path(folder))


def write_store(root: Path, tiles: Sequence[bytes]) -> list[str]:
    """Write a shard a patient; return the patients."""
    (root / "slides").mkdir(parents=True)
    patients = [f"P-{number:04d}" for number in range(PATIENTS)]
    for number, patient in enumerate(patients):
        about = ShardMetadata(patient, patient, {"version": 1})
        with ShardWriter(root / "slides" / f"{patient}.shard", {}, about) as shard:
            shard.add_many(
                tiles[number * TILES : (number + 1) * TILES], encoding="jpeg", modality=MODALITY, width_px=TILE_PX,
                height_px=TILE_PX, mpp=1.0, left=np.arange(TILES) * TILE_PX, top=0,
            )  # fmt: skip
    build_index(root)
    return patients


def inputs_of(folder: Path, patients: Sequence[str]) -> FoldInputs:
    """Return the store as training reads it, with outcomes that mean nothing."""
    random = np.random.default_rng(3)
    table = pd.DataFrame({
        "patient_id": patients, "time_months": random.exponential(40, len(patients)),
        "event": (random.random(len(patients)) < 0.3).astype(float),
        "landmark_status": "excluded",
    }).set_index("patient_id", drop=False)  # fmt: skip
    pictures = PictureInputs(Store.open(folder / "store", MODALITY), TILE_PX)
    nothing = GeneTable(pd.DataFrame(columns=["patient_id", "profile", "feature", "value"]), {})
    study = StudyInputs(StudyFolder(folder), table, nothing, {MODALITY: pictures}, (MODALITY,))
    return FoldInputs(study, None, None)


def decode_all(tiles: Sequence[bytes], seed: int) -> None:
    """Decode as many tiles as the loader does in a round, shuffled, with two threads: the limit."""
    rows = np.random.default_rng(seed).permutation(len(tiles))[: EPOCHS * PATIENTS].tolist()

    def decode(own: list[int]) -> None:
        for row in own:
            simplejpeg.decode_jpeg(tiles[row])

    threads = [threading.Thread(target=decode, args=(rows[part::WORKERS],)) for part in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def load_all(reader: Reader, patients: Sequence[str], seed: int) -> None:
    """Read some epochs' batches."""
    event = reader.inputs.study.outcome(patients).event
    for epoch in range(EPOCHS):
        key = (seed, 0, 0, "together", epoch)
        batches = stratified_batches(event, BATCH, numbers_for(*key, "batches"))
        read = sum(len(drawn.inputs[MODALITY]) for drawn in reader.epoch(patients, batches, [MODALITY], key))
        assert read == len(patients)


def by_turns(contestants: dict[str, Run], rounds: int) -> Seconds:
    """Return each contestant's wall and processor seconds of each round; a round before them is not counted."""
    seconds: Seconds = {name: [] for name in contestants}
    for number in range(rounds + 1):
        names = list(contestants)
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            begun, used = time.perf_counter(), time.process_time()
            contestants[name](number)
            if number:
                seconds[name].append((time.perf_counter() - begun, time.process_time() - used))
    return seconds


def told(seconds: Seconds, limit: str, count: int, unit: str) -> dict[str, Any]:
    """Return medians over rounds: so many a second, and the share of the limit's rate within each round."""
    found = {}
    for name, taken in seconds.items():
        shares = np.array(seconds[limit]) / np.array(taken)  # wall, processor
        found[name] = {
            f"{unit}_per_second": round(count / statistics.median(wall for wall, _ in taken), 2),
            "of_limit": round(float(np.median(shares[:, 0])), 3),
            "of_limit_quartiles": [round(float(value), 3) for value in np.quantile(shares[:, 0], [0.25, 0.75])],
            f"processor_milliseconds_per_{unit.removesuffix('s')}": round(
                1e3 * statistics.median(processor for _, processor in taken) / count, 3
            ),
            "of_limit_in_processor_time": round(float(np.median(shares[:, 1])), 3),
        }
    return found


def loader_against_decoding(inputs: FoldInputs, tiles: Sequence[bytes], rounds: int) -> dict[str, Any]:
    """Return pictures a second of the limit and of each loader."""
    patients = list(inputs.study.patients["patient_id"])
    readers = {name: Reader(inputs, TrainingSettings(workers=WORKERS, **changed)) for name, changed in LOADERS.items()}
    contestants: dict[str, Run] = {"decoding alone": lambda seed: decode_all(tiles, seed)}
    for name, reader in readers.items():
        contestants[name] = lambda seed, reader=reader: load_all(reader, patients, seed)
    seconds = by_turns(contestants, rounds)
    for reader in readers.values():
        reader.__exit__()
    return told(seconds, "decoding alone", EPOCHS * len(patients), "pictures")


class InMemory:
    """In the reader's place: batches that were read before.

    Parameters
    ----------
    reader : Reader
        What they are read from, once.
    patients : sequence of str
    """

    def __init__(self, reader: Reader, patients: Sequence[str]) -> None:
        self.inputs = reader.inputs
        rows = np.array_split(np.arange(len(patients)), len(patients) // BATCH)
        self._batches = list(reader.epoch(patients, rows, [MODALITY], (0, "in memory")))

    def epoch(self, *_: object) -> Iterator[Drawn]:
        """Yield an epoch's batches."""
        return iter(self._batches)


def new_stage_network(inputs: FoldInputs) -> MultimodalNetwork:
    """Return a network of ResNet18 with random weights, as a stage of one modality has it."""
    outcome = inputs.study.outcome(list(inputs.study.patients["patient_id"]))
    time_months, event = torch.tensor(outcome.time_months), torch.tensor(outcome.event)
    choices = NetworkChoices(modalities=(MODALITY,))
    return new_network(network_settings(inputs, [MODALITY], choices, head_of(choices, time_months, event)), 1)


def steps(inputs: FoldInputs, device: str, rounds: int, epochs: int, workers: int) -> dict[str, Any]:
    """Return training steps a second with the loader (default augmentation) and on batches in memory."""
    patients = tuple(inputs.study.patients["patient_id"][:STEP_PATIENTS])
    settings = TrainingSettings(workers=workers, device=device, frozen_epochs=0, batch=BATCH)
    machine = Machine.of(settings)
    plan = StagePlan(MODALITY, (MODALITY,), epochs, patients, ())
    network = new_stage_network(inputs)
    with Reader(inputs, settings) as reader:
        readers = {"on batches in memory": InMemory(reader, patients), "with the loader": reader}

        def train(reader: Any, number: int) -> None:
            Stage(plan, Ground(settings, reader, machine, (1, 0, number)), network, State("")).run(lambda _: None)

        contestants: dict[str, Run] = {
            name: lambda number, reader=reader: train(reader, number) for name, reader in readers.items()
        }
        seconds = by_turns(contestants, rounds)
    found: dict[str, Any] = {"precision": "bfloat16" if machine.half else "float32", "workers": workers}
    return found | told(seconds, "on batches in memory", epochs * STEP_PATIENTS // BATCH, "steps")


def training_steps(inputs: FoldInputs) -> dict[str, Any]:
    """Return steps on the processor, and on a GPU or why not."""
    gpu: dict[str, Any] = {"value": None, "reason": "PyTorch finds no GPU on this machine"}
    if torch.cuda.is_available():
        gpu = {"name": torch.cuda.get_device_name()} | steps(inputs, "cuda", 15, 10, len(os.sched_getaffinity(0)))
    print("GPU", gpu, flush=True)
    return {"gpu": gpu, "processor": steps(inputs, "cpu", 5, 1, WORKERS)}


def main() -> None:
    """Make the tiles, write the store, measure, write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=Path, help="real tiles, of 256 px or more; simulated ones otherwise")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--folder", type=Path, help="where the store is written and removed again")
    parser.add_argument("--no-steps", action="store_true", help="measure the loader alone")
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = pictures_in(asked.pictures) if asked.pictures else simulated_pictures()
    tiles = make_tiles(pictures, PATIENTS * TILES)
    results: dict[str, Any] = {
        "pictures": f"{len(pictures)} {'real' if asked.pictures else 'simulated'}",
        "tiles": len(tiles),
        "kilobytes_a_tile": round(sum(map(len, tiles)) / len(tiles) / 1e3, 1),
        "cores": len(os.sched_getaffinity(0)),
        "threads": WORKERS,
        "rounds": asked.rounds,
        "load_before": [round(load, 1) for load in os.getloadavg()],
    }
    with tempfile.TemporaryDirectory(prefix="loader-", dir=asked.folder) as folder:
        inputs = inputs_of(Path(folder), write_store(Path(folder) / "store", tiles))
        results["loader"] = loader_against_decoding(inputs, tiles, asked.rounds)
        for name, found in results["loader"].items():
            print(name, found, flush=True)
        if not asked.no_steps:
            results["training step"] = training_steps(inputs)
            print(results["training step"], flush=True)
        else:
            results["training step"] = {"value": None, "reason": "not asked for"}
    results["load_after"] = [round(load, 1) for load in os.getloadavg()]
    write_json(asked.out, results)


if __name__ == "__main__":
    main()
