"""What somebody drew on a slide, whatever file it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tumorboard.slides.annotation.regions import Polygon

Frame = Literal["level 0", "bounds"]
"""What coordinates are counted from: level 0's upper left corner, or that of what was scanned."""


UNCLASSIFIED = "unclassified"
"""Stands for what was drawn without a class."""

MARKS = frozenset({"Point", "MultiPoint", "POINT", "arrow", "ruler", "counter"})
"""Kinds of drawing that point at something and outline nothing."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """One object of an annotation file.

    Parameters
    ----------
    names : tuple of str
        What it is called, as far as the file tells: class, layer, text; empty where it has no name.
    kind : str
        ``Polygon``, or the file's own word for what cannot be one, such as ``LineString``.
    polygons : tuple of Polygon
        As in the file; none where the kind is not ``Polygon``.
    """

    names: tuple[str, ...]
    kind: str
    polygons: tuple[Polygon, ...] = ()

    def is_called(self, wanted: frozenset[str]) -> bool:
        """Tell whether one of its names is wanted, or the first part of a derived class such as ``Tumor: Positive``."""
        names = self.names or (UNCLASSIFIED,)
        return any(plain(name) in wanted or plain(name.split(":")[0]) in wanted for name in names)


def plain(name: str) -> str:
    """Return a class's name in lower case, single spaces, without the ``*`` that QuPath puts behind some."""
    return " ".join(name.replace("_", " ").casefold().split()).rstrip("* ")


def plain_names(classes: Sequence[str]) -> frozenset[str]:
    """Return the names of classes as `plain` writes them."""
    return frozenset(plain(name) for name in classes)
