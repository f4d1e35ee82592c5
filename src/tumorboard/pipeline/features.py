"""Tile features that a user already has: into the store, in the place of a modality's images."""

from __future__ import annotations

from collections.abc import Callable

from tumorboard.cohort.files import read_cohort
from tumorboard.features import StoredFeatures, read_feature_files, store_features
from tumorboard.study.files import StudyFolder
from tumorboard.study.log import append_log, fingerprint
from tumorboard.study.settings import load_settings


def prepare_features(folder: StudyFolder, *, progress: Callable[[int, int, str], None]) -> StoredFeatures | None:
    """Put the features of a cohort's patients into the store.

    Parameters
    ----------
    folder : StudyFolder
        With a cohort and ``features.csv``.
    progress : callable
        Is told the files done, out of how many, and what is being done.

    Returns
    -------
    StoredFeatures or None
        None where the study has no ``features.csv``.

    Raises
    ------
    UserError
        There is no cohort, the table has bad cells, or the bags of a modality differ in kind.
    """
    table = folder.own_table("features")
    if table is None:
        return None
    eligible = frozenset(read_cohort(folder)["patient_id"])
    settings = load_settings(folder)
    files = read_feature_files(folder, None, encoding=settings.cohort.encoding, keep_first=settings.features.keep_first)
    stored = store_features(
        folder.store,
        [file for file in files if file.patient_id in eligible],
        progress=lambda done, everything, _: progress(done, everything, "features"),
    )
    counts = {"files": len(files), "refused": len(stored.refused)}
    append_log(folder, "prepare features", inputs=fingerprint([table]), counts=counts)
    return stored
