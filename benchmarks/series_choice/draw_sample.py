"""Draw the 60 TCGA-KIRC patients whose CT and MR series were labelled by hand.

Run ``python benchmarks/series_choice/draw_sample.py`` to read every series of the sample as the reader read it:
a block a patient in the order of drawing, a line a series in the order of date, study and series number. With
``--second``, the same for the second sample, drawn from the patients who are not in the first.
"""

import sys

import idc_index_data
import numpy as np
import pandas as pd

SEED = 20211
SECOND_SEED = 20212
PATIENTS = 60


def radiology_series() -> pd.DataFrame:
    """Read every CT and MR series of TCGA-KIRC in the packaged index of the Imaging Data Commons.

    Returns
    -------
    pandas.DataFrame
        One row a series, with the columns of the index.
    """
    table = pd.read_parquet(
        str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH),
        filters=[("collection_id", "==", "tcga_kirc"), ("Modality", "in", ["CT", "MR"])],
    )
    return table.reset_index(drop=True)


def draw_sample(series: pd.DataFrame) -> list[str]:
    """Draw the patients, without replacement, from the sorted patient identifiers.

    Parameters
    ----------
    series : pandas.DataFrame
        The answer of :func:`radiology_series`.

    Returns
    -------
    list of str
        Patient identifiers in the order of drawing: the first is sample 1 of ``labels.csv``.
    """
    patients = np.array(sorted(set(series["PatientID"])))
    drawn = np.random.default_rng(SEED).choice(patients, size=PATIENTS, replace=False)
    return [str(patient) for patient in drawn]


def draw_second_sample(series: pd.DataFrame) -> list[str]:
    """Draw as many patients again, from the sorted identifiers of those who are not in the first sample.

    Parameters
    ----------
    series : pandas.DataFrame
        The answer of :func:`radiology_series`.

    Returns
    -------
    list of str
        Patient identifiers in the order of drawing: the first is sample 61, in ``labels_second.csv``.
    """
    patients = np.array(sorted(set(series["PatientID"]) - set(draw_sample(series))))
    drawn = np.random.default_rng(SECOND_SEED).choice(patients, size=PATIENTS, replace=False)
    return [str(patient) for patient in drawn]


def sample_series(*, second: bool = False) -> pd.DataFrame:
    """Sort the series of the drawn patients for reading and number them by ``sample``.

    Parameters
    ----------
    second : bool
        Whether to read the second sample, numbered from 61, instead of the first.

    Returns
    -------
    pandas.DataFrame
        The index's rows of the sample, with a first column ``sample`` that counts from 1 (second sample: from 61).
    """
    series = radiology_series()
    drawn = draw_second_sample(series) if second else draw_sample(series)
    order = {patient: number for number, patient in enumerate(drawn, start=1 + PATIENTS * second)}
    chosen = series[series["PatientID"].isin(list(order))].copy()
    chosen.insert(0, "sample", chosen["PatientID"].map(order).astype(int))
    chosen["number"] = pd.to_numeric(chosen["SeriesNumber"], errors="coerce")
    by = ["sample", "StudyDate", "StudyInstanceUID", "number", "SeriesInstanceUID"]
    return chosen.sort_values(by).drop(columns="number").reset_index(drop=True)


def main() -> None:
    """Print the series of the sample for a reader."""
    write = sys.stdout.write
    last = ("", "")
    for row in sample_series(second="--second" in sys.argv[1:]).to_dict("records"):
        study = (str(row["sample"]), str(row["StudyInstanceUID"]))
        if study[0] != last[0]:
            write(f"\n== sample {study[0]}\n")
        if study != last:
            write(f" -- {row['StudyDate']} {row['StudyDescription']}\n")
        last = study
        shown = ("SeriesDescription", "BodyPartExamined", "instanceCount", "series_size_MB", "SeriesDate")
        values = " | ".join(str(row[column]) for column in shown)
        write(f"    {row['Modality']} {row['SeriesNumber']} | {values} | {row['ManufacturerModelName']}\n")


if __name__ == "__main__":
    main()
