"""Reading bags of features that others extracted."""

from tumorboard.features.reading.files import SUFFIXES, read_bag, read_bags
from tumorboard.features.reading.statement import Statement

__all__ = ["SUFFIXES", "Statement", "read_bag", "read_bags"]
