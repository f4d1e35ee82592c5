"""The models of the bar, by name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from tumorboard.evaluation.baselines.features import CLINICAL_ALL, CLINICAL_CORE

Kind = Literal["factor", "score", "cox", "elastic net", "forest"]

RIDGE_PENALTIES = (0.01, 0.03, 0.1, 0.3, 1.0)
ELASTIC_PENALTIES = (0.01, 0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True)
class BaselineModel:
    """One model of the bar.

    Parameters
    ----------
    name : str
        Its name in files.
    label : str
        Its name in tables.
    kind : str
        ``factor`` and ``score`` are applied as they are; the others are fitted in each fold.
    clinical : tuple of str
        Clinical factors it looks at; for a score, its name.
    mutations, copy_number : bool
        Whether it looks at the fold's most frequent mutations, copy-number alterations.
    penalties : tuple of float
        Penalties to choose from on the select patients.
    l1_ratio : float
        Share of the lasso in the penalty.
    """

    name: str
    label: str
    kind: Kind
    clinical: tuple[str, ...] = ()
    mutations: bool = False
    copy_number: bool = False
    penalties: tuple[float, ...] = (0.0,)
    l1_ratio: float = 0.0

    @property
    def genes(self) -> bool:
        """Whether it looks at any genes."""
        return self.mutations or self.copy_number

    @property
    def fitted(self) -> bool:
        """Whether anything is learned from the fit patients."""
        return self.kind not in ("factor", "score")


def _factor(name: str, label: str) -> BaselineModel:
    return BaselineModel(name, label, "factor", (name,))


def _score(name: str, label: str) -> BaselineModel:
    return BaselineModel(f"score_{name}", label, "score", (name,))


BASELINES: tuple[BaselineModel, ...] = (
    _factor("grade", "grade"),
    _factor("t", "T"),
    _factor("n", "N"),
    _factor("m", "M"),
    _factor("stage", "stage (AJCC 8)"),
    _factor("age", "age"),
    _factor("male", "sex (male)"),
    _factor("size", "size"),
    _factor("necrosis", "necrosis"),
    _factor("ecog", "ECOG"),
    _score("uiss", "UISS"),
    _score("ssign", "SSIGN"),
    _score("leibovich_2003", "Leibovich 2003"),
    _score("grant", "GRANT"),
    _score("assure_dfs", "ASSURE DFS"),
    _score("assure_os", "ASSURE OS"),
    _score("imdc", "IMDC"),
    _score("mskcc", "MSKCC"),
    BaselineModel("clinical", "Cox: age + stage + grade", "cox", CLINICAL_CORE),
    BaselineModel("mutations", "Cox: 10 mutations", "cox", mutations=True, penalties=RIDGE_PENALTIES),
    BaselineModel("copy_number", "Cox: 10 copy numbers", "cox", copy_number=True, penalties=RIDGE_PENALTIES),
    BaselineModel(
        "genes", "Cox: mutations + copy numbers", "cox", mutations=True, copy_number=True, penalties=RIDGE_PENALTIES
    ),
    BaselineModel(
        "clinical_genes",
        "Cox: age + stage + grade + genes",
        "cox",
        CLINICAL_CORE,
        mutations=True,
        copy_number=True,
        penalties=RIDGE_PENALTIES,
    ),
    BaselineModel(
        "elastic_net",
        "elastic-net Cox: all",
        "elastic net",
        CLINICAL_ALL,
        mutations=True,
        copy_number=True,
        penalties=ELASTIC_PENALTIES,
        l1_ratio=0.5,
    ),
    BaselineModel("forest", "random survival forest: all", "forest", CLINICAL_ALL, mutations=True, copy_number=True),
)
"""Every model of the bar, in the order of the report."""


def available_baselines() -> tuple[BaselineModel, ...]:
    """Return the models that can run here: the forest needs an optional extra."""
    forest = find_spec("sksurv") is not None
    return tuple(model for model in BASELINES if forest or model.kind != "forest")
