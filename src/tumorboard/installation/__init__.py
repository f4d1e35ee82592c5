"""What is installed here, what this machine can do, and the command that mends what is missing.

Everything here uses the standard library alone, so that it still answers in a broken installation:
``python -m tumorboard.installation``.
"""

from tumorboard.installation.cache import cache_folder
from tumorboard.installation.examine import examine
from tumorboard.installation.findings import Check, Report, Section, Status
from tumorboard.installation.plain import marks_for, plain_text

__all__ = ["Check", "Report", "Section", "Status", "cache_folder", "examine", "marks_for", "plain_text"]
