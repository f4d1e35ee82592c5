"""A slide that is a picture in memory, read or stored as JPEG tiles; and real tissue to fill it with."""

from pathlib import Path

import cv2
import numpy as np
import simplejpeg

from tumorboard.slides.slide import Box, JpegLevel, Level, Scale, Slide

KIRC_MPP, PATCH_MPP = 0.293, 0.25
"""µm per pixel of the real tiles, which were 300 pixels of 0.25 µm and were made 256; and of patches of them, where no
other is asked for."""

GLASS = (246, 245, 247)


class StoredTiles(JpegLevel):
    """A picture cut into JPEG tiles; some may be missing or spoilt."""

    def __init__(self, picture, tile_px=256, quality=85):
        height, width = picture.shape[:2]
        self.tile_width = self.tile_height = tile_px
        self.columns, self.rows = -(-width // tile_px), -(-height // tile_px)
        below, right = self.rows * tile_px - height, self.columns * tile_px - width
        padded = cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_REPLICATE)
        self.streams = {
            (column, row): simplejpeg.encode_jpeg(
                np.ascontiguousarray(
                    padded[row * tile_px : (row + 1) * tile_px, column * tile_px : (column + 1) * tile_px]
                ),
                quality,
            )
            for row in range(self.rows)
            for column in range(self.columns)
        }

    def sizes(self):
        rows = range(self.rows)
        return np.array([[len(self.streams[column, row]) for column in range(self.columns)] for row in rows], np.int64)

    def jpeg(self, column, row):
        return self.streams[column, row]


class PicturedSlide(Slide):
    """Level 0 is a picture, further levels are its averages."""

    def __init__(self, picture, mpp, factors=(1, 4, 16), stored=True, tile_px=256):
        self.path = Path("pictured.svs")
        self.format = "picture"
        self.scale = Scale(mpp, "stated by the user", None)
        self.pictures = [averaged(picture, factor) for factor in factors]
        self.levels = tuple(
            Level(own.shape[1], own.shape[0], float(factor)) for own, factor in zip(self.pictures, factors, strict=True)
        )
        self.bounds = Box(0, 0, picture.shape[1], picture.shape[0])
        self.stored = [StoredTiles(own, tile_px) if stored else None for own in self.pictures]

    def read(self, level, left, top, width, height):
        region = np.full((height, width, 3), 255, np.uint8)
        part = self.pictures[level][max(top, 0) : max(top, 0) + height, max(left, 0) : max(left, 0) + width]
        region[: part.shape[0], : part.shape[1]] = part
        return region

    def jpeg_level(self, level):
        return self.stored[level]

    def close(self):
        pass


def averaged(picture, factor):
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    return cv2.resize(picture[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA)


def kirc_tiles(folder, kind):
    """The real tiles of a class, red, green, blue."""
    return [cv2.imread(str(path))[..., ::-1] for path in sorted((folder / "tiles_kirc" / kind).glob("*.png"))]


def patch_of(tiles, side_px, mpp=PATCH_MPP):
    """Lay tiles beside one another, every other one mirrored so that no seam shows."""
    size = round(75 / mpp)
    tiles = [
        cv2.resize(tile, (size, size), interpolation=cv2.INTER_AREA if size < 256 else cv2.INTER_CUBIC)
        for tile in tiles
    ]
    count = -(-side_px // size)
    rows = []
    for row in range(count):
        line = [tiles[(row // 2 + column // 2) % len(tiles)] for column in range(count)]
        line = [tile[:, ::-1] if column % 2 else tile for column, tile in enumerate(line)]
        line = [tile[::-1] if row % 2 else tile for tile in line]
        rows.append(np.hstack(line))
    return np.ascontiguousarray(np.vstack(rows)[:side_px, :side_px])


def on_glass(patch, margin_px, glass=GLASS):
    """Lay tissue on glass."""
    height, width = patch.shape[:2]
    picture = np.full((height + 2 * margin_px, width + 2 * margin_px, 3), glass, np.uint8)
    picture[margin_px : margin_px + height, margin_px : margin_px + width] = patch
    return picture


def through(picture, density, amount=None):
    """Lay something over a picture: its optical density in red, green and blue, times its amount (a map)."""
    amount = np.ones(picture.shape[:2], np.float32) if amount is None else np.asarray(amount, np.float32)
    rows, columns = np.nonzero(amount)
    seen = picture.copy()
    part = picture[rows, columns] * 10.0 ** (-amount[rows, columns, None] * np.float32(density))
    seen[rows, columns] = np.rint(part).clip(0, 255)
    return seen


def density_of(picture, glass):
    """Give the optical density against the glass."""
    return np.stack([-np.log10(np.maximum(np.arange(256), 1) / white) for white in glass], 1).astype(np.float32)[
        picture, np.arange(3)
    ]


def stained(picture, strength, glass=GLASS):
    """Multiply the optical density against the glass."""
    levels = np.arange(256)
    seen = [white * (np.maximum(levels, 1) / white) ** strength for white in glass]
    return cv2.LUT(picture, np.rint(np.stack(seen, 1)).clip(0, 255).astype(np.uint8)[None])
