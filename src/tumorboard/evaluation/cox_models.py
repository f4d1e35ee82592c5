"""Cox regression for reports: hazard ratios with intervals, and whether hazards are proportional (Schoenfeld)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from tumorboard.evaluation.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

FEWEST_EVENTS = 2

NO_CONVERGENCE = "the fit does not converge: a factor hardly varies or separates the events perfectly"


def cox_of_risk(predictions: Predictions) -> dict[str, object]:
    """Return the hazard ratio per standard deviation of a risk, stratified by fold where there are folds.

    Parameters
    ----------
    predictions : Predictions
        One row a patient.

    Returns
    -------
    dict
        ``hazard_ratio``, ``ci95``, ``p`` (Wald test), ``per``, ``schoenfeld_p`` (test on scaled residuals against the
        rank of time), ``reason`` where there is none.
    """
    import pandas as pd

    frame = pd.DataFrame(
        {
            "risk": predictions.standardised(),
            "time_months": predictions.outcome.time_months,
            "event": predictions.outcome.event.astype(int),
            "fold": predictions.strata_codes,
        }
    )
    per = "standard deviation within the fold" if predictions.has_folds else "standard deviation"
    table = cox_table(frame, ["risk"], strata=["fold"] if len(predictions.strata) > 1 else None)
    return {**table["rows"]["risk"], "per": per, "test": "Wald", "reason": table["reason"]}


def cox_table(
    frame: pd.DataFrame, covariates: list[str], *, strata: list[str] | None = None, schoenfeld: bool = True
) -> dict[str, Any]:
    """Fit one Cox model (Efron ties) and return its hazard ratios.

    Parameters
    ----------
    frame : DataFrame
        The covariates, ``time_months``, ``event``, and the strata; no missing values.
    covariates : list of str
        The columns in the model.
    strata : list of str, optional
        Columns whose values have baseline hazards of their own.
    schoenfeld : bool
        Test whether hazards are proportional.

    Returns
    -------
    dict
        ``n``, ``events``, ``rows`` (per covariate ``hazard_ratio``, ``ci95``, ``p``, ``schoenfeld_p``), ``reason``.
    """
    events = int(frame["event"].sum())
    empty = {name: {"hazard_ratio": None, "ci95": None, "p": None, "schoenfeld_p": None} for name in covariates}
    reason = _why_not(frame, covariates, events)
    if reason:
        return {"n": len(frame), "events": events, "rows": empty, "reason": reason}
    try:
        rows = _fit(frame, covariates, strata, schoenfeld)
    except (ArithmeticError, ValueError):
        return {"n": len(frame), "events": events, "rows": empty, "reason": NO_CONVERGENCE}
    return {"n": len(frame), "events": events, "rows": rows, "reason": None}


def _why_not(frame: pd.DataFrame, covariates: list[str], events: int) -> str | None:
    if frame.empty:
        return "not known in any patient"
    if events < max(FEWEST_EVENTS, len(covariates)):
        return f"too few events ({events}) for {len(covariates)} covariate{'s' * (len(covariates) > 1)}"
    constant = [name for name in covariates if frame[name].nunique() < 2]
    return f"{constant[0]} is the same in all patients" if constant else None


def _fit(
    frame: pd.DataFrame, covariates: list[str], strata: list[str] | None, schoenfeld: bool
) -> dict[str, dict[str, object]]:
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    columns = [*covariates, "time_months", "event", *(strata or [])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = CoxPHFitter(strata=strata).fit(frame[columns], "time_months", "event")
        except (ConvergenceError, ConvergenceWarning) as error:
            raise ArithmeticError(str(error)) from error
        tests = _schoenfeld(fit, frame[columns]) if schoenfeld else {}
    summary = fit.summary
    told = summary.loc[covariates, ["exp(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%", "p"]]
    if not np.isfinite(told.to_numpy(dtype=float)).all():
        raise ArithmeticError("a hazard ratio or its interval is not finite")
    return {
        name: {
            "hazard_ratio": float(summary.at[name, "exp(coef)"]),
            "ci95": [float(summary.at[name, "exp(coef) lower 95%"]), float(summary.at[name, "exp(coef) upper 95%"])],
            "p": float(summary.at[name, "p"]),
            "schoenfeld_p": tests.get(name),
        }
        for name in covariates
    }


def _schoenfeld(fit: Any, frame: pd.DataFrame) -> dict[str, float]:  # noqa: ANN401
    from lifelines.statistics import proportional_hazard_test

    try:
        table = proportional_hazard_test(fit, frame, time_transform="rank").summary
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return {}
    return {str(name): float(p) for name, p in table["p"].items() if np.isfinite(p)}
