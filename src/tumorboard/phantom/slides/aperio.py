"""The texts that an Aperio scanner writes into each page of a slide file."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from tumorboard.phantom.patients.patient import generator
from tumorboard.phantom.slides.scanner import SlideScanner

_STRIPE_PX = {20: 2040, 40: 1000}


@dataclass(frozen=True)
class ScanSession:
    """What the descriptions of one slide's pages share.

    Parameters
    ----------
    scanner : SlideScanner
    title : str
        The slide's name.
    width_px, height_px : int
        Size of the base level.
    seed : int
        The slide's seed: date, number and place of the scanned area come from it.
    """

    scanner: SlideScanner
    title: str
    width_px: int
    height_px: int
    seed: int

    @property
    def area(self) -> str:
        """The camera's stripes and the part of them that was kept."""
        return f"{self._scanned_width_px}x{self._scanned_height_px} [0,100 {self.width_px}x{self.height_px}]"

    @property
    def _scanned_width_px(self) -> int:
        stripe_px = _STRIPE_PX[self.scanner.objective]
        return -(-self.width_px // stripe_px) * stripe_px

    @property
    def _scanned_height_px(self) -> int:
        return self.height_px + 100

    def level(self, coding: str, width_px: int = 0, height_px: int = 0) -> str:
        """Give the description of a level; of the base where no size is given.

        Parameters
        ----------
        coding : str
            Such as ``JPEG/RGB Q=70``.
        width_px, height_px : int
            Size of a smaller level.
        """
        tile_px = self.scanner.tile_px
        smaller = f" -> {width_px}x{height_px}" if width_px else ""
        text = f"{self._first_line}{self.area} ({tile_px}x{tile_px}){smaller} {coding}"
        return text if width_px else text + self._properties()

    def thumbnail(self, width_px: int, height_px: int) -> str:
        """Give the description of the thumbnail."""
        sizes = f"{self.width_px}x{self.height_px} -> {width_px}x{height_px} - "
        return f"{self._first_line}{sizes}{self._properties()}"

    def attachment(self, name: str, width_px: int, height_px: int) -> str:
        """Give the description of the label or macro picture."""
        return f"{self._first_line}{name} {width_px}x{height_px}"

    @property
    def _first_line(self) -> str:
        return f"Aperio Image Library {self.scanner.library} \r\n"

    def _properties(self) -> str:
        random = generator(self.seed, 0, "scan session")
        scanner = self.scanner
        month, day, year = random.integers(1, 13), random.integers(1, 29), random.integers(8, 16)
        hour, minute, second = random.integers(8, 18), random.integers(0, 60), random.integers(0, 60)
        properties = {
            "AppMag": f"{scanner.objective}",
            "StripeWidth": f"{_STRIPE_PX[scanner.objective]}",
            "ScanScope ID": scanner.serial,
            "Filename": self.title,
            "Title": "simulated, not a patient",
            "Date": f"{month:02d}/{day:02d}/{year:02d}",
            "Time": f"{hour:02d}:{minute:02d}:{second:02d}",
            "User": str(uuid.UUID(bytes=random.bytes(16), version=4)),
            "Parmset": "USM Filter",
            "MPP": f"{scanner.mpp:.4f}",
            "Left": f"{random.uniform(20, 35):.6f}",
            "Top": f"{random.uniform(12, 24):.6f}",
            "LineCameraSkew": f"{random.normal(0, 4e-4):.6f}",
            "LineAreaXOffset": f"{random.normal(0, 0.02):.6f}",
            "LineAreaYOffset": f"{random.normal(0, 0.01):.6f}",
            "Focus Offset": "0.000000",
            "ImageID": f"{random.integers(100_000, 2_000_000)}",
            "OriginalWidth": f"{self._scanned_width_px}",
            "OriginalHeight": f"{self._scanned_height_px}",
            "Filtered": "5",
        }
        return "".join(f"|{name} = {value}" for name, value in properties.items())
