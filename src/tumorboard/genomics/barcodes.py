"""From a sample's barcode to its patient.

A TCGA barcode reads ``TCGA-<site>-<patient>-<sample type><vial>-…``; sample type 01 is the primary tumour
(https://docs.gdc.cancer.gov/Encyclopedia/pages/TCGA_Barcode). Any other identifier is taken as the patient's own and
the sample as primary, unless a sample table says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

TCGA_BARCODE = re.compile(r"^(TCGA-[A-Z0-9]{2}-[A-Z0-9]{4})(?:-(\d{2})([A-Z]?).*)?$")

PRIMARY_TUMOUR = "01"

SampleTable = Mapping[str, tuple[str, bool]]
"""For each sample identifier, its patient and whether it is of the primary tumour."""


def patients_of_samples(samples: pd.Series[str], sample_table: SampleTable) -> pd.DataFrame:
    """Return the patient of each sample, and whether the sample is of the primary tumour.

    Parameters
    ----------
    samples : Series of str, shape (n,)
        Sample barcodes or identifiers.
    sample_table : mapping of str to (str, bool)
        Patient of each sample identifier and whether the sample is primary, from a study's sample table; may be empty.
        A TCGA sample is primary where its barcode says so as well.

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


def _patient_of(sample: str, sample_table: SampleTable) -> tuple[str, bool]:
    barcode = TCGA_BARCODE.match(sample)
    primary = barcode is None or barcode.group(2) in (None, PRIMARY_TUMOUR)
    patient, listed_as_primary = sample_table.get(sample, (barcode.group(1) if barcode else sample, True))
    return patient, primary and listed_as_primary


def site_of_barcode(patient_id: str) -> str | None:
    """Return the tissue source site that a TCGA barcode names, or None.

    Examples
    --------
    >>> site_of_barcode("TCGA-B0-4688")
    'B0'
    """
    return patient_id.split("-")[1] if TCGA_BARCODE.match(patient_id) else None
