"""The folds of a run as one model for new patients: ``runs/<name>/model/``.

The folder holds each fold's weights, settings and reference side by side, and ``model.json``. It needs nothing else of
the study, and names no patient: of those that the folds were fitted on it holds salted hashes, so that a patient of the
study who is predicted as if new is noticed.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from tumorboard import RESEARCH_USE_ONLY, __version__
from tumorboard.errors import FileFormatError, StudyError
from tumorboard.network.saving import CONFIG_FILE, WEIGHTS_FILE
from tumorboard.prediction.curves import mean_curve
from tumorboard.prediction.encoding import PatientInputs
from tumorboard.prediction.fold_model import FoldModel, MemberPrediction
from tumorboard.prediction.image_choice import ImageChoice
from tumorboard.prediction.reference import REFERENCE_FILE
from tumorboard.study.files import read_json, write_json
from tumorboard.survival.outcome import FloatArray

MODEL_FILE = "model.json"
FORMAT = 1
_STEP_MONTHS = 3.0
_MADE_BY = "tumorboard train STUDY"

Group = Literal["low", "high", "undecided"]

GROUP_RULE = (
    "each fold calls a risk high above the median of its own select patients; the ensemble follows the majority of "
    "folds, and is undecided where they are equally many"
)


def write_ensemble(folds: Sequence[Path], target: Path, seen: Mapping[str, int], facts: Mapping[str, Any]) -> None:
    """Put folds side by side as one model; what was in the folder before is replaced.

    Parameters
    ----------
    folds : sequence of Path
        Their folders, with different names.
    target : Path
        ``runs/<name>/model``.
    seen : mapping of str to int
        In how many folds each patient was fitted or selected on.
    facts : mapping
        What else ``model.json`` holds: ``run``, ``endpoint``, ``horizons_months``, ``landmark_months``, ``settings``.

    Raises
    ------
    StudyError
        A fold is not finished, or the folder cannot be written.
    """
    temporary = target.with_name(f".{target.name}-{secrets.token_hex(4)}")
    try:
        for fold in folds:
            (temporary / fold.name).mkdir(parents=True)
            for name in (WEIGHTS_FILE, CONFIG_FILE, REFERENCE_FILE):
                shutil.copy(fold / name, temporary / fold.name / name)
        write_json(temporary / MODEL_FILE, _content(folds, seen, facts))
        if target.exists():
            shutil.rmtree(target)
        temporary.replace(target)
    except FileNotFoundError as error:
        raise StudyError(
            f"a fold lacks {Path(str(error.filename)).name}", where=str(target.parent), fix=_MADE_BY
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise StudyError(f"the model cannot be written: {reason}", where=str(target)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _content(folds: Sequence[Path], seen: Mapping[str, int], facts: Mapping[str, Any]) -> dict[str, Any]:
    # from the weights, so that the same folds give the same bytes
    salt = hashlib.sha256(b"".join((fold / CONFIG_FILE).read_bytes() for fold in folds)).hexdigest()[:32]
    return {
        "format": FORMAT,
        "tumorboard": __version__,
        "research_use_only": RESEARCH_USE_ONLY,
        "members": [fold.name for fold in folds],
        **facts,
        "group_rule": GROUP_RULE,
        "salt": salt,
        "seen": {_hash(salt, patient): count for patient, count in sorted(seen.items())},
    }


def _hash(salt: str, patient: str) -> str:
    return hashlib.sha256(f"{salt}\0{patient}".encode()).hexdigest()


def count_seen(roles: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return in how many folds each patient was fitted or selected on.

    Parameters
    ----------
    roles : iterable of (str, str)
        Patient and role, of each fold.
    """
    return dict(Counter(patient for patient, role in roles if role != "test"))


@dataclass(frozen=True, eq=False)
class EnsemblePrediction:
    """What the folds together say of a patient.

    Parameters
    ----------
    months : array of float, shape (k,)
    members : dict of str to MemberPrediction
        By fold.
    """

    months: FloatArray
    members: dict[str, MemberPrediction]

    @property
    def _each(self) -> list[MemberPrediction]:
        return list(self.members.values())

    @property
    def images(self) -> dict[str, int]:
        """The images that the prediction rests on, by modality, in any fold."""
        found: dict[str, int] = {}
        for member in self._each:
            found |= member.patient.images
        return found

    @property
    def combinations(self) -> int:
        """How many combinations of images each fold went through, at most."""
        return max(member.patient.combinations for member in self._each)

    @property
    def relative_risk(self) -> float:
        """Mean over folds of the risk less the mean of the fold's fit patients."""
        return float(np.mean([member.relative_risk for member in self._each]))

    @property
    def relative_risk_spread(self) -> float:
        """Standard deviation of it over folds."""
        return float(np.std([member.relative_risk for member in self._each]))

    @property
    def spread_over_images(self) -> float:
        """Mean over folds of the standard deviation over combinations of images."""
        return float(np.mean([member.patient.spread for member in self._each]))

    @property
    def rank(self) -> float | None:
        """Mean over folds of the share of select patients at lower risk."""
        ranks = [member.rank for member in self._each if member.rank is not None]
        return float(np.mean(ranks)) if ranks else None

    @cached_property
    def curve(self) -> FloatArray:
        """Mean over folds of survival, shape (k,); NaN where a fold says nothing."""
        return mean_curve([member.survival for member in self._each])

    @cached_property
    def curve_spread(self) -> FloatArray:
        """Standard deviation over folds of survival, shape (k,)."""
        spread: FloatArray = np.std(np.stack([member.survival for member in self._each]), axis=0)
        return spread

    @property
    def votes_high(self) -> int:
        """How many folds call the risk high."""
        return sum(bool(member.high) for member in self._each)

    @property
    def group(self) -> Group | None:
        """The group of risk; None where no fold has a threshold. See `GROUP_RULE`."""
        votes = [member.high for member in self._each if member.high is not None]
        if not votes:
            return None
        if 2 * sum(votes) == len(votes):
            return "undecided"
        return "high" if 2 * sum(votes) > len(votes) else "low"

    @property
    def weights(self) -> dict[str, float] | None:
        """Mean over folds of each modality's weight; None where the fusion has none."""
        given = [member.patient.weights for member in self._each]
        return _mean([each for each in given if each is not None]) if None not in given else None

    @property
    def shapley(self) -> dict[str, float] | None:
        """Mean over folds of how much each modality moved the risk."""
        given = [member.shapley for member in self._each]
        return _mean([each for each in given if each is not None]) if None not in given else None


def _mean(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    # a modality that one fold's model lacks, or cannot read of the patient, weighs nothing there
    names = dict.fromkeys(name for values in each for name in values)
    return {name: float(np.mean([values.get(name, 0.0) for values in each])) for name in names}


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The folds of a run as one model.

    Parameters
    ----------
    members : tuple of FoldModel
    facts : dict
        What ``model.json`` holds.
    """

    members: tuple[FoldModel, ...]
    facts: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it.

        Raises
        ------
        StudyError, FileFormatError
            It is no model of a run, or a file is missing or damaged.
        """
        if not (folder / MODEL_FILE).is_file():
            inner = folder / "model"
            hint = f"Name {inner}" if (inner / MODEL_FILE).is_file() else f"Make one with: {_MADE_BY}"
            raise StudyError(f"this is no model: there is no {MODEL_FILE}", where=str(folder), fix=hint)
        facts: dict[str, Any] = dict(read_json(folder / MODEL_FILE, _MADE_BY))
        if facts.get("format") != FORMAT:
            raise FileFormatError(
                f"the model's format is {facts.get('format')}, and this program reads {FORMAT}",
                where=str(folder / MODEL_FILE),
                fix="Take the version of tumorboard that wrote it",
            )
        return cls(tuple(FoldModel.read(folder / name) for name in facts["members"]), facts)

    @property
    def modalities(self) -> tuple[str, ...]:
        """What the model can look at."""
        return self.members[0].network.modalities

    def times_seen(self, patient: str) -> int:
        """Return how many folds were fitted or selected on a patient of this name."""
        seen: dict[str, int] = self.facts["seen"]
        return seen.get(_hash(self.facts["salt"], patient), 0)

    @property
    def months(self) -> FloatArray:
        """Times of the survival curve: the horizons, and every third month as far as every fold goes."""
        until = [member.reference.baseline.until_months for member in self.members if member.reference.baseline]
        edges = self.members[0].head.edges_months
        last = min([*until, edges[-1] if edges else np.inf, 240.0])
        horizons = [*self.facts["horizons_months"], self.facts["landmark_months"]]
        return np.unique(np.concatenate([np.arange(0, last, _STEP_MONTHS), [last], horizons]))

    def predict(
        self, inputs_of: Callable[[FoldModel], PatientInputs], patient: str, *, with_shapley: bool = True
    ) -> EnsemblePrediction | None:
        """Predict a patient by every fold.

        Parameters
        ----------
        inputs_of : callable
            Gives the patient's inputs as a fold reads them: each has its own genes and scalers.
        patient : str
        with_shapley : bool
            Compute how much each modality moved the risk.

        Returns
        -------
        EnsemblePrediction or None
            None where the patient has none of the model's modalities.
        """
        months = self.months
        members = {}
        for member in self.members:
            found = member.predict(inputs_of(member), patient, months, choice=self.choice, with_shapley=with_shapley)
            if found is None:
                return None
            members[member.name] = found
        return EnsemblePrediction(months, members)

    @property
    def choice(self) -> ImageChoice:
        """Which images of a patient are combined: those that were in training's validation, by default all."""
        stated = self.facts.get("images_of_patient") or {}
        return ImageChoice({str(name): int(most) for name, most in stated.items()})
