"""TRIPOD+AI: what the program knows is filled in, what only a person can say stays to be completed.

References
----------
Collins GS et al. TRIPOD+AI statement. BMJ 2024;385:e078378. The items' names are shortened here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tumorboard import __version__
from tumorboard.report.material import ReportMaterial

_ITEMS: tuple[tuple[str, str], ...] = (
    ("1", "Title"), ("2", "Abstract"), ("3a", "Healthcare context and rationale"), ("3b", "Target population"),
    ("3c", "Known health inequalities"), ("4", "Objectives"), ("5a", "Sources of data"),
    ("5b", "Dates of accrual and of the end of follow-up"), ("6a", "Setting, number and location of centres"),
    ("6b", "Eligibility"), ("6c", "Treatments received"), ("7", "Data preparation and quality checks"),
    ("8a", "Outcome and time horizon"), ("8b", "Who assessed the outcome, where judgement is needed"),
    ("8c", "Blinding of the outcome's assessment"), ("9a", "Choice of initial predictors"),
    ("9b", "Definition of predictors"), ("9c", "Who assessed the predictors, where judgement is needed"),
    ("10", "Sample size"), ("11", "Missing data"), ("12a", "How data were used and partitioned"),
    ("12b", "How predictors were handled"), ("12c", "Type of model, tuning, internal validation"),
    ("12d", "Heterogeneity between clusters"), ("12e", "Measures of performance"), ("12f", "Model updating"),
    ("12g", "How predictions were calculated"), ("13", "Class imbalance"), ("14", "Fairness"),
    ("15", "Output of the model"), ("16", "Differences between training and evaluation data"),
    ("17", "Ethical approval"), ("18a", "Funding"), ("18b", "Conflicts of interest"), ("18c", "Protocol"),
    ("18d", "Registration"), ("18e", "Data sharing"), ("18f", "Code sharing"), ("19", "Patient and public involvement"),
    ("20a", "Flow of participants"), ("20b", "Characteristics of participants"),
    ("20c", "Comparison of development and evaluation data"), ("21", "Participants and events in each analysis"),
    ("22", "Specification of the full model"), ("23a", "Performance with intervals"),
    ("23b", "Heterogeneity of performance"), ("24", "Results of updating"), ("25", "Interpretation"),
    ("26", "Limitations"), ("27a", "Poor or unavailable input data"), ("27b", "Interaction and expertise required"),
    ("27c", "Next steps and generalisability"),
)  # fmt: skip

_CLINICAL_COVARIATES = 3


@dataclass(frozen=True)
class ReportingItem:
    """One item of the checklist.

    Parameters
    ----------
    number, title : str
        As in TRIPOD+AI.
    text : str or None
        What the program can say; None where a person must.
    """

    number: str
    title: str
    text: str | None


def reporting_items(material: ReportMaterial) -> list[ReportingItem]:
    """Return the checklist with what is known of this study.

    Parameters
    ----------
    material : ReportMaterial
        The study.
    """
    known = _data(material) | _analysis(material) | _results(material)
    return [ReportingItem(number, title, known.get(number)) for number, title in _ITEMS]


def _data(material: ReportMaterial) -> dict[str, str]:
    cohort, settings = material.cohort, material.metrics["settings"]["cohort"]
    index = f"; images by the index of {settings['index']}" if settings["index"] else ""
    simulated = "simulated patients; " if settings.get("simulated") else ""
    required = ", ".join(cohort["required"]) or "nothing: every patient of the tables is eligible"
    sites = int(material.patients["site"].nunique())
    return {
        "5a": f"{simulated}files {', '.join(cohort['inputs'])}{index}; their hashes stand under provenance",
        "6a": f"{sites} sites named in the tables; countries and setting to be added" if sites else "",
        "6b": f"required of a patient: {required}",
        "7": f"{len(cohort['findings'])} findings on the data, listed under cohort; impossible values are missing",
        "8a": f"{material.metrics['endpoint']} in months; landmark {settings['landmark_months']:g} months",
        "9b": f"{material.metrics['coding']}; genes as profiled, not profiled being missing",
        "11": "missing counts stand in the baseline table; models fill in what the fold's fit patients teach",
    }


def _analysis(material: ReportMaterial) -> dict[str, str]:
    metrics, folds = material.metrics, material.metrics["settings"]["folds"]
    network = (
        "; multimodal networks on the same folds, their last epoch chosen on the select patients"
        if material.runs.told
        else ""
    )
    events = metrics["events"]
    repeats = "1 repeat" if folds["repeats"] == 1 else f"{folds['repeats']} repeats"
    horizons = ", ".join(f"{months:g}" for months in metrics["settings"]["evaluation"]["horizons_months"])
    return {
        "10": f"{metrics['n']} patients, {events} events; {events / _CLINICAL_COVARIATES:.0f} events a covariate for "
        "age, stage and grade in all patients, fewer in a fold's fit patients",
        "12a": f"{folds['count']}-fold cross-validation, {repeats}; roles fit, select and test",
        "12b": "standardised by the mean and spread of the fold's fit patients",
        "12c": f"Cox, elastic-net Cox and random survival forest; penalties chosen on the select patients{network}",
        "12d": "folds keep sites apart" if folds["group_by_site"] else "",
        "12e": f"Harrell's and Uno's C, AUC, Brier score, calibration, decision curves at {horizons} months, status at "
        "the landmark",
        "12g": "Breslow's baseline on the fold's fit patients",
        "15": "a log-risk (higher is worse) and the probability of being free of the event",
    }


def _results(material: ReportMaterial) -> dict[str, str]:
    return {
        "18f": f"tumorboard {__version__}, Apache-2.0; settings and input hashes under provenance",
        "20a": "the flow of patients under cohort",
        "20b": "the table of baseline characteristics",
        "21": "n and events stand beside every estimate",
        "23a": "the tables and figures of this report",
        "26": "the limits listed under methods; those of the study itself to be added",
    }
