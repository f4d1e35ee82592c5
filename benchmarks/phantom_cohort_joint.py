"""How columns go together in TCGA-KIRC and in simulated patients: the second table of ``phantom_cohort.py``'s page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from tumorboard.genomics import GeneTable
from tumorboard.phantom.patients import SimulatedCohort
from tumorboard.phantom.patients.gene_frequencies import ARMS, GENES
from tumorboard.survival import Survival, harrell_concordance, kaplan_meier

FIVE_YEARS_MONTHS = 60.0
REPLICATES, SEED = 400, 7
ALIKE = 0.02
"""Difference in C that is not spoken of."""

SYMBOLS, ARM = ("VHL", "PBRM1", "BAP1"), "3p"

Flags = pd.Series  # of bool, in the table's order
Select = Callable[[pd.DataFrame], Flags]
Measure = Callable[[pd.DataFrame], float]


def with_real_genes(table: pd.DataFrame, genes: GeneTable) -> pd.DataFrame:
    """Return a real table with a column for each of ``SYMBOLS`` and for 3p loss: 1, 0, or missing without a profile."""
    columns = {}
    wanted = [("mutations", symbol, symbol) for symbol in SYMBOLS] + [("copy_number", f"{ARM} loss", f"{ARM} loss")]
    for profile, feature, name in wanted:
        of_feature = genes.alterations[(genes.alterations["profile"] == profile)
                                       & (genes.alterations["feature"] == feature)]  # fmt: skip
        altered = table["patient_id"].isin(set(of_feature["patient_id"])).astype(float)
        columns[name] = altered.where(table["patient_id"].isin(set(genes.profiled[profile])))
    return table.assign(**columns)


def with_simulated_genes(table: pd.DataFrame, cohort: SimulatedCohort) -> pd.DataFrame:
    """Return a simulated table with the same columns."""
    altered, people = cohort.alterations, cohort.people
    symbols = [gene.symbol for gene in GENES]
    lost = altered.calls[[arm.name for arm in ARMS].index(ARM)] < 0
    columns = {name: np.where(people.sequenced, altered.mutated[symbols.index(name)], np.nan) for name in SYMBOLS}
    return table.assign(**columns, **{f"{ARM} loss": np.where(people.copy_number, lost, np.nan)})


def everyone(table: pd.DataFrame) -> Flags:
    """Return all patients."""
    return pd.Series(True, index=table.index)


def is_in(column: str, *values: object) -> Select:
    """Return who has one of some values in a column."""
    return lambda table: table[column].isin(values)


def in_t(prefix: str) -> Select:
    """Return who has a T category, its sub-stages included."""
    return lambda table: table["t"].str.startswith(prefix).fillna(False).astype(bool)


def both(first: Select, second: Select) -> Select:
    """Return who fulfils two conditions."""
    return lambda table: first(table) & second(table)


def share(of: Select, among: Select, known: str) -> Measure:
    """Return the share of some patients among others in whom a column is known."""

    def measure(table: pd.DataFrame) -> float:
        asked = among(table) & table[known].notna()
        return float(of(table)[asked].mean())

    return measure


def mean_age(among: Select) -> Measure:
    """Return the mean age of some patients."""
    return lambda table: float(table.loc[among(table), "age_years"].mean())


def concordance(risk: Callable[[pd.DataFrame], pd.Series], among: Select = everyone) -> Measure:
    """Return Harrell's C for DSS among the patients in whom the risk and the outcome are known."""

    def measure(table: pd.DataFrame) -> float:
        values = risk(table)
        kept = among(table) & values.notna() & table["dss_event"].notna()
        return float(harrell_concordance(outcome(table[kept]), values[kept].to_numpy(dtype=float)).value or np.nan)

    return measure


def five_year_survival(among: Select) -> Measure:
    """Return the Kaplan-Meier estimate of DSS at five years."""

    def measure(table: pd.DataFrame) -> float:
        kept = among(table) & table["dss_event"].notna()
        return float(kaplan_meier(outcome(table[kept])).at(FIVE_YEARS_MONTHS))

    return measure


def outcome(table: pd.DataFrame) -> Survival:
    """Return the DSS of patients in whom it is known."""
    return Survival(table["dss_time_months"].to_numpy(dtype=float), table["dss_event"].to_numpy(dtype=float))


def main_t(table: pd.DataFrame) -> pd.Series:
    """Return T as 1 to 4."""
    return table["t"].str[0].astype(float)


def column(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return a column as numbers."""
    return lambda table: table[name].astype(float)


def word(name: str, value: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return 1 where a column has a value, 0 where another, missing where unknown."""
    return lambda table: (table[name] == value).astype(float).where(table[name].notna())


N_KNOWN = is_in("n", "0", "1")
HIGH, G4, M1 = is_in("grade", "3", "4"), is_in("grade", "4"), is_in("m", "1")

SIGNS: tuple[tuple[str, Measure], ...] = (
    ("size", concordance(column("size_cm"))),
    ("haemoglobin low", concordance(word("haemoglobin", "low"))),
    ("platelets high", concordance(word("platelets", "high"))),
    ("calcium high", concordance(word("calcium", "high"))),
    ("necrosis", concordance(column("necrosis"))),
    ("age", concordance(column("age_years"))),
)
"""C for DSS of columns that are not among the reference study's four factors."""

JOINT: tuple[tuple[str, str, Measure], ...] = (
    *((f"C of {name}", "", measure) for name, measure in SIGNS),
    ("C of T in M0", "", concordance(main_t, is_in("m", "0"))),
    ("C of grade in M0", "", concordance(column("grade"), is_in("m", "0"))),
    *((f"M1 in T{stage}", "%", share(M1, in_t(stage), "m")) for stage in "1234"),
    *((f"G3 or G4 in T{stage}", "%", share(HIGH, in_t(stage), "grade")) for stage in "1234"),
    ("G4 in M1", "%", share(G4, M1, "grade")),
    ("G4 in M0", "%", share(G4, is_in("m", "0"), "grade")),
    *((f"N1 in T{stage}, N known", "%", share(is_in("n", "1"), both(in_t(stage), N_KNOWN), "n")) for stage in "123"),
    ("N1 in M1, N known", "%", share(is_in("n", "1"), both(M1, N_KNOWN), "n")),
    *((f"five-year DSS in T{stage}", "%", five_year_survival(in_t(stage))) for stage in "123"),
    *((f"five-year DSS in G{grade}", "%", five_year_survival(is_in("grade", grade))) for grade in "234"),
    ("five-year DSS in N1", "%", five_year_survival(is_in("n", "1"))),
    ("five-year DSS in M1", "%", five_year_survival(M1)),
    ("five-year DSS in M0", "%", five_year_survival(is_in("m", "0"))),
    ("G3 or G4, women", "%", share(HIGH, is_in("sex", "female"), "grade")),
    ("G3 or G4, men", "%", share(HIGH, is_in("sex", "male"), "grade")),
    ("mean age, women", "years", mean_age(is_in("sex", "female"))),
    ("mean age, men", "years", mean_age(is_in("sex", "male"))),
    ("PBRM1 and BAP1 both mutated", "%", share(both(is_in("PBRM1", 1), is_in("BAP1", 1)), everyone, "BAP1")),
    ("VHL mutated with 3p loss", "%", share(is_in("VHL", 1), is_in("3p loss", 1), "VHL")),
    ("VHL mutated without 3p loss", "%", share(is_in("VHL", 1), is_in("3p loss", 0), "VHL")),
)  # fmt: skip
"""What is compared, and its unit."""


def joint_rows(real: pd.DataFrame, simulated: pd.DataFrame) -> list[list[str]]:
    """Return a row a measure: real, its bootstrap interval, number of real patients, simulated, and a verdict.

    Parameters
    ----------
    real, simulated : DataFrame
        With the genes' columns.
    """
    rng = np.random.default_rng(SEED)
    samples = [real.iloc[rng.integers(len(real), size=len(real))].reset_index(drop=True) for _ in range(REPLICATES)]
    rows = []
    for name, unit, measure in JOINT:
        replicates = [measure(sample) for sample in samples]
        low, high = np.nanpercentile(replicates, [2.5, 97.5])
        here = measure(simulated)
        factor, digits = (100, 1) if unit == "%" else (1, 1 if unit else 3)
        shown = [f"{factor * value:.{digits}f}" for value in (measure(real), low, high, here)]
        verdict = "no interval" if low == high else "inside" if low <= here <= high else "differs"
        label = f"{name} ({unit})" if unit else name
        rows.append([label, shown[0], f"{shown[1]} to {shown[2]}", shown[3], verdict])
    return rows


def signs_sentence(real: pd.DataFrame, simulated: pd.DataFrame) -> str:
    """Say which columns tell less, as much or more of DSS than the real ones."""
    said: dict[str, list[str]] = {"less": [], "about as much": [], "more": []}
    for name, measure in SIGNS:
        there, here = measure(real), measure(simulated)
        word = "less" if here < there - ALIKE else "more" if here > there + ALIKE else "about as much"
        said[word].append(f"{name} (C {there:.3f} real, {here:.3f} simulated)")
    parts = [f"{word}: {', '.join(names)}" for word, names in said.items() if names]
    return (
        f"Beside the real columns, the simulated ones tell of DSS (differences up to {ALIKE} ignored)\n\n"
        + "\n".join(f"- {part}" for part in parts)
        + "\n"
    )
