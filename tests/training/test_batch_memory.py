"""The memory of a batch is used again when nobody holds the batch any more, and not before."""

import gc

import torch

from tumorboard.training.batch_memory import BatchMemory


def place(memory, pictures=5):
    return memory.take(pictures, (4, 4, 3)).ctypes.data


def test_batches_that_are_held_lie_apart():
    memory = BatchMemory()
    held = [memory.take(5, (4, 4, 3)) for _ in range(10)]
    for number, batch in enumerate(held):
        batch[...] = number
    assert all((batch == number).all() for number, batch in enumerate(held))


def test_a_tensor_holds_its_batch():
    memory = BatchMemory()
    batch = memory.take(5, (4, 4, 3))
    first = batch.ctypes.data
    tensor = torch.from_numpy(batch).permute(0, 3, 1, 2)[2:]
    del batch
    gc.collect()
    assert place(memory) != first
    del tensor
    gc.collect()
    assert first in {place(memory), place(memory)}


def test_what_is_free_serves_a_batch_of_one_picture_less_and_no_other_pictures():
    memory = BatchMemory()
    first = place(memory)
    assert place(memory, 4) == first
    held = memory.take(5, (4, 4, 1))
    assert held.ctypes.data != first
    assert held.shape == (5, 4, 4, 1)
