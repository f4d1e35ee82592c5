"""Values of an image's header, whether they lie at the top or in an enhanced file's functional groups."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tumorboard.errors import FileFormatError
from tumorboard.scans.reading.header import Header, element

if TYPE_CHECKING:
    from pydicom import Dataset

_IN_ENHANCED = {
    "AcquisitionDateTime": "FrameAcquisitionDateTime",
    "AcquisitionNumber": "FrameAcquisitionNumber",
    "EchoTime": "EffectiveEchoTime",
    "ImageType": "FrameType",
    "InversionTime": "InversionTimes",
    "TemporalPositionIdentifier": "TemporalPositionIndex",
    "TriggerTime": "NominalCardiacTriggerDelayTime",
}
"""What enhanced CT and MR call an element of the older objects."""


class Lookup:
    """An image's values by keyword.

    Parameters
    ----------
    header : Header
    layers : sequence of mapping
        Flattened functional groups, the frame's own before the shared ones; empty for a file of one image.
    """

    def __init__(self, header: Header, layers: Sequence[Mapping[str, Any]] = ()) -> None:
        self._header = header
        self._layers = layers

    def get(self, keyword: str) -> Any:  # noqa: ANN401
        """Return the value; None where it is absent, empty or damaged."""
        if self._layers:
            for name in (_IN_ENHANCED.get(keyword, keyword), keyword):
                for layer in self._layers:
                    if layer.get(name) is not None:
                        return layer[name]
        return self._header.get(keyword)

    def has(self, keyword: str) -> bool:
        """Tell whether the element is there at all, be it empty."""
        return any(keyword in layer for layer in self._layers) or keyword in self._header.data_set

    def text(self, keyword: str) -> str:
        """Return the value as text, several values joined by a backslash; empty where it is absent."""
        return "\\".join(self.texts(keyword))

    def texts(self, keyword: str) -> tuple[str, ...]:
        """Return the values as texts."""
        value = self.get(keyword)
        if value is None:
            return ()
        values = value if isinstance(value, list | tuple) or _is_multiple(value) else (value,)
        return tuple(str(one).strip() for one in values)

    def number(self, keyword: str) -> float | None:
        """Return the (first) value as a number; None where it is none or not finite."""
        values = self.numbers(keyword)
        return values[0] if values else None

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return the values as numbers; empty where one of them is none or not finite."""
        value = self.get(keyword)
        if value is None:
            return ()
        try:
            found = tuple(float(one) for one in value) if _is_multiple(value) else (float(value),)
        except (TypeError, ValueError):
            return ()
        return found if all(math.isfinite(one) for one in found) else ()

    def whole(self, keyword: str) -> int | None:
        """Return the (first) value as a whole number; None where it is none."""
        value = self.number(keyword)
        return int(value) if value is not None and value == int(value) else None


def _is_multiple(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes)


def flattened(group: Dataset) -> dict[str, Any]:
    """Lay open one item of functional groups: every element of the first item of each of its sequences."""
    found: dict[str, Any] = {}
    for macro in group:
        if macro.VR != "SQ" or not macro.value:
            continue
        for inner in macro.value[0]:
            if inner.VR != "SQ":
                found[inner.keyword] = element(macro.value[0], inner.keyword)
    return found


def frame_lookups(header: Header) -> list[Lookup]:
    """Return the lookup of each image of a file: one, or one for each frame of an enhanced file.

    Parameters
    ----------
    header : Header

    Returns
    -------
    list of Lookup
        Empty for a multi-frame file that does not say where its frames lie.

    Raises
    ------
    FileFormatError
        If the functional groups are damaged.
    """
    frames = header.get("NumberOfFrames")
    groups = header.get("PerFrameFunctionalGroupsSequence")
    if groups is not None:
        try:
            shared_groups = header.get("SharedFunctionalGroupsSequence")
            shared = flattened(shared_groups[0]) if shared_groups else {}
            return [Lookup(header, (flattened(group), shared)) for group in groups]
        except Exception as fault:  # pydicom's converters raise whatever the damaged bytes provoke
            raise FileFormatError("its functional groups are damaged") from fault
    return [Lookup(header)] if frames is None or str(frames).strip() in ("0", "1") else []
