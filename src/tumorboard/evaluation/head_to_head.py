"""Published scores against stage, grade and the clinical Cox model, each on the same patients."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from tumorboard.clinical import ScoreSettings, score_table
from tumorboard.evaluation.applied import applied_predictions, dealt_like, midpoint_predictions
from tumorboard.evaluation.baselines.features import PatientFeatures
from tumorboard.evaluation.baselines.models import BASELINES, BaselineModel
from tumorboard.evaluation.comparison import paired_difference
from tumorboard.evaluation.discrimination import harrell_estimate
from tumorboard.evaluation.predictions import Predictions
from tumorboard.evaluation.resampling import Bootstrap

SCORES: tuple[BaselineModel, ...] = tuple(model for model in BASELINES if model.kind == "score")
RIVALS = ("stage", "grade", "clinical")

FEWEST_EVENTS = 5


def readings(settings: ScoreSettings) -> list[tuple[str, ScoreSettings]]:
    """Return the readings of NX and MX under which scores are compared: as set, and both as absent."""
    absent = replace(settings, nx_as_n0=True, mx_as_m0=True)
    if settings == absent:
        return [("NX as N0, MX as M0", absent)]
    return [("NX and MX unknown", settings), ("NX as N0, MX as M0", absent)]


def compare_score(
    model: BaselineModel,
    features: PatientFeatures,
    settings: ScoreSettings,
    rivals: dict[str, Predictions],
    bootstrap: Bootstrap,
) -> dict[str, Any]:
    """Compare one score with stage, grade and the clinical Cox model.

    Parameters
    ----------
    model : BaselineModel
        The score.
    features : PatientFeatures
        The patients, their scores read in one way.
    settings : ScoreSettings
        That way.
    rivals : dict of str to Predictions
        ``stage`` and ``grade`` as they are, ``clinical`` cross-validated.
    bootstrap : Bootstrap
        Replicates and seed.

    Returns
    -------
    dict
        On the patients in whom the score is exact: ``n``, ``events``, ``proxies`` (patients by proxy input), ``c``, and
        per rival its ``c``, the ``difference`` (score minus rival) and ``p``; and ``midpoint``: concordance of the
        intervals' middles on all patients to whom the score applies.
    """
    exact, middle = applied_predictions(model, features), midpoint_predictions(model, features)
    answer: dict[str, Any] = {
        "score": model.clinical[0],
        "label": model.label,
        "n": len(exact.patients),
        "events": exact.outcome.events,
        "proxies": _proxies(model.clinical[0], features, exact, settings),
        "midpoint": {"n": len(middle.patients), "events": middle.outcome.events, "c": _c(middle, bootstrap)},
        "rivals": {},
    }
    if answer["events"] < FEWEST_EVENTS:
        reason = f"the score is exact in {answer['n']} patients with {answer['events']} events: too few to compare"
        return answer | {"c": {"value": None, "ci95": None, "reason": reason}}
    answer["c"] = _c(exact, bootstrap)
    for name in RIVALS:
        answer["rivals"][name] = _against(exact, rivals[name], bootstrap)
    return answer


def _proxies(score: str, features: PatientFeatures, exact: Predictions, settings: ScoreSettings) -> dict[str, int]:
    """Return in how many of the patients each input of the score is a proxy."""
    table = score_table(features.patients.loc[list(exact.patients)], settings)
    count = Counter(name for row in range(len(table)) for name in table.patient(row)[score].proxy)
    return dict(sorted(count.items()))


def _c(predictions: Predictions, bootstrap: Bootstrap) -> dict[str, object]:
    return harrell_estimate(predictions, bootstrap).to_json()


def _against(score: Predictions, rival: Predictions, bootstrap: Bootstrap) -> dict[str, object]:
    if rival.has_folds:
        mine, other = dealt_like(score, rival)
    else:
        shared = set(score.patients) & set(rival.patients)
        mine, other = (item.where(item.frame["patient_id"].isin(shared).to_numpy()) for item in (score, rival))
    compared = paired_difference(mine, other, bootstrap)
    return {"c": _c(other, bootstrap)} | compared.to_json()
