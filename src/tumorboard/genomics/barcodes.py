"""From a sample's barcode to its patient.

A TCGA barcode reads ``TCGA-<site>-<patient>-<sample type><vial>-…``; sample type 01 is the primary tumour
(https://docs.gdc.cancer.gov/Encyclopedia/pages/TCGA_Barcode). Any other identifier is taken as the patient's own,
unless a sample table says to whom it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

TCGA_BARCODE = re.compile(r"^(TCGA-[A-Z0-9]{2}-[A-Z0-9]{4})(?:-(\d{2})([A-Z]?).*)?$")

PRIMARY_TUMOUR = "01"


def patients_of_samples(samples: pd.Series[str], sample_table: Mapping[str, str]) -> pd.DataFrame:
    """Return the patient of each sample, and whether the sample is of the primary tumour.

    Parameters
    ----------
    samples : Series of str, shape (n,)
        Sample barcodes or identifiers.
    sample_table : mapping of str to str
        Patient of each sample identifier, from a study's sample table; may be empty.

    Returns
    -------
    DataFrame
        Columns ``patient_id`` (str) and ``primary`` (bool), with the samples' index.
    """
    import pandas as pd

    distinct = samples.drop_duplicates()
    known = {sample: _patient_of(sample, sample_table) for sample in distinct}
    pairs = samples.map(known)
    return pd.DataFrame({"patient_id": pairs.str[0], "primary": pairs.str[1].astype(bool)}, index=samples.index)


def _patient_of(sample: str, sample_table: Mapping[str, str]) -> tuple[str, bool]:
    barcode = TCGA_BARCODE.match(sample)
    primary = barcode is None or barcode.group(2) in (None, PRIMARY_TUMOUR)
    if sample in sample_table:
        return sample_table[sample], primary
    return (barcode.group(1) if barcode else sample), primary


def site_of_barcode(patient_id: str) -> str | None:
    """Return the tissue source site that a TCGA barcode names, or None.

    Examples
    --------
    >>> site_of_barcode("TCGA-B0-4688")
    'B0'
    """
    return patient_id.split("-")[1] if TCGA_BARCODE.match(patient_id) else None
