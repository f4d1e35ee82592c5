"""Cox regression of a risk together with age, T, N, M and grade: what the risk adds to what is known anyway."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tumorboard.clinical import CLINICAL_COLUMNS
from tumorboard.clinical.columns import PATIENT_ID
from tumorboard.errors import UserError
from tumorboard.evaluation.baselines.features import LABELS, clinical_numbers
from tumorboard.evaluation.cox_models import cox_table
from tumorboard.evaluation.predictions import Predictions
from tumorboard.study.tables import check_columns, find_duplicates, parse_columns, raise_faults, read_text_table

if TYPE_CHECKING:
    import pandas as pd

ADJUSTED_FOR = ("age", "t", "n", "m", "grade")
"""The clinical factors that stand beside the risk."""

COLLINEAR = "the risk or a factor follows from the others (collinear)"

NOBODY = "no patient in whom all factors are known"


def read_factors(path: Path, patients: Collection[str], *, encoding: str = "utf-8-sig") -> pd.DataFrame:
    """Read the clinical factors of a risk file's patients.

    Parameters
    ----------
    path : Path
        A patient table with the clinical columns; patients without a risk are ignored.
    patients : collection of str
        The patients of the risk file.
    encoding : str
        The text's encoding.

    Returns
    -------
    DataFrame
        Numbers by ``patient_id``; see :func:`~tumorboard.evaluation.baselines.features.clinical_numbers`.

    Raises
    ------
    UserError
        Where the table lacks patients.
    TableError
        With every bad cell.
    """
    text = read_text_table(path, encoding=encoding)
    columns = (PATIENT_ID, *CLINICAL_COLUMNS)
    check_columns(text, columns)
    table, faults = parse_columns(text, columns)
    raise_faults(sorted(faults + find_duplicates(text), key=lambda fault: fault.row or 0))
    missing = len(set(patients) - set(table["patient_id"]))
    if missing:
        raise UserError(
            f"{missing} of {len(patients)} patients of the risk file are not in it",
            where=text.file,
            fix="Give each a row; unknown values may be empty",
        )
    return clinical_numbers(table[table["patient_id"].isin(patients)])


def cox_adjusted(predictions: Predictions, clinical: pd.DataFrame) -> dict[str, Any]:
    """Return the Cox model of a risk and the clinical factors together, stratified by fold where there are folds.

    Parameters
    ----------
    predictions : Predictions
        The risks; of several repeats the first counts, so that each patient has one row.
    clinical : DataFrame
        Numbers by ``patient_id`` with the columns of ``ADJUSTED_FOR``, missing as NaN; every patient of the predictions
        is there.

    Returns
    -------
    dict
        On the patients in whom all factors are known: ``n``, ``events``, ``rows`` (``factor``, ``hazard_ratio``,
        ``ci95``, ``p``, ``schoenfeld_p``; the risk first), ``left_out`` (factors that do not vary there, and why),
        ``reason`` where there is no fit, ``test``.
    """
    frame = _with_risk(predictions)
    factors = clinical.loc[frame["patient_id"], list(ADJUSTED_FOR)].reset_index(drop=True)
    nowhere_known = [name for name in ADJUSTED_FOR if factors[name].isna().all()]
    frame = frame.join(factors.drop(columns=nowhere_known)).dropna()
    constant = [name for name in ADJUSTED_FOR if name in frame and frame[name].nunique() == 1]
    why_not = dict.fromkeys(nowhere_known, "not known in any patient")
    why_not |= dict.fromkeys(constant, "the same in all patients")
    covariates = ["risk", *(name for name in ADJUSTED_FOR if name not in why_not)]
    table = cox_table(frame, covariates, strata=["fold"] if frame["fold"].nunique() > 1 else None)
    labels = LABELS | {"risk": f"risk (per SD{' within the fold' if predictions.has_folds else ''})"}
    return {
        "n": table["n"],
        "events": table["events"],
        "rows": [{"factor": labels[name], **table["rows"][name]} for name in covariates],
        "left_out": [f"{labels[name]}: {why}" for name, why in why_not.items()],
        "reason": table["reason"] and (_why_not(frame, covariates) or table["reason"]),
        "test": "Wald",
    }


def not_adjusted(reason: str) -> dict[str, Any]:
    """Return what stands in place of a model's adjusted Cox regression that makes no sense.

    Parameters
    ----------
    reason : str
        Why, in words fit for a report.
    """
    return {"n": None, "events": None, "rows": [], "left_out": [], "reason": reason, "test": "Wald"}


def _with_risk(predictions: Predictions) -> pd.DataFrame:
    """Return outcome, standardised risk and fold of each patient."""
    import pandas as pd

    predictions = predictions.first_repeat()
    return pd.DataFrame(
        {
            "patient_id": predictions.frame["patient_id"].to_numpy(),
            "time_months": predictions.outcome.time_months,
            "event": predictions.outcome.event.astype(int),
            "fold": predictions.strata_codes,
            "risk": predictions.standardised(),
        }
    )


def _why_not(frame: pd.DataFrame, covariates: list[str]) -> str | None:
    """Return why there is no fit where that lies in how the covariates hang together."""
    if frame.empty:
        return NOBODY
    values = frame[covariates]
    centred = values - values.groupby(frame["fold"]).transform("mean")
    deficient = np.linalg.matrix_rank(centred.to_numpy()) < len(covariates)
    return COLLINEAR if deficient and (values.nunique() > 1).all() else None
