"""What all combinations of a patient's images cost, beside encoding the images.

One patient of 256 tiles at 10x, 76 at 5x and 3 scan planes, all of 256 px: 58,368 combinations of 335 images. Each
round encodes the images once (ResNet18 with random weights, as prediction does it, batch by batch), then combines them
with each fusion by turns, and takes the Shapley values as well. Pictures lie in memory: nothing is decoded. Told are
medians over rounds, and of the ratios within each round: encoding and combining, over encoding alone; at most 1.2 for
``gated``, the default. Then the largest difference to naive enumeration, one forward of the fusion and the head a
combination, on fewer images: at most 1e-5.

    OMP_NUM_THREADS=1 python benchmarks/prediction_cost.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import itertools
import math
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import torch

from tumorboard.network import FusionSettings, NetworkSettings
from tumorboard.network.combinations import risk_over_combinations
from tumorboard.network.encoders.encoder import Inputs
from tumorboard.network.model import MultimodalNetwork, new_network
from tumorboard.network.settings import FusionName, PictureModality
from tumorboard.prediction.encoding import encode_patient
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.prediction.shapley import shapley_of_patient
from tumorboard.study.files import write_json

RESULTS = Path(__file__).parent / "results" / "prediction_cost.json"
IMAGES = {"tiles_10x": 256, "tiles_5x": 76, "scan": 3}
FEWER = {"tiles_10x": 23, "tiles_5x": 11, "scan": 3}
SIDE_PX, DEFAULT, LIMIT, TOLERANCE = 256, "gated", 1.2, 1e-5
FUSIONS: tuple[FusionName, ...] = get_args(FusionName)


class InMemory:
    """One patient's pictures, of random bytes, as prediction asks for them."""

    modalities = tuple(IMAGES)

    def __init__(self) -> None:
        numbers = torch.Generator().manual_seed(1)
        self._pictures = {
            name: torch.randint(
                0, 256, (count, SIDE_PX, SIDE_PX, 1 if name == "scan" else 3), dtype=torch.uint8, generator=numbers
            ).permute(0, 3, 1, 2)
            for name, count in IMAGES.items()
        }

    def count(self, modality: str, patient: str) -> int:
        """Return how many images there are."""
        return IMAGES[modality]

    def read(self, modality: str, patient: str, numbers: Sequence[int]) -> Inputs:
        """Return some of them."""
        return self._pictures[modality][list(numbers)]


def network_with(fusion: FusionName) -> MultimodalNetwork:
    """Return a network of the default widths with random weights: the encoders are the same for every fusion."""
    grey = {"mean": (0.449,), "sd": (0.226,)}
    modalities = tuple(PictureModality(name=name, **(grey if name == "scan" else {})) for name in IMAGES)
    network = new_network(NetworkSettings(modalities=modalities, fusion=FusionSettings(name=fusion)), seed=1)
    return network.to(memory_format=torch.channels_last).eval()


def seconds_of(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def measured(networks: Mapping[str, MultimodalNetwork], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return what each work took in each round; a round before them is not counted."""
    inputs, encoder = InMemory(), networks[DEFAULT]
    embeddings = encode_patient(encoder, inputs, "patient", ImageChoice())
    taken: dict[str, list[tuple[float, float]]] = {}
    for number in range(rounds + 1):
        works: dict[str, Callable[[], object]] = {
            "encoding": lambda: encode_patient(encoder, inputs, "patient", ImageChoice())
        }
        names = list(networks)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            works[name] = lambda network=networks[name]: risk_over_combinations(network, embeddings)
            works[f"{name}, Shapley values"] = lambda network=networks[name]: shapley_of_patient(
                network, embeddings, 0.0
            )
        for name, work in works.items():
            if number or name != "encoding":
                seconds = seconds_of(work)
                if number:
                    taken.setdefault(name, []).append(seconds)
        print(f"round {number} of {rounds}", flush=True)
    return taken


def told(taken: Mapping[str, list[tuple[float, float]]], fusion: str) -> dict[str, Any]:
    """Return medians over rounds of one fusion."""
    encoding, own, shapley = (taken[name] for name in ("encoding", fusion, f"{fusion}, Shapley values"))
    ratios = [1 + mine[0] / whole[0] for whole, mine in zip(encoding, own, strict=True)]
    with_shapley = [
        1 + (mine[0] + more[0]) / whole[0] for whole, mine, more in zip(encoding, own, shapley, strict=True)
    ]
    return {
        "seconds": round(statistics.median(wall for wall, _ in own), 3),
        "processor_seconds": round(statistics.median(processor for _, processor in own), 3),
        "prediction_of_encoding": round(statistics.median(ratios), 4),
        "prediction_of_encoding_range": [round(min(ratios), 4), round(max(ratios), 4)],
        "with_shapley_values": round(statistics.median(with_shapley), 4),
    }


def largest_difference(network: MultimodalNetwork) -> dict[str, float]:
    """Return how far risks and their mean are from one forward a combination.

    The embeddings are random numbers, for random weights give all pictures nearly the same embedding and risk.
    """
    numbers = torch.Generator().manual_seed(2)
    fewer = {name: torch.randn(count, network.widths[name], generator=numbers).abs() for name, count in FEWER.items()}
    found = risk_over_combinations(network, fewer, keep_risks=True)
    assert found.risks is not None
    present = torch.ones(1, len(fewer), dtype=torch.bool)
    risks = []
    with torch.inference_mode():
        for places in itertools.product(*map(range, FEWER.values())):
            row = {name: fewer[name][[place]] for name, place in zip(FEWER, places, strict=True)}
            risks.append(network.risk(network.fuse(row, present).output))
    naive = torch.cat(risks).flatten()
    return {
        "largest_difference": float((found.risks.flatten() - naive).abs().max()),
        "difference_of_means": abs(found.mean - float(naive.double().mean())),
        "spread_of_risks": float(naive.double().std(correction=0)),
    }


def processor_name() -> str:
    """Return the processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> None:
    """Measure, compare, write the results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=RESULTS)
    asked = parser.parse_args()
    networks = {fusion: network_with(fusion) for fusion in FUSIONS}
    taken = measured(networks, asked.rounds)
    fusions = {}
    for name, network in networks.items():
        fusions[name] = told(taken, name) | largest_difference(network)
        print(name, fusions[name], flush=True)
    encoding = taken["encoding"]
    write_json(asked.out, {
        "images": IMAGES,
        "combinations": math.prod(IMAGES.values()),
        "combinations_enumerated_one_by_one": math.prod(FEWER.values()),
        "side_px": SIDE_PX,
        "encoder": "resnet18, random weights, channels last, batches of 32",
        "precision": "float32",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "processor": processor_name(),
        "rounds": asked.rounds,
        "encoding_seconds": round(statistics.median(wall for wall, _ in encoding), 2),
        "encoding_processor_seconds": round(statistics.median(processor for _, processor in encoding), 2),
        "limits": {"prediction_of_encoding": {DEFAULT: LIMIT}, "largest_difference": TOLERANCE},
        "fusions": fusions,
        "held": {
            "prediction_of_encoding": fusions[DEFAULT]["prediction_of_encoding"] <= LIMIT,
            "largest_difference": all(each["largest_difference"] <= TOLERANCE for each in fusions.values()),
        },
    })  # fmt: skip


if __name__ == "__main__":
    main()
