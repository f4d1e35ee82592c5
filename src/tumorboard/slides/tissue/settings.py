"""What counts as tissue, and what spoils it: the section ``[tissue]`` of ``study.toml``."""

from tumorboard.study.slide_settings import TissueSettings

__all__ = ["TissueSettings"]
