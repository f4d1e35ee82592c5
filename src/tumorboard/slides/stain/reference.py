"""Fitted stain normalisers as JSON, stored with a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError
from tumorboard.slides.stain.macenko import MacenkoNormaliser, Stain
from tumorboard.slides.stain.reinhard import Colours, ReinhardNormaliser
from tumorboard.study.files import read_json, write_json

Normaliser = MacenkoNormaliser | ReinhardNormaliser


def write_normaliser(path: Path, normaliser: Normaliser) -> None:
    """Write a fitted normaliser.

    Raises
    ------
    StudyError
        Where the folder cannot be written.
    """
    reference = normaliser.reference
    numbers = {name: getattr(reference, name).tolist() for name in reference.__dataclass_fields__}
    write_json(path, {"method": normaliser.method, **numbers})


def read_normaliser(path: Path) -> Normaliser:
    """Read a fitted normaliser.

    Raises
    ------
    StudyError
        Where there is no such file, or it is no JSON.
    FileFormatError
        Where it is no stain reference.
    """
    content = read_json(path, "tumorboard train")
    try:
        return _normaliser(content)
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"no stain reference: {error}", where=str(path), fix="Fit it again") from error


def _normaliser(content: Mapping[str, object]) -> Normaliser:
    method = content.get("method")
    if method == MacenkoNormaliser.method:
        vectors, concentrations = _numbers(content, "vectors", (3, 2)), _numbers(content, "concentrations", (2,))
        return MacenkoNormaliser(Stain(vectors, _positive(concentrations)))
    if method == ReinhardNormaliser.method:
        mean, spread = _numbers(content, "mean", (3,)), _numbers(content, "spread", (3,))
        return ReinhardNormaliser(Colours(mean, _positive(spread)))
    raise ValueError(f"its method is {method!r}")


def _numbers(content: Mapping[str, object], name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    values = np.array(content.get(name), np.float64)
    if values.shape != shape or not np.isfinite(values).all():
        raise ValueError(f"{name} is {content.get(name)!r}, not {' x '.join(map(str, shape))} numbers")
    return values


def _positive(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if values.min() <= 0:
        raise ValueError(f"{values.min():g} stands where a number above 0 should")
    return values
