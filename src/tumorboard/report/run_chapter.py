"""The chapter on trained networks: what each was trained on, on whom, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumorboard.evaluation.figures.wording import estimate_text, p_text
from tumorboard.prediction.page import MODALITIES
from tumorboard.report.run_material import RunMaterial
from tumorboard.report.shown_patients import ShownPatients, shown_patients
from tumorboard.report.wording import shown
from tumorboard.study.files import StudyFolder


@dataclass(frozen=True, eq=False)
class RunChapter:
    """What the report's template says of one run.

    Parameters
    ----------
    run : RunMaterial
        The run.
    inputs : str
        What it looks at, in words.
    verdict : str
        The gain over the clinical model in one sentence.
    folds : list of dict
        What was trained on whom.
    by_inputs : list of (str, dict)
        What predictions rest on, in words, with the concordance.
    contributions : list of (str, dict)
        Modalities in words, with weight and Shapley value.
    weights_are : str
        What the fusion's weights mean.
    settings : list of (str, str)
        Of network and training.
    patients : ShownPatients
        Three patients.
    """

    run: RunMaterial
    inputs: str
    verdict: str
    folds: list[dict[str, Any]]
    by_inputs: list[tuple[str, dict[str, Any]]]
    contributions: list[tuple[str, dict[str, Any]]]
    weights_are: str
    settings: list[tuple[str, str]]
    patients: ShownPatients


_WEIGHTS = {
    "softmax": "the share of attention that the fusion gives a modality",
    "stacked risks": "how the spreads of what the modalities add to the log-risk compare, a description",
    "gated": "the normalised length of a modality's gated embedding, a description, not a measure of importance",
}


def run_chapter(folder: StudyFolder, run: RunMaterial) -> RunChapter:
    """Gather what the report says of a run.

    Parameters
    ----------
    folder : StudyFolder
        The study.
    run : RunMaterial
        The run.
    """
    answer, summary = run.evaluation, run.summary
    return RunChapter(
        run=run,
        inputs=_words(summary["modalities"]),
        verdict=gain_sentence(run),
        folds=[_fold(fold) for fold in summary["folds"]],
        by_inputs=[(_words(entry["modalities"]), entry) for entry in answer["by_inputs"]],
        contributions=[(_words([entry["modality"]]), entry) for entry in answer["contributions"]],
        weights_are=_WEIGHTS.get(summary["network"]["fusion"], "the fusion gives none"),
        settings=_settings(summary),
        patients=shown_patients(folder, run),
    )


def gain_sentence(run: RunMaterial) -> str:
    """Return what the run gains over the clinical model, in one sentence.

    Parameters
    ----------
    run : RunMaterial
        The run.
    """
    answer = run.evaluation
    head = (
        f"The {answer['label']} ({_words(run.summary['modalities'])}) reaches a Harrell's C of "
        f"{shown(answer['harrell_c'])} on patients that its folds did not see.{_who_has_what(run)}"
    )
    if not answer["comparisons"]:
        return f"{head} There is no clinical model to compare it with."
    entry = answer["comparisons"][0]
    difference = entry["difference"]
    rival = f"{entry['second']} reaches {shown(entry['second_c'])} on the same patients and folds"
    if difference["value"] is None or difference["ci95"] is None:
        return f"{head} {rival}; no comparison: {difference['reason']}."
    return (
        f"{head} {rival}; the difference is {estimate_text(difference)}, {p_text(entry['p'])} ({entry['test']}): "
        f"{_verdict(*difference['ci95'])}."
    )


def _who_has_what(run: RunMaterial) -> str:
    """Return how many patients have the inputs that some lack; a reader would else take all to have all."""
    entries = run.evaluation["by_inputs"]
    everyone = sum(int(entry["n"]) for entry in entries)
    have = {
        name: sum(int(entry["n"]) for entry in entries if name in entry["modalities"])
        for name in run.summary["modalities"]
    }
    part = [f"{_words([name])} {count}" for name, count in have.items() if count < everyone]
    if not part:
        return ""
    return f" Not all of these {everyone} have everything ({', '.join(part)}): each is predicted from what there is."


def _verdict(low: float, high: float) -> str:
    if low > 0:
        return "the network is better than the clinical model"
    if high < 0:
        return "the network is worse than the clinical model"
    return "no difference is shown, which is not proof of none"


def _words(modalities: list[str]) -> str:
    return " + ".join(MODALITIES.get(name, name) for name in modalities)


def _fold(fold: dict[str, Any]) -> dict[str, Any]:
    stages = [
        f"{MODALITIES.get(stage['stage'], stage['stage'])}: {stage['epochs']}, {stage['kept_epoch']} kept"
        for stage in fold["stages"]
    ]
    last = fold["stages"][-1]["select_c_index"] if fold["stages"] else None
    return fold | {"epochs": "; ".join(stages) or "not recorded", "select_c_index": last}


def _settings(summary: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for section in ("network", "training"):
        for name, value in summary[section].items():
            # a whole path may name a person or a machine
            shown_value = Path(value).name if name == "weights" else value
            text = ", ".join(map(str, shown_value)) if isinstance(shown_value, list) else str(shown_value)
            rows.append((f"{section}.{name}", text or ("none" if name == "readings" else "from the preset, or all")))
    return rows
