"""Tiles that were cut elsewhere: a folder of pictures whose scale is stated, taken as they are.

JPEG and PNG files keep their bytes. What the store cannot keep is converted without loss, to PNG: TIFF, and PNG with
transparency, which is laid over white. Grey pictures, CMYK and 16 bits a channel are refused: what they showed of the
stain is not known.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from tumorboard.errors import FileFormatError, UserError
from tumorboard.slides.slide import Picture
from tumorboard.slides.tiles.grid import NATIVE_WITHIN, TILE_MPP, TileScale

UNKNOWN = -1
"""Left and top of a tile whose name does not tell its place."""

SMALLEST_PX, LARGEST_PX = 32, 2048

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})
"""Files that can be tiles, by their suffix in lower case."""
_PLACES = (
    re.compile(r"x[_=-]?(?P<left>\d+)[ _,-]*y[_=-]?(?P<top>\d+)", re.IGNORECASE),
    re.compile(r"\((?P<left>\d+)[ ,_]+(?P<top>\d+)\)"),
)
_JPEG, _PNG, _TIFF = b"\xff\xd8", b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True)
class TileFile:
    """A picture of the folder.

    Parameters
    ----------
    path : Path
    name : str
        Its path within the folder, with ``/``.
    scale : {"10x", "5x"}
    mpp : float
        µm per pixel, as stated.
    left, top : int
        Its place as its name tells it (``x123_y456``, ``(123,456)``), in whatever pixels its maker counted; -1 where
        the name does not tell.
    """

    path: Path
    name: str
    scale: TileScale
    mpp: float
    left: int
    top: int


@dataclass(frozen=True, eq=False)
class ReadyMadeTile:
    """A tile that was cut elsewhere.

    Parameters
    ----------
    file : TileFile
        Where it comes from, its scale and place.
    payload : bytes
        The file as it is, or PNG.
    encoding : {"jpeg", "png"}
    width_px, height_px : int
    colours : ndarray of float32, shape (6,)
        Mean and standard deviation of red, green and blue, over its own pixels.
    """

    file: TileFile
    payload: bytes
    encoding: Literal["jpeg", "png"]
    width_px: int
    height_px: int
    colours: NDArray[np.float32]


@dataclass(frozen=True)
class ReadyMadeTiles:
    """The tiles of a folder, sorted by scale and name.

    Parameters
    ----------
    folder : Path
    files : tuple of TileFile
    """

    folder: Path
    files: tuple[TileFile, ...]

    @classmethod
    def find(cls, folder: Path, mpp: float | None = None) -> Self:
        """Find a folder's tiles and their scale, without opening them.

        Where there are folders ``10x`` and ``5x`` (one or both), the pictures below them are its tiles; otherwise all
        pictures below it are. Hidden files and other formats are passed over.

        Parameters
        ----------
        folder : Path
        mpp : float, optional
            µm per pixel, as the user's table states it. Without it the folder's name, or those of the folders in it,
            must be ``10x`` or ``5x``.

        Raises
        ------
        FileFormatError
            Where there is no picture, the scale is not stated, neither of the two, or stated twice and differently.
        """
        if not folder.is_dir():
            raise FileFormatError("there is no such folder of tiles", where=str(folder))
        named = [part for part in folder.iterdir() if part.is_dir() and _named_scale(part)]
        files = [file for part in named or [folder] for file in _files(folder, part, *_scale_of(part, mpp))]
        if not files:
            raise FileFormatError("the folder holds no PNG, JPEG or TIFF picture", where=str(folder))
        return cls(folder, tuple(sorted(files, key=lambda file: (file.scale != "10x", file.name))))

    def __len__(self) -> int:
        return len(self.files)

    def read(
        self, files: Sequence[TileFile] | None = None, on_fault: Callable[[TileFile, str], None] | None = None
    ) -> Iterator[ReadyMadeTile]:
        """Read tiles one by one; each is decoded once, so that no damaged one passes.

        Parameters
        ----------
        files : sequence of TileFile, optional
            Which of them; by default all.
        on_fault : callable, optional
            Told of each file that is no usable tile, and why; the others are read. Without it, the first is an error.

        Yields
        ------
        ReadyMadeTile
            In the order of the files.

        Raises
        ------
        FileFormatError
            A file is no usable tile, and `on_fault` is not given.
        """
        for file in self.files if files is None else files:
            try:
                yield read_tile(file)
            except FileFormatError as fault:
                if on_fault is None:
                    raise
                on_fault(file, fault.what)


def _named_scale(folder: Path) -> TileScale | None:
    return next((scale for scale in TILE_MPP if folder.name.lower() == scale), None)


def _scale_of(folder: Path, mpp: float | None) -> tuple[TileScale, float]:
    """Give the scale and µm per pixel of a folder's tiles from its name and what the user states."""
    named = _named_scale(folder)
    if mpp is None:
        if named is None:
            raise FileFormatError(
                "the scale of these tiles is not stated",
                where=str(folder),
                fix="Give their µm per pixel as mpp in slides.csv or by --mpp, or put them into folders 10x and 5x",
            )
        return named, TILE_MPP[named]
    scale = next((scale for scale, wanted in TILE_MPP.items() if abs(mpp / wanted - 1) <= NATIVE_WITHIN), None)
    if scale is None:
        raise FileFormatError(
            f"tiles of {mpp:.4g} µm per pixel are neither 10x (1.0) nor 5x (2.0) within 5 %",
            where=str(folder),
            fix="Correct their mpp, or cut them at one of these scales",
        )
    if named not in (None, scale):
        raise FileFormatError(
            f"the folder is called {named}, but {mpp:.4g} µm per pixel are stated, which is {scale}",
            where=str(folder),
            fix="Correct one of them; for folders 10x and 5x in one place, state no mpp",
        )
    return scale, mpp


def _files(folder: Path, part: Path, scale: TileScale, mpp: float) -> Iterator[TileFile]:
    for path in part.rglob("*"):
        name = path.relative_to(folder)
        hidden = any(word.startswith(".") for word in name.parts)
        if path.suffix.lower() in PICTURE_SUFFIXES and not hidden and path.is_file():
            yield TileFile(path, name.as_posix(), scale, mpp, *_place(path.stem))


def _place(name: str) -> tuple[int, int]:
    found = next((match for pattern in _PLACES if (match := pattern.search(name))), None)
    return (int(found["left"]), int(found["top"])) if found else (UNKNOWN, UNKNOWN)


def read_tile(file: TileFile) -> ReadyMadeTile:
    """Read and check a tile.

    Raises
    ------
    FileFormatError
        The file cannot be read, is damaged, or is no tile: grey, CMYK, 16 bits a channel, not square, too small or too
        large.
    """
    try:
        content = file.path.read_bytes()
        encoding, picture = _decoded(content)
        _refuse_shape(picture)
    except OSError as error:
        raise FileFormatError(f"cannot be read: {error.strerror or error}", where=file.name) from error
    except (ValueError, UserError) as error:
        reason = error.what if isinstance(error, UserError) else f"damaged: {' '.join(str(error).split())[:120]}"
        raise FileFormatError(reason, where=file.name) from error
    if encoding is None:
        encoding, content = "png", _png_of(picture)
    mean, spread = cv2.meanStdDev(picture)
    colours = np.concatenate([mean, spread]).ravel().astype(np.float32)
    height, width = picture.shape[:2]
    return ReadyMadeTile(file, content, encoding, width, height, colours)


def _decoded(content: bytes) -> tuple[Literal["jpeg", "png"] | None, Picture]:
    """Decode a picture; with it the encoding in which its bytes can be kept, None where they cannot.

    Raises
    ------
    FileFormatError
        It is no picture of eight bits in red, green and blue.
    ValueError
        It is damaged.
    """
    if content.startswith(_JPEG):
        return "jpeg", _decoded_jpeg(content)
    if content.startswith(_PNG):
        import imagecodecs

        try:
            picture = _in_colour(imagecodecs.png_decode(content))
        except imagecodecs.PngError as error:
            raise ValueError(str(error)) from error
        return ("png", picture) if picture.shape[2] == 3 else (None, _over_white(picture))
    if content.startswith(_TIFF):
        picture = _decoded_tiff(content)
        return None, picture if picture.shape[2] == 3 else _over_white(picture)
    raise FileFormatError("it is empty" if not content else "it is neither JPEG, PNG nor TIFF, whatever its name")


def _decoded_jpeg(content: bytes) -> Picture:
    import simplejpeg

    _, _, colours, _ = simplejpeg.decode_jpeg_header(content)
    if colours not in ("YCbCr", "RGB"):
        raise FileFormatError(f"its colours are {colours}, not red, green and blue")
    return np.asarray(simplejpeg.decode_jpeg(content, "RGB"), np.uint8)


def _decoded_tiff(content: bytes) -> Picture:
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            page = file.pages.first
            colours, picture = tifffile.PHOTOMETRIC(page.keyframe.photometric).name, page.asarray()
    except Exception as error:  # tifffile and its codecs raise many kinds
        raise ValueError(str(error)) from error
    if colours in ("SEPARATED", "CIELAB", "PALETTE"):
        raise FileFormatError(f"its colours are {colours}, not red, green and blue")
    return _in_colour(picture)


def _in_colour(picture: NDArray[np.generic]) -> Picture:
    """Refuse what is not of eight bits, or grey; three channels, or four with transparency, pass."""
    if picture.dtype != np.uint8:
        raise FileFormatError(f"it has {8 * picture.dtype.itemsize} bits a channel, not 8")
    if picture.ndim != 3 or picture.shape[2] not in (3, 4):
        raise FileFormatError("it is grey, not red, green and blue")
    return np.asarray(picture, np.uint8)


def _over_white(picture: Picture) -> Picture:
    opacity = picture[..., 3:].astype(np.float32) / 255
    return np.asarray(np.round(picture[..., :3] * opacity + 255 * (1 - opacity)), np.uint8)


def _png_of(picture: Picture) -> bytes:
    _, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return encoded.tobytes()


def _refuse_shape(picture: Picture) -> None:
    height, width = picture.shape[:2]
    if height != width:
        raise FileFormatError(f"it has {width} x {height} pixels; a tile is square")
    if not SMALLEST_PX <= width <= LARGEST_PX:
        raise FileFormatError(f"it has {width} x {height} pixels; a tile has {SMALLEST_PX} to {LARGEST_PX} across")
