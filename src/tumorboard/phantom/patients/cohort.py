"""A simulated cohort: the truth, the clinical table and the genes, all from one seed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tumorboard.errors import SettingsError
from tumorboard.phantom.patients.condition import report_ecog, report_laboratory
from tumorboard.phantom.patients.draws import Draws
from tumorboard.phantom.patients.factors import FACTOR_NAMES, diameter_mm, draw_factors, shown
from tumorboard.phantom.patients.genes import Alterations, arm_table, draw_alterations, gistic_table, mutation_table
from tumorboard.phantom.patients.hazard import Fates, draw_fates, log_hazard
from tumorboard.phantom.patients.patient import HistologyFactors, RadiologyFactors, ScanKind, SimulatedPatient
from tumorboard.phantom.patients.people import People, draw_people
from tumorboard.phantom.patients.staging import (
    report_edition,
    report_grade,
    report_m,
    report_n,
    report_necrosis,
    report_size_cm,
    report_t,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from tumorboard.survival.outcome import FloatArray

_ONE_DAY_MONTHS = 0.03
_HISTOLOGY_NAMES = tuple(field.name for field in fields(HistologyFactors))


@dataclass(frozen=True, eq=False)
class SimulatedCohort:
    """Simulated patients with a known truth.

    Parameters
    ----------
    draws : Draws
        The draws it was made with.
    leaky_sites : bool
        Whether the site tells the outcome.
    truth : DataFrame
        One row a patient: ``patient_id``; each factor as ``<factor>_z`` (standard normal) and as ``<factor>`` (its
        distribution function, 0 to 1); ``severity_z``, ``age_z``; ``diameter_mm``; ``log_hazard``;
        ``disease_months``, ``other_months``, ``censoring_months``.
    clinical : DataFrame
        The columns of ``patients.csv``; empty text where unknown.
    people : People
        Side, site and availability of modalities, as arrays.
    """

    draws: Draws
    leaky_sites: bool
    truth: pd.DataFrame
    clinical: pd.DataFrame
    people: People

    @property
    def seed(self) -> int:
        """The seed of every draw."""
        return self.draws.seed

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.truth)

    @cached_property
    def alterations(self) -> Alterations:
        """The genes of all patients, measured or not."""
        return draw_alterations(self.draws, self.truth["severity_z"].to_numpy())

    @cached_property
    def mutations(self) -> pd.DataFrame:
        """The MAF of the sequenced patients."""
        return mutation_table(self.alterations, self._names, self.people.sequenced, self.seed)

    @cached_property
    def copy_number(self) -> pd.DataFrame:
        """Arm-level calls in cBioPortal's layout, a column a measured patient."""
        return arm_table(self.alterations, self._names, self.people.copy_number)

    @cached_property
    def gene_copy_number(self) -> pd.DataFrame:
        """Calls of single genes in cBioPortal's GISTIC layout, a column a measured patient."""
        return gistic_table(self.alterations, self._names, self.people.copy_number, self.seed)

    @cached_property
    def patients(self) -> tuple[SimulatedPatient, ...]:
        """All patients, as the painters take them; built when first asked for."""
        return tuple(self.patient(number) for number in range(1, len(self) + 1))

    def patient(self, number: int) -> SimulatedPatient:
        """Return one patient as the painters take it.

        Parameters
        ----------
        number : int
            From 1.

        Raises
        ------
        SettingsError
            Where there is no such patient.
        """
        if not 1 <= number <= len(self):
            raise SettingsError(f"there is no patient {number}", where="patient", fix=f"Give 1 to {len(self)}")
        row, people = number - 1, self.people
        return SimulatedPatient(
            number=number,
            patient_id=str(self._names[row]),
            seed=self.seed,
            sex=str(people.sex[row]),
            age_years=int(people.age_years[row]),
            side=str(people.side[row]),
            site=str(people.site[row]),
            histology=HistologyFactors(**{name: float(self._columns[name][row]) for name in _HISTOLOGY_NAMES}),
            radiology=RadiologyFactors(
                diameter_mm=float(self._columns["diameter_mm"][row]),
                shape=float(self._columns["shape"][row]),
                necrotic_core=float(self._columns["necrotic_core"][row]),
            ),
            has_slide=bool(people.has_slide[row]),
            scan=ScanKind(str(people.scan[row])),
        )

    @property
    def _names(self) -> npt.NDArray[np.object_]:
        return self._columns["patient_id"]

    @cached_property
    def _columns(self) -> dict[str, npt.NDArray[np.object_]]:
        """What `patient` reads, taken out of the table once."""
        wanted = ("patient_id", "diameter_mm", "shape", "necrotic_core", *_HISTOLOGY_NAMES)
        return {name: self.truth[name].to_numpy() for name in wanted}


def simulate_cohort(count: int, seed: int, *, leaky_sites: bool = False, independent: bool = False) -> SimulatedCohort:
    """Simulate a cohort.

    Patients are called ``SIM-0001`` and so on in every cohort. Where cohorts of several seeds are joined, or one serves
    as the external cohort of another, equal identifiers are different patients.

    Parameters
    ----------
    count : int
        How many patients, 1 or more.
    seed : int
        Seed of every draw, 0 or above.
    leaky_sites : bool
        Let the site tell the log-hazard: a trap for methods that read the site off the pictures.
    independent : bool
        Draw patients independently instead of evenly spread, to study how cohorts vary (see `draws`).

    Returns
    -------
    SimulatedCohort

    Raises
    ------
    SettingsError
        For fewer than one patient or a negative seed.
    """
    if count < 1:
        raise SettingsError(f"{count} patients cannot be simulated", where="patients", fix="Give 1 or more")
    if seed < 0:
        raise SettingsError(f"the seed {seed} is negative", where="seed", fix="Give 0 or more")
    draws = Draws(count, seed, independent)
    factors = draw_factors(draws)
    people = draw_people(draws, factors["frailty"], log_hazard(factors), leaky_sites=leaky_sites)
    fates = draw_fates(draws, factors, people.age)
    digits = max(4, len(str(count)))
    names = np.char.mod(f"SIM-%0{digits}d", np.arange(1, count + 1)).astype(object)
    return SimulatedCohort(
        draws=Draws(count, seed, independent),  # without the numbers that this one keeps
        leaky_sites=leaky_sites,
        truth=_truth(names, factors, people, fates),
        clinical=_clinical(draws, names, factors, people, fates),
        people=people,
    )


def _truth(
    names: npt.NDArray[np.object_], factors: Mapping[str, FloatArray], people: People, fates: Fates
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "patient_id": names,
            **{f"{name}_z": factors[name] for name in FACTOR_NAMES},
            **{name: shown(factors[name]) for name in FACTOR_NAMES},
            "severity_z": factors["severity"],
            "age_z": people.age,
            "diameter_mm": diameter_mm(factors["volume"]),
            "log_hazard": fates.log_hazard,
            "disease_months": fates.disease_months,
            "other_months": fates.other_months,
            "censoring_months": fates.censoring_months,
        }
    )


def _clinical(
    draws: Draws,
    names: npt.NDArray[np.object_],
    factors: Mapping[str, FloatArray],
    people: People,
    fates: Fates,
) -> pd.DataFrame:
    import pandas as pd

    size = report_size_cm(draws, factors)
    edition, edition_known = report_edition(draws)
    t = report_t(draws, factors, size, edition)
    months = np.maximum(fates.observed_months, _ONE_DAY_MONTHS).round(2)
    return pd.DataFrame(
        {
            "patient_id": names,
            "site": people.site,
            "age_years": people.age_years,
            "sex": people.sex,
            "t": t,
            "n": report_n(draws, factors, t),
            "m": report_m(draws, factors),
            "tnm_edition": np.where(edition_known, edition.astype(str), ""),
            "grade": report_grade(draws, factors, people.male),
            "grade_system": "Fuhrman",
            "size_cm": size,
            "necrosis": report_necrosis(draws, factors),
            "ecog": report_ecog(draws, factors["frailty"]),
            **report_laboratory(draws, factors),
            "histology": "clear cell",
            "dss_time_months": months,
            "dss_event": fates.died_of_disease.astype(int),
            "os_time_months": months,
            "os_event": fates.died.astype(int),
            "mutations_profiled": people.sequenced.astype(int),
            "copy_number_profiled": people.copy_number.astype(int),
        }
    )
