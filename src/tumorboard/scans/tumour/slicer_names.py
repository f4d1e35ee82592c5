"""The names of the labels in a segmentation that 3D Slicer saved as NRRD."""

from __future__ import annotations

import re
from pathlib import Path

_LONGEST_HEADER = 2**20
_FIELD = re.compile(r"^Segment(\d+)_(LabelValue|Name):=(.*)$")


def slicer_names(path: Path) -> dict[int, str]:
    """Read the names of labels from the header of a ``.seg.nrrd``.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of int to str
        By label; empty for any other NRRD. The fields are 3D Slicer's, ``Segment0_Name`` and ``Segment0_LabelValue``
        (https://slicer.readthedocs.io/en/latest/developer_guide/modules/segmentations.html).
    """
    with path.open("rb") as stream:
        header = stream.read(_LONGEST_HEADER).split(b"\n\n")[0].decode("utf-8", errors="replace")
    fields: dict[str, dict[str, str]] = {}
    for line in header.splitlines():
        found = _FIELD.match(line.strip())
        if found:
            fields.setdefault(found[1], {})[found[2]] = found[3].strip()
    return {
        int(one["LabelValue"]): one["Name"]
        for one in fields.values()
        if one.get("LabelValue", "").isdecimal() and one.get("Name")
    }
