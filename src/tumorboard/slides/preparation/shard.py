"""A slide's tiles as a shard of the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tumorboard.slides.preparation.record import SlideRecord
from tumorboard.slides.tiles import COLOUR_COLUMNS, TileRow, TileScale
from tumorboard.store import ColumnType, Modality, ShardMetadata, ShardWriter

if TYPE_CHECKING:
    import pandas as pd

MODALITIES: dict[TileScale, Modality] = {"10x": "tiles_10x", "5x": "tiles_5x"}
TILE_COLUMNS: dict[str, ColumnType] = {
    "box_width": "int32",
    "box_height": "int32",
    "tissue_share": "float32",
    "focus": "float32",
    **dict.fromkeys(COLOUR_COLUMNS, "float32"),
}
"""What is kept of each tile beside its place and scale: its size in level-0 pixels; the share of tissue (NaN where it
was not judged); its focus, as :func:`tumorboard.slides.tissue.focus_of` gives it (NaN where none was measured near it);
its colours."""


def write_shard(
    path: Path,
    metadata: ShardMetadata,
    record: SlideRecord,
    rows: Iterable[TileRow],
    judged: Mapping[TileScale, pd.DataFrame],
) -> SlideRecord:
    """Write a slide's shard; its notes are the record of what was written.

    Parameters
    ----------
    path : Path
    metadata : ShardMetadata
    record : SlideRecord
        What is to be taken from the slide.
    rows : iterable of TileRow
    judged : mapping of str to DataFrame
        What was found of every tile of each scale's grid: ``tissue_share`` and ``focus``.

    Returns
    -------
    SlideRecord
        What was taken.
    """
    found = {scale: (frame["tissue_share"].to_numpy(), frame["focus"].to_numpy()) for scale, frame in judged.items()}
    tiles: dict[str, int] = dict.fromkeys(record.tiles, 0)
    with ShardWriter(path, TILE_COLUMNS, metadata) as shard:
        for row in rows:
            tissue_share, focus = found[row.scale]
            tiles[row.scale] += len(row)
            shard.add_many(
                row.payloads,
                encoding=row.encoding,
                modality=MODALITIES[row.scale],
                width_px=row.width_px,
                height_px=row.height_px,
                mpp=row.mpp,
                left=row.boxes[:, 0],
                top=row.boxes[:, 1],
                box_width=row.boxes[:, 2],
                box_height=row.boxes[:, 3],
                tissue_share=tissue_share[row.numbers],
                focus=focus[row.numbers],
                **dict(zip(COLOUR_COLUMNS, row.colours.T, strict=True)),
            )
        written = record.as_written(tiles)
        shard.note(written.to_notes())
    return written
