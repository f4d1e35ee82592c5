"""A patient's planes as a shard of the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import cv2

from tumorboard.scans.planes import PLANE_COLUMNS, PlaneImage
from tumorboard.scans.preparation.record import ScanRecord
from tumorboard.store import ColumnType, ShardMetadata, ShardWriter

_UM_PER_MM = 1000.0
_NO_PLACE = -1
SCAN_COLUMNS = cast("dict[str, ColumnType]", PLANE_COLUMNS)
"""What is kept of each picture beside what every image has: plane, offset, place in the patient, window."""


def write_shard(path: Path, metadata: ShardMetadata, planes: Sequence[PlaneImage], record: ScanRecord) -> None:
    """Write the planes of a patient; the shard's notes are the record.

    Parameters
    ----------
    path : Path
    metadata : ShardMetadata
    planes : sequence of PlaneImage
    record : ScanRecord

    Raises
    ------
    StudyError
        The store cannot be written.
    """
    with ShardWriter(path, SCAN_COLUMNS, metadata) as shard:
        for image in planes:
            _, encoded = cv2.imencode(".png", image.pixels)
            height, width = image.pixels.shape
            shard.add(
                encoded.tobytes(),
                encoding="png",
                modality="scan",
                width_px=width,
                height_px=height,
                channels=1,
                mpp=image.geometry.pixel_mm * _UM_PER_MM,
                left=_NO_PLACE,
                top=_NO_PLACE,
                **image.to_columns(),
            )
        shard.note(record.to_notes())
