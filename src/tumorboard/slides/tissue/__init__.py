"""Where a slide has tissue, what spoils it, and which tiles are fit to be used."""

from tumorboard.slides.tissue.find import find_tissue
from tumorboard.slides.tissue.focus import blur_sd_um, focus_of
from tumorboard.slides.tissue.judging import REASONS, judge
from tumorboard.slides.tissue.settings import TissueSettings
from tumorboard.slides.tissue.tissue_map import TissueMap

__all__ = ["REASONS", "TissueMap", "TissueSettings", "blur_sd_um", "find_tissue", "focus_of", "judge"]
