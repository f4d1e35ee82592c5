"""Opens slides of every format that is supported; a slide's scale is known or refused."""

from tumorboard.slides.opening.formats import FORMATS, SlideFormat, format_table
from tumorboard.slides.opening.opener import open_slide
from tumorboard.slides.opening.scale import LARGEST_MPP, SMALLEST_MPP

__all__ = ["FORMATS", "LARGEST_MPP", "SMALLEST_MPP", "SlideFormat", "format_table", "open_slide"]
