"""What tests of whole runs share."""

import pytest
import torch


@pytest.fixture(scope="module")
def one_thread():
    """Let PyTorch work with one thread: tests run side by side."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
