"""Oracles: the concordance that Cox models of the true factors reach, input by input.

Every model is fitted once, on a reference simulation of its own seed, and then applied to the cohort: a small cohort's
oracle is no better for being small. Models of the true factors are no upper limit: chance takes a network above them in
a small cohort, and a model of more inputs may know more.

Images stand for the factors that they show, known without error and in every patient, also in one without a slide or a
scan. Only ``all_images_where_available`` sees what the files hold: the factors of a missing slide or scan are at their
mean, 0, in the reference simulation and in the cohort. Genes are known in every patient as well.
"""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import numpy.typing as npt

from tumorboard.errors import UndefinedEstimateError
from tumorboard.phantom.patients.cohort import SimulatedCohort, simulate_cohort
from tumorboard.phantom.patients.factors import IMAGE_MODALITIES, factors_of
from tumorboard.phantom.patients.gene_frequencies import ARMS
from tumorboard.phantom.patients.patient import ScanKind
from tumorboard.survival import Estimate, Survival
from tumorboard.survival.concordance import ConcordancePairs
from tumorboard.survival.outcome import FloatArray

REFERENCE_PATIENTS, REFERENCE_SEED = 5000, 990_011
"""The reference simulation on which the models are fitted."""

MODELS = (
    *IMAGE_MODALITIES, "genes", "all_images", "all_images_where_available", "clinical", "clinical_and_images",
    "all_images_and_genes",
)  # fmt: skip
"""The oracles, besides the true log-hazard itself."""

_PENALTY = 1e-3  # keeps the coefficient of a category without a death finite
_NEWTON_STEP = 0.5  # lifelines' full step can overshoot with effects as strong as these
_REPLICATES, _MOST_DRAWS, _BATCH = 400, 4_000_000, 100
_MOST_FOR_INTERVAL = _ROWS_AT_A_TIME = 100_000
_EVERYONE = slice(None)


def oracle(cohort: SimulatedCohort) -> dict[str, dict[str, object]]:
    """Return the concordance of every oracle for DSS.

    Parameters
    ----------
    cohort : SimulatedCohort
        The patients.

    Returns
    -------
    dict of str to dict
        For each of ``MODELS`` and ``true_log_hazard``: ``value``, ``ci95`` (percentiles of bootstrapped patients; none
        beyond 100,000 patients) and ``reason`` where either does not exist.
    """
    outcome = disease_specific_survival(cohort)
    risks = {name: risk_of(name, cohort) for name in MODELS}
    risks["true_log_hazard"] = cohort.truth["log_hazard"].to_numpy(dtype=np.float64)
    return {name: concordance_estimate(outcome, risk).to_json() for name, risk in risks.items()}


def disease_specific_survival(cohort: SimulatedCohort) -> Survival:
    """Return the observed outcome of a cohort."""
    return Survival(cohort.clinical["dss_time_months"].to_numpy(), cohort.clinical["dss_event"].to_numpy())


def risk_of(model: str, cohort: SimulatedCohort) -> FloatArray:
    """Return the log-risk that an oracle gives to each patient.

    Parameters
    ----------
    model : str
        One of ``MODELS``.
    cohort : SimulatedCohort
        The patients.

    Returns
    -------
    array of float, shape (n,)
        Higher is worse.
    """
    coefficients = _coefficients(model)
    starts = range(0, len(cohort), _ROWS_AT_A_TIME)
    return np.concatenate([_covariates(model, cohort, slice(k, k + _ROWS_AT_A_TIME)) @ coefficients for k in starts])


def concordance_estimate(outcome: Survival, risk: FloatArray) -> Estimate:
    """Return Harrell's C with a bootstrap interval.

    Parameters
    ----------
    outcome : Survival
        The outcomes.
    risk : array of float, shape (n,)
        Higher is worse.
    """
    pairs = ConcordancePairs(outcome, risk)
    sums = pairs.sums()
    if sums.sum() == 0:
        return Estimate.undefined("no comparable pair of patients")
    value = float((sums[0] + sums[2] / 2) / sums.sum())
    n = len(outcome)
    if n > _MOST_FOR_INTERVAL:
        return Estimate(value, None, f"no interval beyond {_MOST_FOR_INTERVAL} patients")
    rng = np.random.default_rng([REFERENCE_SEED, n])
    replicates, count = [], max(100, min(_REPLICATES, _MOST_DRAWS // n))
    for start in range(0, count, _BATCH):
        drawn = rng.multinomial(n, np.full(n, 1 / n), size=min(_BATCH, count - start)).T.astype(np.int32)
        won, _, tied = resampled = pairs.replicate_sums(drawn)
        total = resampled.sum(axis=0)
        replicates.append((won + tied / 2)[total > 0] / total[total > 0])
    values = np.concatenate(replicates)
    if len(values) < 0.9 * count:
        return Estimate(value, None, "a tenth or more of the replicates has no comparable pair")
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(value, (float(low), float(high)))


@cache
def _coefficients(model: str) -> FloatArray:
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    reference = _reference()
    covariates = _covariates(model, reference, _EVERYONE)
    outcome = disease_specific_survival(reference)
    frame = pd.DataFrame(covariates).assign(time_months=outcome.time_months, event=outcome.event.astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = CoxPHFitter(penalizer=_PENALTY).fit(
                frame, "time_months", "event", fit_options={"step_size": _NEWTON_STEP}
            )
        except (ConvergenceError, ConvergenceWarning) as error:
            raise UndefinedEstimateError(f"the oracle {model} cannot be fitted") from error
    return fit.params_.to_numpy(dtype=np.float64)  # type: ignore[no-any-return]


@cache
def _reference() -> SimulatedCohort:
    return simulate_cohort(REFERENCE_PATIENTS, REFERENCE_SEED)


def _covariates(model: str, cohort: SimulatedCohort, rows: slice) -> FloatArray:
    if model == "clinical":
        return _clinical_covariates(cohort, rows)
    if model == "genes":
        return _gene_covariates(cohort, rows)
    if model in IMAGE_MODALITIES:
        return _factor_covariates(cohort, factors_of(model), rows)
    if model == "all_images_where_available":
        return np.concatenate([_available_factors(cohort, modality, rows) for modality in IMAGE_MODALITIES], axis=1)
    every = tuple(name for modality in IMAGE_MODALITIES for name in factors_of(modality))
    images = _factor_covariates(cohort, every, rows)
    if model == "all_images":
        return images
    take = _clinical_covariates if model == "clinical_and_images" else _gene_covariates
    return np.concatenate([images, take(cohort, rows)], axis=1)


def _factor_covariates(cohort: SimulatedCohort, names: tuple[str, ...], rows: slice) -> FloatArray:
    return cohort.truth[[f"{name}_z" for name in names]].iloc[rows].to_numpy(dtype=np.float64)


def _available_factors(cohort: SimulatedCohort, modality: str, rows: slice) -> FloatArray:
    """Return what a modality shows, 0 (the mean) in patients without it."""
    people = cohort.people
    available = people.scan != ScanKind.NONE.value if modality == "scan" else people.has_slide
    return _factor_covariates(cohort, factors_of(modality), rows) * available[rows, None]


def _gene_covariates(cohort: SimulatedCohort, rows: slice) -> FloatArray:
    altered = cohort.alterations
    usual = np.asarray([-1 if arm.loss > arm.gain else 1 for arm in ARMS])
    arms = altered.calls[:, rows] == usual[:, None]
    return np.concatenate([altered.mutated[:, rows], arms]).T.astype(np.float64)


def _clinical_covariates(cohort: SimulatedCohort, rows: slice) -> FloatArray:
    """Return the clinical columns as numbers, categories as indicators.

    Age, sex, logarithm of the size, T (1 to 4), N1, M1, grade (G2, G3, G4, GX), necrosis and ECOG with unknown as a
    category of its own, haemoglobin low, platelets high, calcium high, LDH high.

    Parameters
    ----------
    cohort : SimulatedCohort
        The patients.
    rows : slice
        Which of them.

    Returns
    -------
    array of float, shape (n, columns)
    """
    table = cohort.clinical.iloc[rows]

    def text(name: str) -> npt.NDArray[np.object_]:
        return table[name].to_numpy(dtype=object)

    main_t = table["t"].str[0].to_numpy(dtype=object)
    indicators = [
        text("sex") == "male",
        *(main_t == stage for stage in "234"),
        text("n") == "1",
        text("m") == "1",
        *(text("grade") == grade for grade in "234x"),
        *(text("necrosis") == value for value in ("1", "")),
        *(text("ecog") == value for value in ("1", "2", "")),
        text("haemoglobin") == "low",
        *(text(name) == "high" for name in ("platelets", "calcium", "ldh")),
    ]
    numbers = [(table["age_years"].to_numpy() - 60) / 10, np.log(table["size_cm"].to_numpy())]
    return np.column_stack([*numbers, *indicators]).astype(np.float64)
