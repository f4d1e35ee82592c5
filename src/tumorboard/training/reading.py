"""Drawing each step's images and reading them ahead of their use, with threads: decoding lets go of the interpreter."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from tumorboard.execution import available_cores
from tumorboard.inputs.fold_inputs import FoldInputs
from tumorboard.inputs.pictures import PictureInputs, Pixels
from tumorboard.network.encoders import Bag
from tumorboard.network.encoders.encoder import Inputs
from tumorboard.study.training_settings import TrainingSettings
from tumorboard.training.augmentation import vary
from tumorboard.training.batch_memory import BatchMemory
from tumorboard.training.random_numbers import numbers_for

_BATCHES_AHEAD = 2
Embeddings = Mapping[str, Mapping[str, torch.Tensor]]
"""By modality and patient, shape (images, width): of encoders that stay frozen."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A batch: of each patient one image of each modality.

    Parameters
    ----------
    rows : Tensor of int64, shape (n,)
        The patients, by their row among those of the stage.
    present : Tensor of bool, shape (n, modalities)
    inputs : dict of str to Tensor or Bag
        What encoders read.
    embeddings : dict of str to Tensor, shape (n, width)
        What frozen encoders gave already.
    """

    rows: torch.Tensor
    present: torch.Tensor
    inputs: dict[str, Inputs]
    embeddings: dict[str, torch.Tensor]


class Reader:
    """Reads a fold's inputs batch by batch.

    Parameters
    ----------
    inputs : FoldInputs
    settings : TrainingSettings
    embeddings : mapping, optional
        Of encoders that stay frozen, in place of their pictures.
    """

    def __init__(self, inputs: FoldInputs, settings: TrainingSettings, embeddings: Embeddings | None = None) -> None:
        self.inputs = inputs
        self.embeddings = embeddings or {}
        self._settings = settings
        self._workers = settings.workers or available_cores()
        self._threads = ThreadPoolExecutor(self._workers)
        self._memory = BatchMemory()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def epoch(
        self,
        patients: Sequence[str],
        batches: Sequence[NDArray[np.int64]],
        modalities: Sequence[str],
        key: tuple[object, ...],
    ) -> Iterator[Drawn]:
        """Yield an epoch's batches.

        Parameters
        ----------
        patients : sequence of str
            Of the stage.
        batches : sequence of ndarray of int64
            Rows of patients.
        modalities : sequence of str
        key : tuple
            What this epoch's draws depend on, beside patient and modality: seed, repeat, fold, stage, epoch.
        """
        waiting: deque[_Pending] = deque()
        for rows in batches:
            waiting.append(self._start([patients[row] for row in rows], rows, modalities, key))
            if len(waiting) > _BATCHES_AHEAD:
                yield waiting.popleft().finish()
        while waiting:
            yield waiting.popleft().finish()

    def _start(
        self, patients: list[str], rows: NDArray[np.int64], modalities: Sequence[str], key: tuple[object, ...]
    ) -> _Pending:
        columns = [self.inputs.modalities.index(name) for name in modalities]
        present = self.inputs.present(patients)[:, columns]
        pictures: dict[str, _Pictures] = {}
        inputs: dict[str, Inputs] = {}
        embeddings: dict[str, torch.Tensor] = {}
        for there, name in zip(present.T, modalities, strict=True):
            if not there.any():
                continue
            who = [patient if has else None for patient, has in zip(patients, there, strict=True)]
            if name in self.embeddings:
                embeddings[name] = self._drawn_embeddings(name, who, key)
            elif found := self.inputs.study.pictures(name):
                pictures[name] = self._written(found, [
                    None if patient is None else partial(self._draw, found, patient, (*key, patient, name))
                    for patient in who
                ])  # fmt: skip
            else:
                inputs[name] = self.whole(name, who)
        return _Pending(torch.from_numpy(rows.copy()), torch.from_numpy(present.copy()), pictures, inputs, embeddings)

    def _written(self, pictures: PictureInputs, writers: Sequence[_Writer | None]) -> _Pictures:
        """Let threads write pictures into the memory of their batch: black where there is no writer."""
        pixels = self._memory.take(len(writers), (pictures.size_px, pictures.size_px, pictures.channels))
        left = iter(list(zip(writers, pixels, strict=True)))  # shared: no thread waits for another's part
        threads = min(len(writers), self._workers)
        return _Pictures(pixels, [self._threads.submit(_write, left) for _ in range(threads)])

    def _draw(self, pictures: PictureInputs, patient: str, key: tuple[object, ...], into: Pixels) -> None:
        random = numbers_for(*key)
        number = int(random.integers(pictures.count(patient)))
        around = pictures.neighbours(patient, number) if self._settings.neighbours else 0
        neighbour = int(random.integers(around + 1))
        vary(pictures.read_with_channels_last(patient, number, neighbour), self._settings, random, into)

    def _drawn_embeddings(self, name: str, who: Sequence[str | None], key: tuple[object, ...]) -> torch.Tensor:
        known = self.embeddings[name]
        width = next(iter(known.values())).shape[1]
        found = torch.zeros(len(who), width)
        for row, patient in enumerate(who):
            if patient is not None:
                own = known[patient]
                found[row] = own[int(numbers_for(*key, patient, name).integers(len(own)))]
        return found

    def whole(self, name: str, who: Sequence[str | None]) -> Inputs:
        """Return what is not drawn: rows of a table, or whole bags, empty where a patient is None."""
        own = [patient for patient in who if patient is not None]
        there = torch.tensor([patient is not None for patient in who])
        bags = self.inputs.study.bags(name)
        if bags is None:
            values = self.inputs.rows(name, own)
            return torch.full((len(who), values.shape[1]), torch.nan).index_put((there,), values)
        read = [torch.from_numpy(np.array(bags.read(patient))) for patient in own]
        longest = max(len(features) for features in read)
        features = torch.zeros(len(who), longest, bags.features)
        mask = torch.zeros(len(who), longest, dtype=torch.bool)
        for row, bag in zip(there.nonzero().flatten().tolist(), read, strict=True):
            features[row, : len(bag)], mask[row, : len(bag)] = bag, True
        return Bag(features, mask)

    def pictures(self, name: str, asked: Sequence[tuple[str, int]]) -> torch.Tensor:
        """Return patients' pictures as they are, shape (n, channels, size, size)."""
        found = self.inputs.study.pictures(name)
        assert found is not None
        return self._written(found, [partial(_read, found, patient, number) for patient, number in asked]).finish()


_Writer = Callable[[Pixels], None]
"""Writes a picture where it is told."""


def _write(left: Iterator[tuple[_Writer | None, Pixels]]) -> None:
    for writer, into in left:
        if writer is None:
            into[...] = 0
        else:
            writer(into)


def _read(pictures: PictureInputs, patient: str, number: int, into: Pixels) -> None:
    into[...] = pictures.read_with_channels_last(patient, number)


@dataclass(frozen=True, eq=False)
class _Pictures:
    """A batch's pictures of one modality, shape (n, size, size, channels), and the threads' work of writing them."""

    pixels: Pixels
    work: list[Future[None]]

    def finish(self) -> torch.Tensor:
        """Return the pictures, shape (n, channels, size, size), with channels last in memory."""
        for part in self.work:
            part.result()
        return torch.from_numpy(self.pixels).permute(0, 3, 1, 2)


@dataclass(frozen=True, eq=False)
class _Pending:
    rows: torch.Tensor
    present: torch.Tensor
    pictures: dict[str, _Pictures]
    inputs: dict[str, Inputs]
    embeddings: dict[str, torch.Tensor]

    def finish(self) -> Drawn:
        inputs = self.inputs | {name: pictures.finish() for name, pictures in self.pictures.items()}
        return Drawn(self.rows, self.present, inputs, self.embeddings)
