"""What phantom is wanted."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from tumorboard import __version__
from tumorboard.phantom.presets import Contents, Effort, Preset, effort

FORMAT = 1
"""Raised whenever the same request gives other bytes than before, so that no folder is finished by another painter."""


@dataclass(frozen=True)
class PhantomRequest:
    """What phantom is wanted.

    Parameters
    ----------
    patients : int
    seed : int
        Seed of every draw.
    preset : Preset
    contents : Contents
        Image files, ready-made tiles and planes, or tables alone.
    leaky_sites : bool
        Sites follow the outcome: the trap that a site-grouped split must find.
    independent : bool
        Draw patients independently, as real cohorts are, in place of spreading the draws evenly.
    """

    patients: int
    seed: int
    preset: Preset
    contents: Contents = Contents.FILES
    leaky_sites: bool = False
    independent: bool = False

    def with_slide_side(self, pixels: int) -> PhantomRequest:
        """Give the same phantom with slides of another side, in pixels at 0.25 µm."""
        return replace(self, preset=replace(self.preset, slide_side_px=pixels))

    def effort(self, workers: int) -> Effort:
        """Estimate what it will take with so many processes."""
        return effort(self.preset, self.patients, self.contents, workers)

    def record(self) -> dict[str, object]:
        """Return what decides every byte, for the marker in the folder."""
        preset = asdict(self.preset) | {"scan_slices": list(self.preset.scan_slices)}
        preset.pop("patients")
        return {
            "patients": self.patients,
            "seed": self.seed,
            "preset": preset,
            "contents": str(self.contents),
            "leaky_sites": self.leaky_sites,
            "independent": self.independent,
            "version": f"{__version__}, format {FORMAT}",
        }
