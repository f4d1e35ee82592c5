"""Measures that weigh patients by the inverse probability of being uncensored (IPCW).

The weights come from the patients that are assessed, or from others (``reference``), whose follow-up must then reach as
far. A patient with an event weighs 1 / G(T-), G being the survival of being uncensored and T- the moment before the
event; one who is followed beyond t weighs 1 / G(t).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tumorboard.errors import OutcomeError, UndefinedEstimateError
from tumorboard.survival.concordance import Concordance, split_strata, weighted_concordance
from tumorboard.survival.kaplan_meier import StepFunction, censoring_survival
from tumorboard.survival.outcome import FloatArray, Survival, as_risk


def uno_concordance(
    outcome: Survival,
    risk: npt.ArrayLike,
    tau_months: float,
    *,
    strata: npt.ArrayLike | None = None,
    reference: Survival | None = None,
) -> Concordance:
    """Count pairs as Uno does: each pair weighs 1 / G(T_i-)², events from tau on are left out.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    risk : array_like, shape (n,)
        Higher is worse.
    tau_months : float
        Only events before this time lead a pair.
    strata : array_like, shape (n,), optional
        Fold of each patient; pairs of different folds do not count.
    reference : Survival, optional
        Patients whose censoring gives the weights; by default those that are assessed.

    Raises
    ------
    UndefinedEstimateError
        Where the weights do not exist: everybody was censored before an event that counts.

    References
    ----------
    Uno H et al. Stat Med 2011;30:1105-1117.
    """
    uncensored = censoring_survival(reference or outcome)
    leading = outcome.event & (outcome.time_months < tau_months)
    weight = np.zeros(len(outcome))
    weight[leading] = event_weights(uncensored, outcome.time_months[leading]) ** 2
    return weighted_concordance(outcome, risk, event_weight=weight, strata=strata)


def event_weights(uncensored: StepFunction, times: FloatArray) -> FloatArray:
    """Return 1 / G(T-) for events at the given times.

    Raises
    ------
    UndefinedEstimateError
        Where G is zero.
    """
    probability = uncensored.before(times)
    if (probability <= 0).any():
        raise UndefinedEstimateError("an event happened after everybody of the reference was censored")
    weights: FloatArray = 1.0 / probability
    return weights


def dynamic_auc(
    outcome: Survival,
    risk: npt.ArrayLike,
    horizon_months: float,
    *,
    strata: npt.ArrayLike | None = None,
    reference: Survival | None = None,
) -> float:
    """Return the cumulative/dynamic AUC at a horizon: events until then against patients followed beyond.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    risk : array_like, shape (n,)
        Higher is worse.
    horizon_months : float
        The horizon.
    strata : array_like, shape (n,), optional
        Fold of each patient; pairs of different folds do not count.
    reference : Survival, optional
        Patients whose censoring gives the weights; by default those that are assessed.

    Raises
    ------
    UndefinedEstimateError
        Where there is no event until the horizon, or nobody is followed beyond it.

    References
    ----------
    Uno H, Cai T, Tian L, Wei LJ. J Am Stat Assoc 2007;102:527-537. Hung H, Chiang CT. Can J Stat 2010;38:8-26.
    """
    values = as_risk(risk, len(outcome))
    uncensored = censoring_survival(reference or outcome)
    case = outcome.event & (outcome.time_months <= horizon_months)
    control = outcome.time_months > horizon_months
    if not case.any():
        raise UndefinedEstimateError(f"no event within {horizon_months:g} months")
    if not control.any():
        raise UndefinedEstimateError(f"no patient is followed beyond {horizon_months:g} months")
    weight = np.zeros(len(outcome))
    weight[case] = event_weights(uncensored, outcome.time_months[case])
    won, pairs = 0.0, 0.0
    for rows in split_strata(strata, len(outcome)):
        stratum_won, stratum_pairs = _count_won(values[rows], weight[rows], case[rows], control[rows])
        won, pairs = won + stratum_won, pairs + stratum_pairs
    if pairs == 0:
        raise UndefinedEstimateError(
            f"no fold has an event within {horizon_months:g} months and a patient followed beyond"
        )
    return min(won / pairs, 1.0)  # rounding may pass one by the last digit


def _count_won(
    risk: FloatArray, weight: FloatArray, case: npt.NDArray[np.bool_], control: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    control_risk = np.sort(risk[control])
    below = np.searchsorted(control_risk, risk[case], side="left")
    until = np.searchsorted(control_risk, risk[case], side="right")
    return float(weight[case] @ ((below + until) / 2)), float(weight[case].sum() * len(control_risk))


def brier_score(
    outcome: Survival, survival_probability: npt.ArrayLike, horizon_months: float, *, reference: Survival | None = None
) -> float:
    """Return the Brier score at a horizon: the mean squared error of the predicted survival.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    survival_probability : array_like, shape (n,)
        Predicted probability of being free of the event at the horizon, from 0 to 1.
    horizon_months : float
        The horizon.
    reference : Survival, optional
        Patients whose censoring gives the weights; by default those that are assessed.

    Raises
    ------
    UndefinedEstimateError
        Where nobody of the reference is still uncensored at the horizon.

    References
    ----------
    Graf E, Schmoor C, Sauerbrei W, Schumacher M. Stat Med 1999;18:2529-2545.
    """
    predicted = as_probability(survival_probability, len(outcome))
    return _brier_at(outcome, predicted, horizon_months, censoring_survival(reference or outcome))


def _brier_at(outcome: Survival, predicted: FloatArray, horizon: float, uncensored: StepFunction) -> float:
    case = outcome.event & (outcome.time_months <= horizon)
    beyond = outcome.time_months > horizon
    total = 0.0
    if case.any():
        total += float(predicted[case] ** 2 @ event_weights(uncensored, outcome.time_months[case]))
    if beyond.any():
        still = float(uncensored.at(horizon))
        if still <= 0:
            raise UndefinedEstimateError(f"everybody of the reference is censored by {horizon:g} months")
        total += float(np.sum((1 - predicted[beyond]) ** 2)) / still
    return total / len(outcome)


def integrated_brier_score(
    outcome: Survival,
    survival_probability: npt.ArrayLike,
    times_months: npt.ArrayLike,
    *,
    reference: Survival | None = None,
) -> float:
    """Return the Brier score averaged over time by the trapezoid rule.

    Parameters
    ----------
    outcome : Survival
        The patients' outcomes.
    survival_probability : array_like, shape (n, k)
        Predicted probability of being free of the event at each time.
    times_months : array_like, shape (k,)
        At least two increasing times.
    reference : Survival, optional
        Patients whose censoring gives the weights; by default those that are assessed.
    """
    times = np.asarray(times_months, dtype=np.float64)
    predicted = np.asarray(survival_probability, dtype=np.float64)
    if len(times) < 2 or (np.diff(times) <= 0).any():
        raise OutcomeError("an integrated Brier score needs at least two increasing times")
    if predicted.shape != (len(outcome), len(times)):
        raise OutcomeError(f"'survival_probability' has shape {predicted.shape}, not {(len(outcome), len(times))}")
    if ((predicted < 0) | (predicted > 1)).any():
        raise OutcomeError("'survival_probability' must lie between 0 and 1")
    uncensored = censoring_survival(reference or outcome)
    scores = [_brier_at(outcome, predicted[:, k], float(time), uncensored) for k, time in enumerate(times)]
    return float(np.trapezoid(scores, times) / (times[-1] - times[0]))


def as_probability(values: npt.ArrayLike, n: int) -> FloatArray:
    """Return probabilities, one a patient.

    Raises
    ------
    OutcomeError
        For values outside 0 to 1.
    """
    probability = as_risk(values, n, "survival_probability")
    if ((probability < 0) | (probability > 1)).any():
        raise OutcomeError("'survival_probability' must lie between 0 and 1")
    return probability
