"""One slide by itself: its tiles as picture files, a table of them, and pictures of what was done."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError, StudyError
from tumorboard.slides.preparation.cutting import Allotted, choose_tiles, cut_rows, describe, noted, open_task
from tumorboard.slides.preparation.pictures import OBJECTS, OVERLAY, write_pictures
from tumorboard.slides.preparation.record import SlideRecord
from tumorboard.slides.preparation.survey import SCALES, Survey, survey
from tumorboard.slides.preparation.task import SlideTask
from tumorboard.slides.slide import Picture
from tumorboard.slides.tiles import COLOUR_COLUMNS, TileRow, TileScale, sample_evenly
from tumorboard.study.files import write_text, write_whole
from tumorboard.study.slide_settings import SlideSettings, TissueSettings

if TYPE_CHECKING:
    import pandas as pd

TABLE = "tiles.csv"
_SHEET_COLUMNS, _SHEET_ROWS, _SHEET_PX, _GAP_PX = 8, 5, 192, 4
_SHEET_QUALITY = 90


def tile_slide(
    slide: SlideTask, out: Path, slides: SlideSettings, tissue: TissueSettings, *, overwrite: bool = False
) -> SlideRecord:
    """Cut one slide's tiles into a folder, for a look or for other programs.

    Written are ``10x/`` and ``5x/`` with a JPEG file a tile, ``tiles.csv``, an overlay, GeoJSON for QuPath, and a sheet
    of some tiles of each scale.

    Parameters
    ----------
    slide : SlideTask
    out : Path
        New or empty, or holding an earlier result where `overwrite` is given.
    slides, tissue : settings
        ``tiles_10x`` and ``tiles_5x`` are this slide's caps.
    overwrite : bool
        Replace the tiles of an earlier run.

    Returns
    -------
    SlideRecord

    Raises
    ------
    StudyError
        The folder holds other files, or cannot be written.
    FileFormatError, SettingsError
        The slide or its annotation cannot be read, or its scale is not known.
    """
    if slide.is_ready_made:
        raise FileFormatError(
            "a folder of pictures holds tiles already",
            where=str(slide.path),
            fix="Name it in slides.csv of a study, with its mpp: tumorboard prepare takes them as they are",
        )
    _make_room(out, overwrite)
    allotted: Allotted = {"10x": slides.tiles_10x, "5x": slides.tiles_5x}
    with open_task(slide, slides) as opened:
        found = survey(opened, slide, slides, tissue)
        chosen = choose_tiles(found, allotted, slides)
        taken: dict[TileScale, NDArray[np.int64]] = {}
        table = _write_tiles(out, noted(cut_rows(opened, found, chosen, slides), chosen, taken), found)
        counts = table["scale"].value_counts()
        record = describe(slide, opened, found, chosen).as_written(
            {scale: int(counts.get(scale, 0)) for scale in found.scales}
        )
        write_pictures(out, opened, found, chosen, taken, record)
    write_text(out / TABLE, table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
    for scale in found.scales:
        _write_sheet(out, scale, table[table["scale"] == scale], slides.seed)
    return record


def _make_room(out: Path, overwrite: bool) -> None:
    if out.exists() and not out.is_dir():
        raise StudyError("this is a file, not a folder", where=str(out), fix="Name a folder that is empty or new")
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not (out / TABLE).is_file():
        raise StudyError("the folder holds other files", where=str(out), fix="Name a folder that is empty or new")
    if not overwrite:
        raise StudyError(
            "the folder holds tiles of an earlier run", where=str(out), fix="Name another, or add --overwrite"
        )
    for scale in SCALES:
        for tile in (out / scale).glob("x*_y*.jpg"):
            tile.unlink()
    for name in (TABLE, OVERLAY, OBJECTS, *(f"sheet_{scale}.jpg" for scale in SCALES)):
        (out / name).unlink(missing_ok=True)


def _write_tiles(out: Path, rows: Iterable[TileRow], found: Survey) -> pd.DataFrame:
    """Write each tile as a file; return the table of them."""
    import pandas as pd

    tables = []
    for row in rows:
        judged = found.scales[row.scale].judged.iloc[row.numbers]
        names = [f"{row.scale}/x{left}_y{top}.jpg" for left, top in row.boxes[:, :2].tolist()]
        for name, payload in zip(names, row.payloads, strict=True):
            _write_bytes(out / name, payload)
        places = dict(zip(("left", "top", "box_width", "box_height"), row.boxes.T, strict=True))
        sizes = {"width_px": row.width_px, "height_px": row.height_px, "mpp": row.mpp}
        quality = {name: judged[name].to_numpy() for name in ("tissue_share", "focus")}
        colours = dict(zip(COLOUR_COLUMNS, row.colours.T, strict=True))
        tables.append(pd.DataFrame({"scale": row.scale, "file": names, **places, **sizes, **quality, **colours}))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["scale", "file"])


def _write_sheet(out: Path, scale: TileScale, tiles: pd.DataFrame, seed: int) -> None:
    """Write a sheet of tiles that lie evenly over the tissue."""
    if tiles.empty:
        return
    boxes = tiles[["left", "top", "box_width", "box_height"]].to_numpy(np.int64)
    some = np.sort(sample_evenly(boxes, _SHEET_COLUMNS * _SHEET_ROWS, seed))
    pictures = [_read_tile(out / name) for name in tiles["file"].iloc[some]]
    rows = -(-len(pictures) // _SHEET_COLUMNS)
    step = _SHEET_PX + _GAP_PX
    sheet: Picture = np.full((rows * step + _GAP_PX, _SHEET_COLUMNS * step + _GAP_PX, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = (number // _SHEET_COLUMNS * step + _GAP_PX, number % _SHEET_COLUMNS * step + _GAP_PX)
        sheet[top : top + _SHEET_PX, left : left + _SHEET_PX] = cv2.resize(
            picture, (_SHEET_PX, _SHEET_PX), interpolation=cv2.INTER_AREA
        )
    _, encoded = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, _SHEET_QUALITY])
    _write_bytes(out / f"sheet_{scale}.jpg", encoded.tobytes())


def _write_bytes(path: Path, content: bytes) -> None:
    write_whole(path, lambda temporary: temporary.write_bytes(content))


def _read_tile(path: Path) -> Picture:
    """Decode a tile as it was written, in OpenCV's order of colours."""
    return np.asarray(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR), np.uint8)
