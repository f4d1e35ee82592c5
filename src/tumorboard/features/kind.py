"""What all bags of one modality must have in common: length, extractor, scale, names of the features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from tumorboard.errors import StudyError
from tumorboard.features.bag import FeatureBag
from tumorboard.features.reading.statement import same_scale


@dataclass(frozen=True)
class BagKind:
    """What a bag has in common with others.

    Parameters
    ----------
    dimension : int
        Features of a tile.
    extractor : str or None
        None where nobody says.
    mpp : float or None
        µm in one pixel of the tiles; None where nobody says.
    columns : tuple of str
        Names of the features, where a table gives them.
    """

    dimension: int
    extractor: str | None
    mpp: float | None
    columns: tuple[str, ...] = ()


def kind_of(bag: FeatureBag) -> BagKind:
    """Return what a bag has in common with others."""
    return BagKind(bag.dimension, bag.extractor, bag.scale.mpp, bag.columns)


def common_kind(kinds: Mapping[str, BagKind], modality: str) -> BagKind:
    """Return what all bags of a modality have in common.

    Parameters
    ----------
    kinds : mapping of str to BagKind
        By file; at least one.
    modality : str
        For messages.

    Returns
    -------
    BagKind
        An extractor or scale that some bags do not state is that of the bags that do.

    Raises
    ------
    StudyError
        They differ in the number, the names, the extractor or the scale of their features.
    """
    names, values = list(kinds), list(kinds.values())
    _check_same(names, [kind.dimension for kind in values], f"the features of {modality} differ in number")
    _check_same(names, [kind.extractor for kind in values], f"the features of {modality} are of different extractors")
    _check_same(names, [kind.columns or None for kind in values], f"the columns of {modality} differ")
    return BagKind(
        values[0].dimension,
        next((kind.extractor for kind in values if kind.extractor), None),
        _common_mpp({name: kind.mpp for name, kind in kinds.items() if kind.mpp}, modality),
        next((kind.columns for kind in values if kind.columns), ()),
    )


def _common_mpp(known: Mapping[str, float], modality: str) -> float | None:
    """Return the middle one of the scales; all others must be the same."""
    if not known:
        return None
    middle = median_low(known.values())
    for name, mpp in known.items():
        if not same_scale(mpp, middle):
            raise StudyError(
                f"the tiles of {modality} differ in scale: {middle:g} and {mpp:g} µm per pixel",
                where=name,
                fix="One modality has features of one scale",
            )
    return middle


def _check_same(names: Sequence[str], values: Sequence[Hashable], what: str) -> None:
    """Raise where there are two known values; the rarer one's first file is named."""
    counted = Counter(value for value in values if value is not None)
    if len(counted) < 2:
        return
    rare = min(counted, key=lambda value: counted[value])
    told = ", ".join(f"{_told(value)} in {count} files" for value, count in counted.most_common(4))
    raise StudyError(
        f"{what}: {told}",
        where=names[list(values).index(rare)],
        fix="One modality has features of one extractor",
    )


def _told(value: Hashable) -> str:
    return f"{value[0]} … {value[-1]}" if isinstance(value, tuple) and value else str(value)
