"""Single factors: their concordance, and Cox models of them, one by one and together."""

from __future__ import annotations

from typing import Any

import numpy as np

from tumorboard.evaluation.applied import applied_predictions
from tumorboard.evaluation.baselines.features import CLINICAL_CORE, LABELS, PatientFeatures
from tumorboard.evaluation.baselines.models import BASELINES
from tumorboard.evaluation.cox_models import cox_table
from tumorboard.evaluation.discrimination import harrell_estimate
from tumorboard.evaluation.resampling import Bootstrap

STUDY_CONCORDANCE = {"grade": 0.7010, "t": 0.7470, "n": 0.5140, "m": 0.6850}
"""Schulz et al., Front Oncol 2021;11:788740: single clinical factors, disease-specific survival, 230 patients."""

KNOWN_GENES = (
    ("mutations", "VHL"), ("mutations", "PBRM1"), ("mutations", "SETD2"), ("mutations", "BAP1"),
    ("copy_number", "3p loss"), ("copy_number", "9p loss"), ("copy_number", "14q loss"),
)  # fmt: skip
"""Named beforehand from the literature (TCGA, Nature 2013;499:43-49), so that nothing is chosen on these patients."""


def factor_concordance(features: PatientFeatures, endpoint: str, bootstrap: Bootstrap) -> list[dict[str, Any]]:
    """Return the concordance of grade, T, N and M beside the reference study's.

    Parameters
    ----------
    features : PatientFeatures
        The patients.
    endpoint : str
        The endpoint; the reference study's values are shown for DSS alone.
    bootstrap : Bootstrap
        Replicates and seed.
    """
    rows = []
    for model in BASELINES:
        if model.kind != "factor" or model.name not in STUDY_CONCORDANCE:
            continue
        predictions = applied_predictions(model, features)
        rows.append(
            {
                "factor": model.label,
                "n": len(predictions.patients),
                "events": predictions.outcome.events,
                "harrell_c": harrell_estimate(predictions, bootstrap).to_json(),
                "reference_study": STUDY_CONCORDANCE[model.name] if endpoint == "DSS" else None,
            }
        )
    return rows


def cox_tables(features: PatientFeatures) -> dict[str, Any]:
    """Return Cox models of single factors, and of age, stage and grade together.

    Each model is fitted on the patients in whom its factors are known; their number stands beside it.
    """
    univariable = [_one(features, name, label) for name, label in LABELS.items()]
    univariable += [_gene(features, profile, feature) for profile, feature in KNOWN_GENES]
    frame = features.clinical[list(CLINICAL_CORE)].dropna()
    table = cox_table(_with_outcome(frame, features), list(CLINICAL_CORE))
    multivariable = [{"factor": LABELS[name], **table["rows"][name]} for name in CLINICAL_CORE]
    together = {"n": table["n"], "events": table["events"], "rows": multivariable, "reason": table["reason"]}
    return {"univariable": univariable, "multivariable": together}


def _with_outcome(frame: Any, features: PatientFeatures) -> Any:  # noqa: ANN401
    outcome = features.patients.loc[frame.index, ["time_months", "event"]]
    return frame.assign(time_months=outcome["time_months"], event=outcome["event"].astype(int))


def _one(features: PatientFeatures, name: str, label: str) -> dict[str, Any]:
    frame = features.clinical[[name]].dropna()
    table = cox_table(_with_outcome(frame, features), [name])
    return {
        "factor": label,
        "n": table["n"],
        "events": table["events"],
        **table["rows"][name],
        "reason": table["reason"],
    }


def _gene(features: PatientFeatures, profile: Any, feature: str) -> dict[str, Any]:  # noqa: ANN401
    import pandas as pd

    patients = list(features.patients.index)
    values = features.genes.vectors(profile, [feature], patients)[:, 0]
    known = ~np.isnan(values)
    frame = pd.DataFrame({"gene": values[known]}, index=features.patients.index[known])
    label = f"{feature} {'mutation' if profile == 'mutations' else ''}".strip()
    table = cox_table(_with_outcome(frame, features), ["gene"])
    return {
        "factor": label,
        "n": table["n"],
        "events": table["events"],
        **table["rows"]["gene"],
        "reason": table["reason"],
    }
