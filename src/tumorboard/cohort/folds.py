"""Folds for cross-validation: fit, select and test patients.

Nothing that is reported is selected on: a model is fitted on a fold's ``fit`` patients, everything that is chosen
(threshold, penalty, when to stop) is chosen on its ``select`` patients, and the ``test`` patients are only predicted.
Every patient is a test patient once a repeat. Patients are dealt in order of event and time, those with an event first,
so that the folds' numbers of events differ by at most one and their follow-up is alike; by site, whole sites are dealt
to the fold that has fewest events so far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tumorboard.errors import SettingsError, StudyError
from tumorboard.study.settings import FoldSettings

if TYPE_CHECKING:
    import pandas as pd

ROLES = ("fit", "select", "test")
COLUMNS = ("repeat", "fold", "patient_id", "role")


def deal_folds(patients: pd.DataFrame, settings: FoldSettings) -> pd.DataFrame:
    """Deal patients into folds.

    Parameters
    ----------
    patients : DataFrame
        Columns ``patient_id``, ``time_months``, ``event`` and ``site``; rows without an endpoint are not dealt.
    settings : FoldSettings
        How many folds and repeats, the share of select patients, by site or not, the seed.

    Returns
    -------
    DataFrame
        Columns ``repeat`` and ``fold`` (from 0), ``patient_id``, ``role`` (fit, select, test).

    Raises
    ------
    SettingsError
        Where there are fewer patients, events or sites than folds, or a site is unknown with ``group_by_site``.
    """
    import pandas as pd

    known = patients[patients["time_months"].notna()].sort_values("patient_id", ignore_index=True)
    _check_numbers(known, settings)
    parts = []
    for repeat in range(settings.repeats):
        rng = np.random.default_rng([settings.seed, repeat])
        test_fold = _deal(known, settings, settings.count, rng)
        for fold in range(settings.count):
            parts.append(
                _roles(known, test_fold == fold, settings, np.random.default_rng([settings.seed, repeat, fold]))
            )
            parts[-1].insert(0, "fold", np.int16(fold))
            parts[-1].insert(0, "repeat", np.int16(repeat))
    folds = pd.concat(parts, ignore_index=True)
    check_folds(folds, known if settings.group_by_site else None)
    return folds


def _check_numbers(known: pd.DataFrame, settings: FoldSettings) -> None:
    events = int(known["event"].sum())
    if events < settings.count:
        raise SettingsError(
            f"{settings.count} folds need at least as many events, but {len(known)} patients have {events}",
            where="folds.count",
            fix="Use fewer folds",
        )
    if settings.group_by_site:
        if known["site"].isna().any():
            raise SettingsError(
                f"{int(known['site'].isna().sum())} patients have no site",
                where="folds.group_by_site",
                fix="Fill the column site",
            )
        if known["site"].nunique() <= settings.count:
            raise SettingsError(
                f"{settings.count} folds by site need more than {settings.count} sites, but there are "
                f"{known['site'].nunique()}",
                where="folds.group_by_site",
                fix="Lower folds.count (at least 2), or set group_by_site to false",
            )


def _deal(known: pd.DataFrame, settings: FoldSettings, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    if settings.group_by_site:
        return _deal_sites(known, count, rng)
    order = _by_event_and_time(known, rng)
    dealt = np.empty(len(known), dtype=np.int64)
    for start in range(0, len(order), count):
        group = order[start : start + count]
        dealt[group] = rng.permutation(count)[: len(group)]
    return dealt


def _by_event_and_time(known: pd.DataFrame, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    shuffled = rng.permutation(len(known))
    time, event = known["time_months"].to_numpy(), known["event"].to_numpy()
    return shuffled[np.lexsort((time[shuffled], -event[shuffled]))]


def _deal_sites(known: pd.DataFrame, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    sites = known.groupby("site").agg(patients=("event", "size"), events=("event", "sum"))
    sites = sites.iloc[rng.permutation(len(sites))].sort_values(["events", "patients"], ascending=False, kind="stable")
    totals = np.zeros((count, 2))
    fold_of = {}
    for site, row in sites.iterrows():
        fold = min(range(count), key=lambda k: (totals[k, 0], totals[k, 1]))
        totals[fold] += (row["events"], row["patients"])
        fold_of[site] = fold
    return np.array([fold_of[site] for site in known["site"]], dtype=np.int64)


def _roles(
    known: pd.DataFrame, test: npt.NDArray[np.bool_], settings: FoldSettings, rng: np.random.Generator
) -> pd.DataFrame:
    import pandas as pd

    role = np.full(len(known), "fit", dtype=object)
    role[test] = "test"
    rest = known[~test].reset_index(drop=True)
    if settings.group_by_site:
        select = np.flatnonzero(_selected_sites(rest, settings.select_share, rng))
    else:
        select = _evenly_spaced(_by_event_and_time(rest, rng), settings.select_share, rng)
    role[np.flatnonzero(~test)[select]] = "select"
    return pd.DataFrame({"patient_id": known["patient_id"], "role": role})


def _selected_sites(rest: pd.DataFrame, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Deal the remaining sites into parts and take the part whose size is nearest to the share."""
    if rest["site"].nunique() < 2:
        raise SettingsError(
            f"a fold leaves only site {rest['site'].iloc[0]} to fit and select on",
            where="folds.group_by_site",
            fix="Use 3 folds where there are at least 4 sites, or set group_by_site to false",
        )
    parts = min(max(2, round(1 / share)), rest["site"].nunique())
    dealt = _deal_sites(rest, parts, rng)
    sizes = np.bincount(dealt, minlength=parts)
    return np.asarray(dealt == int(np.argmin(np.abs(sizes - share * len(rest)))))


def _evenly_spaced(order: npt.NDArray[np.int64], share: float, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Take a share of an ordered list, at even distances from a random start, and at least one."""
    count = max(1, round(share * len(order)))
    return order[((np.arange(count) + rng.random()) * (len(order) / count)).astype(np.int64)]


def check_folds(folds: pd.DataFrame, sites: pd.DataFrame | None = None) -> None:
    """Check that no patient, and no site where asked, is on both sides of a split.

    Parameters
    ----------
    folds : DataFrame
        Columns ``repeat``, ``fold``, ``patient_id`` and ``role``.
    sites : DataFrame, optional
        Columns ``patient_id`` and ``site``: check that all patients of a site have the same role in a fold.

    Raises
    ------
    StudyError
        For a missing column, an unknown role, a patient with two roles or none in a fold, a patient who is not a test
        patient exactly once a repeat, a fold without one of the roles, or a site with two roles.
    """
    import pandas as pd

    where, fix = "folds.parquet", "Run 'tumorboard cohort' to deal them anew"
    missing = [name for name in COLUMNS if name not in folds.columns]
    if missing:
        raise StudyError(f"the column {missing[0]} is missing", where=where, fix=fix)
    if not folds["role"].isin(ROLES).all():
        raise StudyError(f"a role is none of {', '.join(ROLES)}", where=where, fix=fix)
    patient, patients = pd.factorize(folds["patient_id"])
    repeat, repeats = pd.factorize(folds["repeat"])
    split = folds.groupby(["repeat", "fold"]).ngroup().to_numpy()
    splits, n = int(split.max(initial=-1)) + 1, len(patients)
    roles_held = np.bincount(split * n + patient, minlength=splits * n)
    doubled = int((roles_held > 1).sum())
    if doubled:
        raise StudyError(
            f"{doubled} patients have two roles in one fold: a patient may be on one side only", where=where, fix=fix
        )
    is_test = (folds["role"] == "test").to_numpy()
    tested = np.bincount(repeat[is_test] * n + patient[is_test], minlength=len(repeats) * n)
    if (tested != 1).any():
        raise StudyError("not every patient is a test patient exactly once a repeat", where=where, fix=fix)
    if (roles_held == 0).any():
        raise StudyError("a patient is missing from a fold", where=where, fix=fix)
    for role in ROLES:
        if (np.bincount(split[(folds["role"] == role).to_numpy()], minlength=splits) == 0).any():
            raise StudyError(f"a fold has no {role} patient", where=where, fix=fix)
    if sites is not None:
        _check_sites(folds.merge(sites[["patient_id", "site"]], on="patient_id"), where, fix)


def _check_sites(folds: pd.DataFrame, where: str, fix: str) -> None:
    roles = folds.groupby(["repeat", "fold", "site"])["role"].nunique()
    if (roles > 1).any():
        raise StudyError(f"site {roles[roles > 1].index[0][2]} is on both sides of a fold", where=where, fix=fix)
