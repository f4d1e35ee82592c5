"""A slide that is to be prepared: whose it is, where it lies, what was said of it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tumorboard.errors import FileFormatError
from tumorboard.slides.annotation import find_annotation
from tumorboard.slides.ready_made import PICTURE_SUFFIXES
from tumorboard.study.image_fingerprint import fingerprint
from tumorboard.study.slide_settings import SlideSettings, TissueSettings

FORMAT = 1
"""Raised whenever the same slide and settings give other tiles: shards of an earlier format are made anew."""

_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
OWN_NAME = re.compile(r".+-[0-9a-f]{8}")
"""How a slide's shard, less its ending, and its folder of pictures are called."""


@dataclass(frozen=True)
class SlideTask:
    """A slide that is to be prepared.

    Parameters
    ----------
    patient_id : str
        Whose it is.
    stated_path : str
        Its path as the user's table has it; what the results call it.
    path : Path
        The slide file, or a folder of ready-made tiles or DICOM instances.
    mpp : float or None
        µm per pixel of level 0, or of the ready-made tiles, as the user states it.
    annotation : Path or None
        The annotation that limits its tiles.
    """

    patient_id: str
    stated_path: str
    path: Path
    mpp: float | None
    annotation: Path | None

    @property
    def key(self) -> str:
        """A name for its files: the slide's own, and eight digits that tell slides and patients apart."""
        plain = _PLAIN.sub("_", self.path.stem if self.path.suffix else self.path.name).strip("._") or "slide"
        own = hashlib.sha256(f"{self.patient_id}\0{self.stated_path}".encode()).hexdigest()
        return f"{plain[:80]}-{own[:8]}"

    @cached_property
    def annotation_file(self) -> Path | None:
        """The annotation: the stated one, or one that lies beside the slide under its name.

        Raises
        ------
        FileFormatError
            Several lie there.
        """
        return self.annotation or find_annotation(self.path)

    @cached_property
    def is_ready_made(self) -> bool:
        """Whether it is a folder of pictures without DICOM files: ready-made tiles."""
        if not self.path.is_dir():
            return False
        suffixes = {file.suffix.lower() for file in self.path.rglob("*") if not file.name.startswith(".")}
        return bool(suffixes & PICTURE_SUFFIXES) and ".dcm" not in suffixes

    def inputs(self, slides: SlideSettings, tissue: TissueSettings) -> dict[str, Any]:
        """Return all that the slide's tiles depend on but the share of the patient's tiles that falls to it.

        Raises
        ------
        OSError, FileFormatError
            The slide or the annotation cannot be read.
        """
        annotation = self.annotation_file
        if annotation is not None and not annotation.is_file():
            raise FileFormatError("there is no such annotation", where=str(annotation), fix="Correct slides.csv")
        return {
            "format": FORMAT,
            "slide": fingerprint(self.path),
            "mpp": self.mpp,
            "annotation": None if annotation is None else fingerprint(annotation),
            "slides": slides.model_dump(mode="json", exclude={"tiles_10x", "tiles_5x"}),
            "tissue": tissue.model_dump(mode="json"),
        }


@dataclass(frozen=True)
class PatientTask:
    """All slides of a patient, and how they are prepared.

    Parameters
    ----------
    store, pictures : Path
        Folders of the shards and of what there is to look at.
    slides : tuple of SlideTask
        In the order of the table.
    slide_settings, tissue_settings : settings
    """

    store: Path
    pictures: Path
    slides: tuple[SlideTask, ...]
    slide_settings: SlideSettings
    tissue_settings: TissueSettings

    def shard(self, slide: SlideTask) -> Path:
        """Return where a slide's shard lies."""
        return self.store / "slides" / f"{slide.key}.shard"

    def pictures_of(self, slide: SlideTask) -> Path:
        """Return the folder of what there is to look at of a slide."""
        return self.pictures / slide.key
