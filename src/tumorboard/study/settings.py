"""``study.toml``: every setting with its default and its unit; an unknown key is an error."""

from __future__ import annotations

import json
import tomllib
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from tumorboard.errors import SettingsError
from tumorboard.study.files import StudyFolder
from tumorboard.study.scan_settings import ScanSettings
from tumorboard.study.section import Section
from tumorboard.study.slide_settings import SlideSettings, TissueSettings
from tumorboard.study.training_settings import NetworkChoices, TrainingSettings

Endpoint = Literal["DSS", "OS", "PFS"]
Requirement = Literal["clinical", "slide", "scan", "ct", "mr", "mutations", "copy_number", "genes", "endpoint"]

MostImages = Annotated[int, Field(ge=0, le=100_000)]

ENDPOINTS: tuple[Endpoint, ...] = ("DSS", "OS", "PFS")
REQUIREMENTS: tuple[Requirement, ...] = (
    "clinical", "slide", "scan", "ct", "mr", "mutations", "copy_number", "genes", "endpoint",
)  # fmt: skip


class CohortSettings(Section):
    """Who is in the study and what counts as the outcome.

    Parameters
    ----------
    endpoint : {"DSS", "OS", "PFS"}
        Disease-specific, overall or progression-free survival.
    tables : str
        Folder of cBioPortal study files; empty for the study's own ``patients.csv``. Relative to the study folder.
    index : str
        Collection of the Imaging Data Commons whose index says which images exist, such as ``tcga_kirc``; empty for
        none.
    require : tuple of str
        What a patient must have to be eligible, in the order in which it is asked.
    landmark_months : float
        Months after which the landmark status (5YSS) is read.
    encoding : str
        Text encoding of the tables.
    simulated : bool
        The patients are simulated, as in a demo: the report says so.
    """

    endpoint: Endpoint = "DSS"
    tables: str = ""
    index: str = ""
    require: tuple[Requirement, ...] = ()
    landmark_months: Annotated[float, Field(gt=0, le=240)] = 60.0
    encoding: str = "utf-8-sig"
    simulated: bool = False

    @field_validator("require")
    @classmethod
    def _each_once(cls, require: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
        return tuple(dict.fromkeys(require))


class FoldSettings(Section):
    """Cross-validation.

    Parameters
    ----------
    count : int
        Folds of one repeat.
    repeats : int
        How often the patients are dealt anew.
    select_share : float
        Share of a fold's remaining patients on whom things are chosen (thresholds, penalties), never reported on.
    group_by_site : bool
        Keep all patients of one tissue source site on one side.
    seed : int
        Seed of the dealing.
    """

    count: Annotated[int, Field(ge=2, le=50)] = 6
    repeats: Annotated[int, Field(ge=1, le=100)] = 5
    select_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.2
    group_by_site: bool = False
    seed: int = 2021


class GeneSettings(Section):
    """A fold's gene panel, chosen on its fit patients.

    Parameters
    ----------
    mutations, copy_number : int
        So many of the most frequent ones.
    """

    mutations: Annotated[int, Field(ge=0, le=1000)] = 10
    copy_number: Annotated[int, Field(ge=0, le=1000)] = 10


class ScoreSettings(Section):
    """How the clinical scores read what is not known.

    Parameters
    ----------
    nx_as_n0, mx_as_m0 : bool
        Read unassessed nodes, unassessed metastases as absent.
    ssign_pt4_points : {0, 4}
        SSIGN's disputed points for pT4.
    """

    nx_as_n0: bool = False
    mx_as_m0: bool = False
    ssign_pt4_points: Literal[0, 4] = 0


class EvaluationSettings(Section):
    """What is reported.

    Parameters
    ----------
    horizons_months : tuple of float
        Horizons of calibration, Brier score, AUC and decision curves.
    bootstrap : int
        Replicates behind an interval.
    seed : int
        Seed of the replicates.
    """

    horizons_months: Annotated[tuple[Annotated[float, Field(gt=0, le=600)], ...], Field(min_length=1)] = (
        12.0,
        36.0,
        60.0,
    )
    bootstrap: Annotated[int, Field(ge=100, le=100_000)] = 1000
    seed: int = 20210


class FeatureSettings(Section):
    """How tile features that a user already has are read.

    Parameters
    ----------
    keep_first : bool
        Where tiles of a file stand at one place, keep the first of them; without it such a file is refused.
    """

    keep_first: bool = False


class PredictionSettings(Section):
    """Which images of a patient are combined when it is predicted.

    Parameters
    ----------
    tiles_10x, tiles_5x, scan : int
        So many at most, at even distances among those in the store; 0 for all.
    """

    tiles_10x: MostImages = 0
    tiles_5x: MostImages = 0
    scan: MostImages = 0


class StudySettings(Section):
    """All settings of a study.

    Parameters
    ----------
    cohort, folds, genes, scores, evaluation, slides, tissue, scans, features, network, training, prediction : settings
        One section of ``study.toml`` each.
    """

    cohort: CohortSettings = CohortSettings()
    folds: FoldSettings = FoldSettings()
    genes: GeneSettings = GeneSettings()
    scores: ScoreSettings = ScoreSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    slides: SlideSettings = SlideSettings()
    tissue: TissueSettings = TissueSettings()
    scans: ScanSettings = ScanSettings()
    features: FeatureSettings = FeatureSettings()
    network: NetworkChoices = NetworkChoices()
    training: TrainingSettings = TrainingSettings()
    prediction: PredictionSettings = PredictionSettings()


def parse_settings(content: dict[str, Any], where: str) -> StudySettings:
    """Check settings.

    Parameters
    ----------
    content : dict
        Sections with their keys.
    where : str
        Where they come from, for messages.

    Raises
    ------
    SettingsError
        For an unknown key or a value that is not allowed, naming the first one.
    """
    try:
        return StudySettings.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise SettingsError(f"unknown setting {key!r}", where=where, fix="See docs/study.md for all") from None
        raise SettingsError(f"{key} = {first['input']!r}: {first['msg']}", where=where) from None


def load_settings(folder: StudyFolder) -> StudySettings:
    """Read a study's ``study.toml``; without one, every setting has its default.

    Raises
    ------
    SettingsError
        For a file that is not TOML, an unknown key or a value that is not allowed.
    """
    if not folder.settings.is_file():
        return StudySettings()
    try:
        content = tomllib.loads(folder.settings.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"this is no readable TOML: {error}", where=str(folder.settings)) from error
    return parse_settings(content, str(folder.settings))


def settings_template(settings: StudySettings) -> str:
    """Return a commented ``study.toml`` that states every setting.

    Examples
    --------
    >>> parse_settings(tomllib.loads(settings_template(StudySettings())), "template") == StudySettings()
    True
    """
    cohort, folds, genes, scores, evaluation, slides, scans = (
        settings.cohort, settings.folds, settings.genes, settings.scores, settings.evaluation, settings.slides,
        settings.scans,
    )  # fmt: skip

    def listed(values: tuple[object, ...]) -> str:
        return "[" + ", ".join(json.dumps(value) for value in values) + "]"

    def flag(value: bool) -> str:
        return "true" if value else "false"

    def text(value: str) -> str:
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML escapes as JSON does

    return f"""\
# Settings of this study. Every setting is shown with its value; remove a line to take the default.

[cohort]
endpoint = "{cohort.endpoint}"          # DSS (disease-specific), OS (overall) or PFS (progression-free survival)
tables = {text(cohort.tables)}              # folder of cBioPortal study files; "" = patients.csv of this folder
index = {text(cohort.index)}               # collection of the Imaging Data Commons, such as "tcga_kirc"; "" = none
require = {listed(cohort.require)}             # who is eligible: {", ".join(REQUIREMENTS)}
landmark_months = {cohort.landmark_months}      # when the landmark status (5YSS) is read, in months
encoding = {text(cohort.encoding)}   # text encoding of the tables
simulated = {flag(cohort.simulated)}        # the patients are simulated: the report says so

[folds]
count = {folds.count}
repeats = {folds.repeats}
select_share = {folds.select_share}       # share on which thresholds and penalties are chosen; never reported on
group_by_site = {flag(folds.group_by_site)}    # keep all patients of one tissue source site on one side
seed = {folds.seed}

[genes]
mutations = {genes.mutations}           # most frequent mutations, chosen on a fold's fit patients
copy_number = {genes.copy_number}         # most frequent copy-number alterations, likewise

[scores]
nx_as_n0 = {flag(scores.nx_as_n0)}         # read unassessed nodes (NX) as N0
mx_as_m0 = {flag(scores.mx_as_m0)}         # read unassessed metastases (MX) as M0
ssign_pt4_points = {scores.ssign_pt4_points}     # SSIGN's disputed points for pT4: 0 or 4

[evaluation]
horizons_months = {listed(evaluation.horizons_months)}
bootstrap = {evaluation.bootstrap}        # replicates behind each interval
seed = {evaluation.seed}

[slides]
tile_px = {slides.tile_px}               # side of tiles that have to be made, in pixels
tiles_10x = {slides.tiles_10x}             # a patient's tiles at 1.0 µm per pixel, at most; 0 = all
tiles_5x = {slides.tiles_5x}               # likewise at 2.0 µm per pixel
mpp = {slides.mpp}                   # µm per pixel of slides that do not say it; 0 = such a slide is an error
jpeg_quality = {slides.jpeg_quality}           # of tiles that have to be made; those taken over stay as they are
annotation_share = {slides.annotation_share}      # share of a tile within the annotated tumour, if any is annotated
annotation_classes = {listed(slides.annotation_classes)}
annotation_frame = "{slides.annotation_frame}"   # or "level 0", for slides imported into QuPath with --no-crop
seed = {slides.seed}

[tissue]                    # limits of finding tissue and of keeping tiles, each explained in docs/study.md
{_lines(settings.tissue)}

[scans]
prefer = "{scans.prefer}"               # CT or MR: which is taken of a patient who has both
size_px = {scans.size_px}               # side of a plane's picture, in pixels
field_mm = {scans.field_mm}            # side of what it shows; wider only where the tumour does not fit
margin_mm = {scans.margin_mm}            # seen around the tumour at least
window_low = {scans.window_low}         # Hounsfield units that become black ...
window_high = {scans.window_high}         # ... and white
mr_low = {scans.mr_low}                # percentile of the body's voxels that becomes black in MR ...
mr_high = {scans.mr_high}              # ... and white
bits = {scans.bits}                    # of a pixel: 8 or 16
neighbours = {scans.neighbours}              # planes on either side of each that are kept too, for augmentation
neighbour_mm = {scans.neighbour_mm}          # their distance
segmenter = {text(scans.segmenter)}              # program that outlines tumours without a mask; "" = none

[features]
keep_first = {flag(settings.features.keep_first)}        # of tiles at one place keep the first; false = refuse the file

[network]                   # what the network is made of, each explained in docs/study.md
{_lines(settings.network)}

[training]                  # how it is trained, likewise; -1 or "" = as in the preset
{_lines(settings.training)}

[prediction]                # so many images of a patient are combined at most; 0 = all
{_lines(settings.prediction)}
"""


def _lines(section: Section) -> str:
    # TOML escapes as JSON does, but for characters beyond 16 bits, which it takes as they are, and for 127
    return "\n".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
        for name, value in section.model_dump(mode="json").items()
    )
