"""Simulated patients with a known truth, in the real file formats."""

from tumorboard.phantom.presets import PRESETS, Contents, Effort, Preset
from tumorboard.phantom.request import PhantomRequest
from tumorboard.phantom.write import WrittenPhantom, write_phantom

__all__ = ["PRESETS", "Contents", "Effort", "PhantomRequest", "Preset", "WrittenPhantom", "write_phantom"]
