"""Random numbers that depend on what they are for, and on nothing that was drawn before."""

from __future__ import annotations

import hashlib

import numpy as np


def _digest(parts: tuple[object, ...]) -> bytes:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


def numbers_for(*parts: object) -> np.random.Generator:
    """Return random numbers for a purpose, such as (seed, repeat, fold, stage, epoch, patient, modality)."""
    return np.random.default_rng(np.frombuffer(_digest(parts), "<u4"))


def seed_for(*parts: object) -> int:
    """Return a seed from 0 to below 2^63 for a purpose."""
    return int.from_bytes(_digest(parts)[:8], "little") >> 1
