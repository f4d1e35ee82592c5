"""Writing a phantom: tables first, then each patient's images, side by side and resumable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tumorboard.execution import run_in_order
from tumorboard.phantom.file_names import IMAGE_TABLES
from tumorboard.phantom.folder import claimed, remember_tables
from tumorboard.phantom.images import PatientImages, PatientTask, write_images
from tumorboard.phantom.patients import SimulatedCohort, simulate_cohort, write_tables
from tumorboard.phantom.presets import Contents
from tumorboard.phantom.request import PhantomRequest
from tumorboard.study.files import StudyFolder, write_text
from tumorboard.study.log import append_log
from tumorboard.study.settings import CohortSettings, FoldSettings, StudySettings, settings_template

if TYPE_CHECKING:
    import pandas as pd

Progress = Callable[[int, int, str], None]
"""Called with what is done, out of how many, and what is being done."""


@dataclass(frozen=True)
class WrittenPhantom:
    """What was written.

    Parameters
    ----------
    patients, events : int
        How many patients, and how many died of the disease.
    slides, series, tiles, planes : int
        Slide files, scan series, ready-made tiles and planes.
    gigabytes : float
        Of all images.
    """

    patients: int
    events: int
    slides: int
    series: int
    tiles: int
    planes: int
    gigabytes: float

    def line(self) -> str:
        """Return it as one sentence."""
        made = {"slides": self.slides, "scan series": self.series, "tiles": self.tiles, "planes": self.planes}
        images = ", ".join(f"{count:,} {name}" for name, count in made.items() if count)
        size = f", {self.gigabytes:.2f} GB" if images else ""
        return f"{self.patients:,} patients, {self.events:,} died of the disease; {images or 'no images'}{size}."


def write_phantom(
    folder: StudyFolder,
    request: PhantomRequest,
    *,
    progress: Progress,
    workers: int = 0,
    settings: StudySettings | None = None,
) -> WrittenPhantom:
    """Write simulated patients as a study folder, or go on where an earlier run stopped.

    Parameters
    ----------
    folder : StudyFolder
        New, empty, or begun with the same request.
    request : PhantomRequest
        What is wanted. The same request gives the same bytes, whatever the number of processes.
    progress : callable
        Is told the patients done, out of how many, and what is being done.
    workers : int
        Processes; 0 for one a core.
    settings : StudySettings, optional
        Of the study; by default the program's, marked as simulated.

    Returns
    -------
    WrittenPhantom

    Raises
    ------
    StudyError
        For a folder that holds something else, or a disk with too little room.
    """
    cohort = simulate_cohort(
        request.patients, request.seed, leaky_sites=request.leaky_sites, independent=request.independent
    )
    with claimed(folder, request):
        progress(0, request.patients, "tables")
        write_tables(cohort, folder.root)
        remember_tables(folder, request)
        if not folder.settings.is_file():
            write_text(folder.settings, settings_template(settings or _default_settings(request)))
        images = _write_all_images(folder, request, cohort, progress, workers)
        _write_image_tables(folder, images)
        remember_tables(folder, request)
        written = _summary(cohort.clinical, images)
        counts = {name: int(value) for name, value in asdict(written).items() if name != "gigabytes"}
        append_log(folder, "phantom", inputs={}, counts=counts)
    return written


def _default_settings(request: PhantomRequest) -> StudySettings:
    return StudySettings(cohort=CohortSettings(simulated=True), folds=FoldSettings(seed=request.seed))


def _write_all_images(
    folder: StudyFolder, request: PhantomRequest, cohort: SimulatedCohort, progress: Progress, workers: int
) -> list[PatientImages]:
    if request.contents is Contents.TABLES:
        progress(request.patients, request.patients, "tables")
        return []
    tasks = [PatientTask(folder.root, patient, request.preset, request.contents) for patient in cohort.patients]
    images = []
    for done, written in enumerate(run_in_order(write_images, tasks, workers), start=1):
        images.append(written)
        progress(done, len(tasks), "slides and scans" if request.contents is Contents.FILES else "tiles and planes")
    return images


def _write_image_tables(folder: StudyFolder, images: Sequence[PatientImages]) -> None:
    import pandas as pd

    for name in IMAGE_TABLES:
        rows = [row for patient in images for row in patient.tables.get(name, ())]
        if rows:
            write_text(folder.root / name, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))


def _summary(clinical: pd.DataFrame, images: Sequence[PatientImages]) -> WrittenPhantom:
    def count(name: str) -> int:
        return sum(patient.counts.get(name, 0) for patient in images)

    return WrittenPhantom(
        patients=len(clinical),
        events=int(clinical["dss_event"].sum()),
        slides=count("slides"),
        series=count("series"),
        tiles=count("tiles"),
        planes=count("planes"),
        gigabytes=round(sum(patient.bytes for patient in images) / 1e9, 3),
    )
