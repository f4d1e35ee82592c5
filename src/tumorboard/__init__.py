"""Prognosis of clear cell renal cell carcinoma from what a tumour board looks at.

Research use only; not a medical device.
"""

__version__ = "0.1.0"

RESEARCH_USE_ONLY = "Research use only. Not a medical device; not for decisions about a patient."

__all__ = ["RESEARCH_USE_ONLY", "__version__"]
