"""A small store and a small shard on the disk."""

import os
from pathlib import Path

import pytest
from small_store import write_slide, write_store

from tumorboard.store import build_index


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    """Leave out what only a power failure would need; a shared disk takes seconds for it."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def root(tmp_path) -> Path:
    """The folder of the small store, its indexes built."""
    root = tmp_path / "study" / "store"
    write_store(root)
    build_index(root)
    return root


@pytest.fixture
def shard(tmp_path) -> Path:
    """One small shard."""
    return write_slide(tmp_path / "study" / "store", "A-1", "A", range(3))
